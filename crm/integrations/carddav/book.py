"""Which cards the address book of the current user has, and the state each is in.

A card is named `client-12` or `contact-34`. Its state changes whenever what stands on it may have changed.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import force_locale
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import joinedload, lazyload

from crm.extensions import db
from crm.models import Client, ClientAssignee, Contact
from crm.security.manager import may
from crm.security.masking import may_see_sensitive
from crm.security.viewer import actor_id
from crm.services.exporting import PORTION
from crm.services.vcards import as_text, client_card, contact_card

#: Who sees more clients than this gets those that they are assigned to: what a phone can hold.
MOST_CLIENTS = 10_000
#: Raised when cards come to be written in another way, so that they are fetched anew.
FORMAT = 1
NAME = re.compile(r"(client|contact)-([1-9][0-9]{0,17})")


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
    beyond = select(Client.id).where(_listed()).order_by(None).offset(MOST_CLIENTS).limit(1)
    return db.session.scalar(beyond) is not None


def listing() -> dict[str, str]:
    """Name -> state of every card of the book, read in two queries."""
    condition, mark = _condition(), _mark()
    asked = select(Client.id, Client.version).where(condition).order_by(Client.id)
    clients = dict(db.session.execute(asked).all())
    found = {f"client-{number}": _client_state(version, mark) for number, version in clients.items()}
    if may("list", "contact"):
        people = select(Contact.id, Contact.version, Contact.client_id).order_by(Contact.id)
        for number, version, client_id in db.session.execute(people):
            if client_id in clients:
                found[f"contact-{number}"] = _contact_state(version, client_id, clients[client_id], mark)
    return found


def cards(names: Iterable[str]) -> Iterator[Card]:
    """Those of these cards that are in the book, some at a time; in the order of their numbers, clients first."""
    numbers: dict[str, list[int]] = {"client": [], "contact": []}
    for name in names:
        if found := NAME.fullmatch(name):
            numbers[found[1]].append(int(found[2]))
    condition, mark = _condition(), _mark()
    for client in _portions(_clients(condition), Client, numbers["client"]):
        state = _client_state(client.version, mark)
        with force_locale(_language()):
            card = client_card(client, tagged=False)
        yield Card(f"client-{client.id}", state, card)
    if not may("list", "contact"):
        return
    for contact in _portions(_contacts(condition), Contact, numbers["contact"]):
        state = _contact_state(contact.version, contact.client_id, contact.client.version, mark)
        with force_locale(_language()):
            card = contact_card(contact)
        yield Card(f"contact-{contact.id}", state, card)


def _clients(condition: ColumnElement[bool]) -> Select[Any]:
    return select(Client).where(condition).options(lazyload(Client.status))


def _contacts(condition: ColumnElement[bool]) -> Select[Any]:
    clients = joinedload(Contact.client).lazyload(Client.status)
    return select(Contact).join(Contact.client).where(condition).options(clients)


def _portions(asked: Select[Any], model: type[Client | Contact], numbers: list[int]) -> Iterator[Any]:
    numbers = sorted(set(numbers))
    for start in range(0, len(numbers), PORTION):
        some = asked.where(model.id.in_(numbers[start : start + PORTION])).order_by(model.id)
        yield from db.session.scalars(some).all()


def _listed() -> ColumnElement[bool]:
    return Client.archived_at.is_(None)


def _condition() -> ColumnElement[bool]:
    """The clients of the book; which of them the user sees is no matter of ours."""
    if not is_own_only():
        return _listed()
    links = ClientAssignee.__table__
    return _listed() & Client.id.in_(select(links.c.client_id).where(links.c.user_id == actor_id()))


def _mark() -> str:
    """What a state has beside versions: the same card looks otherwise to who may see what is sensitive."""
    return f"{FORMAT}s" if may_see_sensitive() else f"{FORMAT}"


def _client_state(version: int, mark: str) -> str:
    return f"{mark}-{version}"


def _contact_state(version: int, client_id: int, client_version: int, mark: str) -> str:
    """A contact's card names its client, which hides what is sensitive."""
    return f"{mark}-{version}-{client_id}-{client_version}"


def _language() -> str:
    """Names of countries are written in one language: a phone does not say which it would like."""
    return str(current_app.config["BABEL_DEFAULT_LOCALE"])
