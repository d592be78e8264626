"""What registers of VAT said of companies, for the card, lists, exports and the API. `crm.integrations` finds it out.

An answer counts as long as the company has the tax ID that was asked for. Who does not see the tax ID of a client
learns nothing of it either.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select

from crm.extensions import db
from crm.models import Client, VatStatus
from crm.models.vat_number import IN_TAX_IDS
from crm.security.masking import is_masked, may_see_sensitive

VIES, WHITE_LIST = "vies", "white_list"
UNKNOWN, NOT_CHECKED = "unknown", "not_checked"
NOT_KNOWN = {UNKNOWN: _l("Unknown"), NOT_CHECKED: _l("Not checked yet")}

statuses = VatStatus.__table__


@dataclass(frozen=True)
class Register:
    """label: heads what it says; answers: what it can say, in words; knows: whether a tax ID with its country in front
    is one that it may know, knows_of: the same as a condition on a column of them."""

    name: str
    label: Any
    answers: Mapping[str, Any]
    knows: Callable[[str], bool]
    knows_of: Callable[[Any], ColumnElement[bool]]

    @property
    def states(self) -> dict[str, Any]:
        """What can be known of a company, in words."""
        return {**self.answers, **NOT_KNOWN}

    def is_for(self, clients: Any) -> ColumnElement[bool]:
        """The condition that a client is a company that the register may know."""
        key = clients.tax_id_key
        return and_(clients.kind == "company", key.is_not(None), self.knows_of(key))


REGISTERS = {
    one.name: one
    for one in (
        Register(
            VIES,
            _l("VAT number in VIES"),
            {"registered": _l("Registered"), "not_registered": _l("Not registered")},
            lambda key: key[:2] in IN_TAX_IDS or key[2:4] == "XI",
            lambda key: or_(func.substr(key, 1, 2).in_(IN_TAX_IDS), func.substr(key, 3, 2) == "XI"),
        ),
        Register(
            WHITE_LIST,
            _l("VAT white list"),
            {
                "active": _l("Active VAT payer"), "exempt": _l("Exempt from VAT"),
                "not_registered": _l("Not registered for VAT"), "struck_off": _l("Struck off"),
                "not_listed": _l("Not in the list"),
            },
            lambda key: key[:2] == "PL",
            lambda key: func.substr(key, 1, 2) == "PL",
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What a register said of a company. error: why the last look-up told nothing; blank where it did."""

    service: str
    answer: str = ""
    name: str = ""
    address: str = ""
    registered_on: date | None = None
    removed_on: date | None = None
    accounts: str = ""
    virtual: bool = False
    reference: str = ""
    reference_at: str = ""
    checked_at: datetime | None = None
    tried_at: datetime | None = None
    error: str = ""

    @property
    def state(self) -> str:
        return self.answer or (UNKNOWN if self.tried_at else NOT_CHECKED)

    @property
    def in_words(self) -> str:
        return str(REGISTERS[self.service].states[self.state])

    @property
    def as_json(self) -> dict[str, Any]:
        """What the API says; null where it is not known or not told."""
        found: dict[str, Any] = {
            "status": self.state, "name": self.name or None, "address": self.address or None,
            "reference": self.reference or None,
            "checked_at": self.checked_at.isoformat() if self.checked_at else None,
        }  # fmt: skip
        if self.service == WHITE_LIST:
            found |= {
                "registered_on": self.registered_on.isoformat() if self.registered_on else None,
                "struck_off_on": self.removed_on.isoformat() if self.removed_on else None,
                "accounts": self.accounts.split(), "has_virtual_accounts": self.virtual,
            }  # fmt: skip
        return found


def answers_about(
    clients: Sequence[Client], services: Collection[str] = tuple(REGISTERS)
) -> dict[str, dict[int, Answer]]:
    """register -> client id -> what it said of the company; of one not asked about yet an empty answer.

    Left out are clients that a register is nothing for, and those whose tax ID the viewer does not see.
    """
    asked = {
        one.id: one.tax_id_key for one in clients
        if one.kind == "company" and one.tax_id_key and not is_masked(one, "tax_id")
    }  # fmt: skip
    found = {
        name: {number: Answer(name) for number, key in asked.items() if REGISTERS[name].knows(key)}
        for name in services
    }
    if any(found.values()):
        row = statuses.c
        known = select(row.client_id, row.basis, *(row[one.name] for one in fields(Answer))).where(
            row.client_id.in_(asked), row.service.in_(services)
        )
        for number, basis, *values in db.session.connection().execute(known):
            answer = Answer(*values)
            if basis == asked[number] and number in found[answer.service]:
                found[answer.service][number] = answer
    return found


def condition(service: str, wanted: Collection[str]) -> ColumnElement[bool]:
    """The condition that a company is in one of these states at a register."""
    row = statuses.c
    known = exists().where(row.client_id == Client.id, row.service == service, row.basis == Client.tax_id_key)
    answers = ["" if state == UNKNOWN else state for state in wanted if state != NOT_CHECKED]
    either = [known.where(row.answer.in_(answers))] if answers else []
    return and_(_seen(service), or_(*either, *([~known] if NOT_CHECKED in wanted else [])))


def counts(service: str) -> dict[str, int]:
    """How many companies in use are in each state at a register."""
    row = statuses.c
    state = case((row.client_id.is_(None), NOT_CHECKED), (row.answer == "", UNKNOWN), else_=row.answer)
    mine = and_(row.client_id == Client.id, row.service == service, row.basis == Client.tax_id_key)
    asked = (
        select(state, func.count(Client.id))
        .outerjoin(statuses, mine)
        .where(_seen(service), Client.archived_at.is_(None))
        .group_by(state)
    )
    return dict.fromkeys(REGISTERS[service].states, 0) | dict(db.session.execute(asked).all())


def _seen(service: str) -> ColumnElement[bool]:
    own = REGISTERS[service].is_for(Client)
    return own if may_see_sensitive() else and_(own, Client.sensitive.is_(False))
