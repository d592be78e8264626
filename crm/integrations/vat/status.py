"""What registers answered about companies, kept; and which companies are due."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, insert, select

from crm.extensions import db
from crm.integrations.asking_again import Answers
from crm.models import Client, VatProof, VatStatus
from crm.models.types import utc_now
from crm.services.clients.vat import REGISTERS

#: So many proofs of a register does the card show.
MOST_PROOFS = 20

#: What a row says as long as nothing is known.
NOTHING: dict[str, Any] = {
    "answer": "", "name": "", "address": "", "registered_on": None, "removed_on": None, "accounts": "",
    "virtual": False, "reference": "", "reference_at": "", "checked_at": None,
}  # fmt: skip

clients, statuses, proofs = Client.__table__, VatStatus.__table__, VatProof.__table__
kept = Answers(statuses, NOTHING)


@dataclass(frozen=True)
class Asked:
    """A company, and the tax ID with its country in front that a register is asked for."""

    client_id: int
    tax_id_key: str


def proofs_of(client_id: int, service: str) -> Sequence[VatProof]:
    """The last answers with a number of the register's own, the latest first."""
    mine = select(VatProof).filter_by(client_id=client_id, service=service)
    return db.session.scalars(mine.order_by(VatProof.id.desc()).limit(MOST_PROOFS)).all()


def keep_answer(service: str, asked: Asked, number: str, answer: dict[str, Any], note: str = "") -> None:
    """Keep what a register answered, and its reference as a proof. Commits; called with no open transaction.

    number: as the register was asked for it, with its country in front. note: what there is to say of the answer all
    the same, as a kind of error.
    """
    now, key = utc_now(), {"client_id": asked.client_id, "service": service}
    values = NOTHING | {name: _fitting(name, value) for name, value in answer.items()}
    proof = insert(proofs).values(
        **key, number=number, at=now,
        **{name: values[name] for name in ("answer", "reference", "reference_at")},
    )  # fmt: skip
    values |= {"checked_at": now, "error": note}
    kept.keep(key, asked.tax_id_key, values, proof if values["reference"] else None)


def keep_failure(service: str, asked: Asked, kind: str) -> None:
    """Keep that a look-up told nothing, and when the next one is due. Commits, as above.

    kind: `number` where it is the number that cannot be asked for, and asking again would not help.
    """
    key = {"client_id": asked.client_id, "service": service}
    kept.keep_failure(key, asked.tax_id_key, kind, is_passing=kind != "number")


def due(service: str) -> Select[Any]:
    """(id, tax ID with country) of the companies whose answer is missing, about another number, or old."""
    mine = (statuses.c.client_id == clients.c.id) & (statuses.c.service == service)
    return (
        select(clients.c.id, clients.c.tax_id_key)
        .outerjoin(statuses, mine)
        .where(REGISTERS[service].is_for(clients.c), kept.are_due(clients.c.tax_id_key))
    )


def _fitting(name: str, value: Any) -> Any:
    """Texts from outside, no longer than their columns."""
    length = getattr(statuses.c[name].type, "length", None)
    return value[:length] if length and isinstance(value, str) else value
