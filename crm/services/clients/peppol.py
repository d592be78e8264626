"""What is known of companies in Peppol, for lists, exports and the API. `crm.integrations.peppol` finds it out.

An answer counts as long as the company has the numbers that were asked for. Who does not see the numbers of a
client learns nothing of it either.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select

from crm.extensions import db
from crm.models import Client, PeppolStatus
from crm.security.masking import is_masked, may_see_sensitive

REGISTERED, NOT_REGISTERED, UNKNOWN, NOT_CHECKED = "registered", "not_registered", "unknown", "not_checked"
TAKES_INVOICES = "takes_invoices"
STATES = {
    REGISTERED: _l("Registered"),
    NOT_REGISTERED: _l("Not registered"),
    UNKNOWN: _l("Unknown"),
    NOT_CHECKED: _l("Not checked yet"),
}
#: What can be filtered by; the second is some of the first.
FILTERED = {
    REGISTERED: _l("Registered"),
    TAKES_INVOICES: _l("Registered, takes invoices"),
    **{name: words for name, words in STATES.items() if name != REGISTERED},
}

statuses = PeppolStatus.__table__


@dataclass(frozen=True)
class Answer:
    """What is known of one company. error: why the last look-up told nothing; blank where it did."""

    registered: bool | None = None
    receives_invoices: bool = False
    identifier: str = ""
    checked_at: datetime | None = None
    tried_at: datetime | None = None
    error: str = ""

    @property
    def state(self) -> str:
        if self.tried_at is None:
            return NOT_CHECKED
        return UNKNOWN if self.registered is None else REGISTERED if self.registered else NOT_REGISTERED

    @property
    def in_words(self) -> str:
        if not self.registered:
            return str(STATES[self.state])
        return (
            _("Registered, takes invoices") if self.receives_invoices else _("Registered, takes no invoices")
        )

    @property
    def as_json(self) -> dict[str, Any]:
        """What the API says; null where it is not known."""
        known = self.registered is not None
        return {
            "status": self.state,
            "identifier": self.identifier or None,
            "receives_invoices": self.receives_invoices if known else None,
            "checked_at": self.checked_at.isoformat() if self.checked_at else None,
        }


def basis(peppol_id: str | None, tax_id_key: str | None) -> str:
    """The numbers that a company is asked for by, in one."""
    return f"{peppol_id or ''}|{tax_id_key or ''}"


def basis_of(clients: Any) -> ColumnElement[str]:
    """The same of the clients of a statement, by their columns."""
    return func.coalesce(clients.peppol_id, "") + "|" + func.coalesce(clients.tax_id_key, "")


def can_be_asked(clients: Any) -> ColumnElement[bool]:
    """The condition that a client is a company with a number."""
    return and_(
        clients.kind == "company", or_(clients.tax_id_key.is_not(None), clients.peppol_id.is_not(None))
    )


def answers_about(clients: Sequence[Client]) -> dict[int, Answer]:
    """client id -> what is known of the company; one not asked about yet has an empty answer.

    Left out are clients that Peppol is nothing for, and those whose numbers the viewer does not see.
    """
    asked = {
        one.id: basis(one.peppol_id, one.tax_id_key) for one in clients
        if one.kind == "company" and (one.tax_id_key or one.peppol_id)
        and not (is_masked(one, "tax_id") or is_masked(one, "peppol_id"))
    }  # fmt: skip
    found = dict.fromkeys(asked, Answer())
    if asked:
        row = statuses.c
        known = select(row.client_id, row.basis, *(row[one.name] for one in fields(Answer)))
        for number, of, *answer in db.session.connection().execute(known.where(row.client_id.in_(asked))):
            if of == asked[number]:
                found[number] = Answer(*answer)
    return found


def condition(wanted: Collection[str]) -> ColumnElement[bool]:
    """The condition that a company is in one of these states."""
    row = statuses.c
    known = exists().where(row.client_id == Client.id, row.basis == basis_of(Client))
    either = {
        REGISTERED: known.where(row.registered.is_(True)),
        TAKES_INVOICES: known.where(row.registered.is_(True), row.receives_invoices.is_(True)),
        NOT_REGISTERED: known.where(row.registered.is_(False)),
        UNKNOWN: known.where(row.registered.is_(None)),
        NOT_CHECKED: ~known,
    }
    return and_(_seen(), or_(*(either[state] for state in wanted)))


def counts() -> dict[str, int]:
    """How many companies in use are in each state; those that take invoices are counted a second time."""
    row = statuses.c
    state = case(
        (row.client_id.is_(None), NOT_CHECKED), (row.registered.is_(None), UNKNOWN),
        (row.registered.is_(False), NOT_REGISTERED), (row.receives_invoices.is_(True), TAKES_INVOICES),
        else_=REGISTERED,
    )  # fmt: skip
    asked = (
        select(state, func.count(Client.id))
        .outerjoin(statuses, and_(row.client_id == Client.id, row.basis == basis_of(Client)))
        .where(_seen(), Client.archived_at.is_(None))
        .group_by(state)
    )
    found = dict.fromkeys(FILTERED, 0) | dict(db.session.execute(asked).all())
    found[REGISTERED] += found[TAKES_INVOICES]
    return found


def _seen() -> ColumnElement[bool]:
    own = can_be_asked(Client)
    return own if may_see_sensitive() else and_(own, Client.sensitive.is_(False))
