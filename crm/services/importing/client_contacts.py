"""The contact that stands in the same row as its client: found among the client's contacts, or added."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from crm.errors import Invalid, RuleError
from crm.extensions import db
from crm.models import Client, Contact
from crm.models.folding import fold
from crm.models.identifiers import e164
from crm.security.manager import may
from crm.security.masking import is_masked
from crm.services.importing.changed import add_words
from crm.services.importing.contact_writing import ContactWriting

PREFIX = "contact."
PHONES = ("phone", "mobile")


class ContactsInRows:
    """Writes the contacts of rows of clients."""

    def __init__(self) -> None:
        self.writing = ContactWriting()
        self.may = {action: may(action, "contact") for action in ("add", "edit")}
        self.of_client: dict[int, list[Contact]] = defaultdict(list)

    def check(self, data: Mapping[str, Any]) -> None:
        """Raise Invalid for what a new contact could not have, before its client is touched."""
        try:
            with db.session.no_autoflush:
                self.writing.write(Contact(client=Client(name="-")), without_words(self.writing, data))
        except (Invalid, RuleError) as error:
            raise prefixed(error) from None

    def prepare(self, rows: list[dict[str, Any]]) -> None:
        add_words(self.writing.definitions.values(), rows)

    def learn(self, clients: Mapping[int, Client]) -> None:
        """Look up the contacts of clients that are there."""
        self.of_client = defaultdict(list)
        asked = select(Contact).where(Contact.client_id.in_(clients)).order_by(Contact.id)
        parts = (selectinload(Contact.tag_links), selectinload(Contact.external_ids))
        for contact in db.session.scalars(asked.options(*parts)) if clients else ():
            self.of_client[contact.client_id].append(contact)
        self.writing.learn([contact for contacts in self.of_client.values() for contact in contacts])

    def write(self, client: Client, data: Mapping[str, Any]) -> list[str]:
        """Put a row's contact at its client; gives the names of what changed. Raises Invalid."""
        contact = self._find(client, data)
        if not self.may["edit" if contact else "add"]:
            return []
        if contact is None:
            contact = Contact(client=client)
        try:
            changed = self.writing.write(contact, data)
        except (Invalid, RuleError) as error:
            raise prefixed(error) from None
        db.session.add(contact)
        return [PREFIX + name for name in changed]

    def _find(self, client: Client, data: Mapping[str, Any]) -> Contact | None:
        """The client's contact with the same e-mail, else with the same phone, else with the same name.

        What is masked leads to nobody.
        """
        there = self.of_client.get(client.id, ()) if client.id else ()
        email, name = (
            str(data.get("email") or "").lower(),
            _name(data.get("first_name"), data.get("last_name")),
        )
        numbers = {e164(data.get(one), data.get("country")) for one in PHONES} - {None}
        tests = (
            lambda one: email and (one.email or "").lower() == email and not is_masked(one, "email"),
            lambda one: numbers & {one.phone_e164, one.mobile_e164} and not is_masked(one, "phone"),
            lambda one: name and _name(one.first_name, one.last_name) == name,
        )
        return next((one for test in tests for one in there if test(one)), None)


def without_words(writing: ContactWriting, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data without attributes, whose unknown words may yet be added."""
    return {name: value for name, value in data.items() if name not in writing.definitions}


def prefixed(error: Invalid | RuleError) -> Invalid:
    """The same with the names that the fields have in a row of a client."""
    return Invalid({PREFIX + name: texts for name, texts in error.errors.items()})


def _name(first: Any, last: Any) -> str:
    return fold(" ".join(filter(None, (first, last))))
