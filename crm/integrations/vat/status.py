"""What registers answered about companies, kept; and which companies are due.

Which companies are due shows from the rows alone: nothing known, known of another number, or old. So no way of
changing a client has to tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, insert, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from crm.extensions import db
from crm.models import Client, VatProof, VatStatus
from crm.models.types import utc_now
from crm.services.clients.vat import REGISTERS

GOOD_FOR, FIRST_PAUSE, LONGEST_PAUSE = timedelta(days=30), timedelta(hours=1), timedelta(days=1)
#: So many proofs of a register does the card show.
MOST_PROOFS = 20

#: What a row says as long as nothing is known.
NOTHING: dict[str, Any] = {
    "answer": "", "name": "", "address": "", "registered_on": None, "removed_on": None, "accounts": "",
    "virtual": False, "reference": "", "reference_at": "", "checked_at": None,
}  # fmt: skip

clients, statuses, proofs = Client.__table__, VatStatus.__table__, VatProof.__table__


@dataclass(frozen=True)
class Asked:
    """A company, and the tax ID with its country in front that a register is asked for."""

    client_id: int
    tax_id_key: str


def proofs_of(client_id: int, service: str) -> Sequence[VatProof]:
    """The last answers with a number of the register's own, the latest first."""
    mine = select(VatProof).filter_by(client_id=client_id, service=service)
    return db.session.scalars(mine.order_by(VatProof.id.desc()).limit(MOST_PROOFS)).all()


def keep_answer(service: str, asked: Asked, answer: dict[str, Any], note: str = "") -> None:
    """Keep what a register answered, and its reference as a proof. Commits; called with no open transaction.

    note: what there is to say of the answer all the same, as a kind of error.
    """
    now = utc_now()
    values = NOTHING | {name: _fitting(name, value) for name, value in answer.items()}
    proof = {name: values[name] for name in ("answer", "reference", "reference_at")}
    _keep(
        service, asked, values | {"checked_at": now, "error": note},
        proof | {"number": asked.tax_id_key, "at": now} if values["reference"] else None,
    )  # fmt: skip


def keep_failure(service: str, asked: Asked, kind: str) -> None:
    """Keep that a look-up told nothing, and when the next one is due. Commits, as above.

    kind: `number` where it is the number that cannot be asked for, and asking again would not help.
    """
    now, row = utc_now(), statuses.c
    mine = (row.service == service) & (row.client_id == asked.client_id) & (row.basis == asked.tax_id_key)
    before = db.session.connection().scalar(select(row.failures).where(mine))
    failures = 0 if kind == "number" else min((before or 0) + 1, 20)
    pause = min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE) if failures else GOOD_FOR
    known = NOTHING if before is None else {}
    _keep(service, asked, known | {"error": kind, "failures": failures, "next_at": now + pause})


def due(service: str) -> Select[Any]:
    """(id, tax ID with country) of the companies whose answer is missing, about another number, or old."""
    mine = (statuses.c.client_id == clients.c.id) & (statuses.c.service == service)
    return (
        select(clients.c.id, clients.c.tax_id_key)
        .outerjoin(statuses, mine)
        .where(
            REGISTERS[service].is_for(clients.c),
            clients.c.deleted_at.is_(None), clients.c.merged_into_id.is_(None), clients.c.archived_at.is_(None),
            or_(
                statuses.c.id.is_(None), statuses.c.next_at <= utc_now(),
                statuses.c.basis != clients.c.tax_id_key,
            ),
        )
    )  # fmt: skip


def _fitting(name: str, value: Any) -> Any:
    """Texts from outside, no longer than their columns."""
    length = getattr(statuses.c[name].type, "length", None)
    return value[:length] if length and isinstance(value, str) else value


def _keep(service: str, asked: Asked, values: dict[str, Any], proof: dict[str, Any] | None = None) -> None:
    now = utc_now()
    fresh = {"basis": asked.tax_id_key, "tried_at": now, "failures": 0, "next_at": now + GOOD_FOR, **values}
    whose = {"client_id": asked.client_id, "service": service}
    dialect: Any = sqlite if db.engine.dialect.name == "sqlite" else postgresql
    adding = dialect.insert(statuses).values(**whose, **{**NOTHING, **fresh})
    connection = db.session.connection()
    try:
        connection.execute(adding.on_conflict_do_update(index_elements=["client_id", "service"], set_=fresh))
        if proof:
            connection.execute(insert(proofs).values(**whose, **proof))
        db.session.commit()
    except IntegrityError:  # the client was deleted for good meanwhile
        db.session.rollback()
