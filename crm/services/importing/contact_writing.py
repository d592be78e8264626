"""Contacts as rows of files name them, written many at once: fields, attributes, external IDs, the primary one."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import inspect, select, tuple_

from crm.errors import Invalid
from crm.extensions import db
from crm.models import AttributeValue, Contact, ContactExternalId
from crm.registry import registry
from crm.services.attributes import values as attributes
from crm.services.attributes.storing import of_owners, store
from crm.services.importing.changed import changed_names
from crm.services.record_json import write_record

externals = ContactExternalId.__table__


class ContactWriting:
    """Writes contacts; what they need to know is looked up once for a portion."""

    def __init__(self) -> None:
        self.record = registry()["contact"]
        self.definitions = {one.key: one for one in attributes.writable("contact")}
        self.values: dict[tuple[int, int], list[AttributeValue]] = {}

    def learn(self, contacts: Collection[Contact]) -> None:
        """Look up the attribute values of contacts that are there."""
        self.values = {}
        ids = [contact.id for contact in contacts if contact.id]
        if ids and self.definitions:
            for row in db.session.scalars(select(AttributeValue).where(of_owners("contact", ids))):
                self.values.setdefault((row.contact_id, row.definition_id), []).append(row)

    def write(
        self, contact: Contact, data: Mapping[str, Any], external: tuple[str, str] | None = None
    ) -> list[str]:
        """Put values on a contact, new or there; gives the names of what changed. Raises Invalid, RuleError.

        external: its ID in another system, which no other contact has.
        """
        session, is_new = db.session(), not inspect(contact).persistent
        given = {name: value for name, value in data.items() if name in self.definitions}
        if is_new:
            given = attributes.default_values(self.definitions.values()) | given
        wanted, errors = attributes.read_values(self.definitions, given)
        if errors:
            raise Invalid(errors)
        changed = []
        with session.no_autoflush:
            write_record(self.record, contact, {n: v for n, v in data.items() if n not in given})
            for definition, value in wanted:
                rows = self.values.get((contact.id, definition.id), [])
                if store(contact, definition, rows, value):
                    changed.append(definition.key)
            if external and not any((e.app_code, e.external_id) == external for e in contact.external_ids):
                if any(e.app_code == external[0] and not e.alias for e in contact.external_ids):
                    raise Invalid({"external_id": [_("The contact found has another external ID.")]})
                contact.external_ids.append(
                    ContactExternalId(app_code=external[0], external_id=external[1], client=contact.client)
                )
            contact.before_save(session)
        return [*changed, *changed_names(contact)]


def owners_of(values: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """(app code, external ID) -> the id of the contact that has it, whoever sees that."""
    columns, values = (externals.c.app_code, externals.c.external_id), list(values)
    if not values:
        return {}
    asked = select(*columns, externals.c.contact_id).where(tuple_(*columns).in_(values))
    return {(code, name): number for code, name, number in db.session.connection().execute(asked)}
