"""One document made out of another: an order of a quote, an invoice of an order or a repair.

Each is made once, and both know each other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import get_timezone
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, select, true
from sqlalchemy.exc import IntegrityError

from crm.errors import RuleError, StateConflict
from crm.extensions import db
from crm.models import Invoice, Sale
from crm.models.line import LINE_FIELDS
from crm.models.types import today, utc_now
from crm.registry import registry
from crm.security.manager import may, may_change
from crm.services.history import log as history
from crm.services.sales.company import account_for, due_date
from crm.services.sales.terms import terms_of

#: What every document takes over from the one it is made of, as far as it has these.
COPIED = ("client", "contact", "currency", "discount", "notes")


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """What sales of some kinds can be made into.

    name: in addresses. model: of what is made. link: its relationship that leads to the sale, unique for what
    `counts` (a condition; what was cancelled may be made again). values: given the sale, what a new one has beside
    what is taken over. becomes: kind of sale -> the status that it takes.
    """

    name: str
    label: Any
    icon: str
    model: Any
    kinds: frozenset[str]
    values: Callable[[Sale], Mapping[str, Any]]
    link: str = "converted_from"
    counts: Callable[[], ColumnElement[bool]] = true
    becomes: Mapping[str, str] = field(default_factory=dict)


def _new_order(quote: Sale) -> dict[str, Any]:
    day = utc_now().astimezone(get_timezone()).date()
    return {"kind": "order", "date": day, "due": terms_of(quote.client, day)["due"]}


def _new_invoice(sale: Sale) -> dict[str, Any]:
    day = today()
    return {"kind": "outgoing", "issue_date": day, "sale_date": day, "due": due_date(sale.client, day),
            "bank_account": account_for(sale.currency)}  # fmt: skip


def _holds() -> ColumnElement[bool]:
    """An invoice that was not cancelled, and is no correction."""
    return (Invoice.state != "cancelled") & Invoice.corrects_id.is_(None)


CONVERSIONS: dict[str, Conversion] = {
    one.name: one
    for one in (
        Conversion(
            name="order", label=_l("Make an order"), icon="fa-cart-shopping", model=Sale,
            kinds=frozenset({"quote"}), values=_new_order, becomes={"quote": "accepted"},
        ),
        Conversion(
            name="invoice", label=_l("Make an invoice"), icon="fa-file-invoice", model=Invoice,
            kinds=frozenset({"order", "repair"}), values=_new_invoice, link="sale", counts=_holds,
        ),
    )
}  # fmt: skip


def find_converted(sale: Sale, conversion: Conversion) -> Any | None:
    """What this sale was made into, as far as the viewer sees it."""
    link = next(iter(getattr(conversion.model, conversion.link).property.local_columns))
    asked = select(conversion.model).where(link == sale.id, conversion.counts())
    return db.session.scalars(asked).first()


def converted(sale: Sale) -> list[Any]:
    """Everything that was made of this sale."""
    made = (find_converted(sale, one) for one in CONVERSIONS.values() if sale.kind in one.kinds)
    return [item for item in made if item is not None]


def offered(sale: Sale) -> list[Conversion]:
    """What the viewer can make of this sale and nobody has made yet."""
    if not may_change(registry().by_model[Sale], sale, "edit"):
        return []
    return [
        one
        for one in CONVERSIONS.values()
        if sale.kind in one.kinds and _may_make(one) and find_converted(sale, one) is None
    ]


def _may_make(conversion: Conversion) -> bool:
    record = registry().by_model.get(conversion.model)
    return record is not None and may("add", record.key)


def convert(sale: Sale, conversion: Conversion) -> tuple[Any, bool]:
    """Make a document out of a sale; gives it, and whether it is new. The caller commits.

    Who asks again, or at the same time, gets the one that is there. Raises RuleError where a sale cannot be made
    into this, StateConflict where it was and the viewer does not see into what.
    """
    session = db.session
    session.refresh(sale, with_for_update={"of": Sale})
    if sale.kind not in conversion.kinds:
        raise RuleError(_("This cannot be made of it."))
    if (there := find_converted(sale, conversion)) is not None:
        return there, False
    with history.operation("sale.convert", client_id=sale.client_id), session.no_autoflush:
        names = [name for name in COPIED if hasattr(conversion.model, name)]
        taken = {name: getattr(sale, name) for name in names} | {conversion.link: sale}
        made = conversion.model(**{**taken, **conversion.values(sale)})
        line_model = type(made).lines.property.mapper.class_
        made.lines = [
            line_model(**{name: getattr(line, name) for name in LINE_FIELDS}) for line in sale.lines
        ]
        sale.status = conversion.becomes.get(sale.kind, sale.status)
        try:
            with session.begin_nested():
                session.add(made)
        except IntegrityError:
            raise StateConflict(_("This was made of it already.")) from None
    return made, True
