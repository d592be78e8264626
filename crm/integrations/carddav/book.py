"""Which cards the address book of the current user has, and the state each is in.

A card is named `client-12` or `contact-34`. Its state changes whenever what stands on it may have changed.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import force_locale
from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import lazyload

from crm.extensions import db
from crm.models import Client, ClientAssignee, Contact
from crm.security.manager import may
from crm.security.masking import may_see_sensitive
from crm.security.visibility import viewer
from crm.services.exporting.vcards import as_text, client_card, contact_card

#: Who sees more clients than this gets those that they are assigned to: what a phone can hold.
MOST_CLIENTS = 10_000
#: Raised when cards come to be written in another way, so that they are fetched anew.
FORMAT = 1
#: How many records are loaded at once.
PORTION = 2_000
#: No id is that large: PostgreSQL refuses to look for one.
END_OF_IDS = 2**31
NAME = re.compile(r"(client|contact)-([1-9][0-9]{0,9})")

Whose = Callable[[Any], ColumnElement[bool]]


@dataclass(frozen=True)
class Card:
    """One card, its state, and its contents as vobject has them."""

    name: str
    state: str
    contents: Any

    @property
    def text(self) -> str:
        return as_text(self.contents)


def is_own_only() -> bool:
    """Whether the user sees so many clients that the book has only those that they are assigned to."""
    if viewer().mode == "few":
        return False
    beyond = select(Client.id).where(Client.archived_at.is_(None)).offset(MOST_CLIENTS).limit(1)
    return db.session.scalar(beyond) is not None


def listing() -> dict[str, str]:
    """Name -> state of every card of the book, read in two queries."""
    whose, mark = _whose(), _mark()
    asked = select(Client.id, Client.version).where(_listed(whose)).order_by(Client.id)
    clients = dict(db.session.execute(asked).all())
    found = {f"client-{number}": _client_state(version, mark) for number, version in clients.items()}
    if may("list", "contact"):
        people = select(Contact.id, Contact.version, Contact.client_id).where(whose(Contact.client_id))
        for number, version, client_id in db.session.execute(people.order_by(Contact.id)):
            if client_id in clients:
                found[f"contact-{number}"] = _contact_state(version, client_id, clients[client_id], mark)
    return found


def cards(names: Iterable[str]) -> Iterator[Card]:
    """Those of these cards that are in the book, some at a time; in the order of their numbers, clients first."""
    numbers: dict[str, set[int]] = {"client": set(), "contact": set()}
    for name in names:
        found = NAME.fullmatch(name)
        if found and int(found[2]) < END_OF_IDS:
            numbers[found[1]].add(int(found[2]))
    whose, mark = _whose(), _mark()
    for some in _portions(numbers["client"]):
        for client in _clients(whose, some):
            card = _written(client_card, client, tagged=False)
            yield Card(f"client-{client.id}", _client_state(client.version, mark), card)
    for some in _portions(numbers["contact"]) if may("list", "contact") else ():
        contacts = db.session.scalars(select(Contact).where(Contact.id.in_(some)).order_by(Contact.id)).all()
        # by them the contacts know their clients, without further queries
        clients = {client.id: client for client in _clients(whose, {one.client_id for one in contacts})}
        for contact in contacts:
            if client := clients.get(contact.client_id):
                state = _contact_state(contact.version, client.id, client.version, mark)
                yield Card(f"contact-{contact.id}", state, _written(contact_card, contact))


def _clients(whose: Whose, numbers: Iterable[int]) -> Sequence[Client]:
    asked = select(Client).where(_listed(whose), Client.id.in_(list(numbers))).order_by(Client.id)
    return db.session.scalars(asked.options(lazyload(Client.status))).all()


def _portions(numbers: Iterable[int]) -> Iterator[list[int]]:
    ordered = sorted(numbers)
    return (ordered[start : start + PORTION] for start in range(0, len(ordered), PORTION))


def _written(write: Callable[..., Any], item: Client | Contact, **how: bool) -> Any:
    """A card with names of countries in one language: a phone does not say which it would like."""
    with force_locale(current_app.config["BABEL_DEFAULT_LOCALE"]):
        return write(item, **how)


def _listed(whose: Whose) -> ColumnElement[bool]:
    return Client.archived_at.is_(None) & whose(Client.id)


def _whose() -> Whose:
    """The condition on a client's id that says whose the book is; what the user does not see is left out anyway."""
    if not is_own_only():
        return lambda client_id: true()
    links, me = ClientAssignee.__table__, viewer().user_id
    return lambda client_id: client_id.in_(select(links.c.client_id).where(links.c.user_id == me))


def _mark() -> str:
    """What a state has beside versions: the same card looks otherwise to who may see what is sensitive."""
    return f"{FORMAT}s" if may_see_sensitive() else f"{FORMAT}"


def _client_state(version: int, mark: str) -> str:
    return f"{mark}-{version}"


def _contact_state(version: int, client_id: int, client_version: int, mark: str) -> str:
    """A contact's card names its client, which hides what is sensitive."""
    return f"{mark}-{version}-{client_id}-{client_version}"
