"""The REST API of contacts: every record's, with their names in other systems, attributes, and the primary one."""

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, inspect, or_, select
from sqlalchemy.orm import selectinload

from crm.errors import Invalid, RuleError
from crm.extensions import db
from crm.models import Change, Contact, Operation
from crm.models.contact import PARTS as COLLECTIONS
from crm.services.attributes import values as attributes
from crm.services.clients.as_json import plain
from crm.services.clients.reading import LONGEST_APP_CODE, LONGEST_EXTERNAL_ID, read_app_code
from crm.services.contacts import primary as contacts
from crm.services.external_ids import set_external_id
from crm.services.reading import Unreadable, read_boolean, read_text
from crm.services.record_json import record_json
from crm.views.api.attribute_schemas import required_keys, with_attributes
from crm.views.api.client import taken
from crm.views.api.description import ATTRIBUTES
from crm.views.api.record_api import RecordApi, read_since
from crm.views.api.schemas import Schemas, clearable

#: The tables of rows that belong to contacts.
PARTS = frozenset(inspect(Contact).relationships[name].mapper.local_table.name for name in COLLECTIONS)
NAMES = ("external_id", "app_code", "is_primary")
SCHEMA: dict[str, Any] = {
    "external_id": {"type": "string", "maxLength": LONGEST_EXTERNAL_ID, "nullable": True},
    "app_code": {"type": "string", "maxLength": LONGEST_APP_CODE, "description": "Whose external_id it is."},
    "is_primary": {
        "type": "boolean",
        "description": "True makes it the primary one of its client instead of the "
        "present one; a client's primary contact can only be replaced by another one.",
    },
}


class ContactApi(RecordApi):
    """The API of contacts. external_id is the one under app_code, which is blank unless sent.

    Attributes stand beside the fields, under their keys.
    """

    def load(self, statement: Select[Any]) -> list[Any]:
        return super().load(statement.options(selectinload(Contact.external_ids)))

    def one_json(self, item: Contact) -> dict[str, Any]:
        return self.several_json([item])[0]

    def several_json(self, items: list[Any]) -> list[dict[str, Any]]:
        values = attributes.every_value("contact", [item.id for item in items])
        return [
            {
                **record_json(self.record, item), "external_id": item.external_id, "app_code": "",
                **{key: plain(value) for key, value in values[item.id].items()},
            }
            for item in items
        ]  # fmt: skip

    def changed_since(self, text: str) -> Any:
        """What an admin does to tags and attributes is in the log of the client alone: all its contacts count."""
        parts = (
            select(Change.client_id)
            .join(Operation, Operation.id == Change.operation_id)
            .where(Operation.at >= read_since(text), Change.table_name.in_(PARTS))
        )
        return or_(super().changed_since(text), Contact.client_id.in_(parts))

    def field_names(self) -> dict[str, list[str]]:
        return {
            which: list(dict.fromkeys([*names, *NAMES])) for which, names in super().field_names().items()
        }

    def schemas(self) -> Schemas:
        written = {name: clearable(schema) for name, schema in SCHEMA.items()}
        found = super().schemas().with_properties(SCHEMA, written).with_more(additionalProperties=ATTRIBUTES)
        shown, added, changed = with_attributes("contact", found)
        return Schemas(shown, {**added, "required": [*added["required"], *required_keys("contact")]}, changed)

    def get_item(self, pk: str, lock: bool = False) -> Contact:
        contact = super().get_item(pk)
        if lock:
            # clients before contacts, as everybody who moves the mark of the primary one
            contacts.hold(db.session(), [contact.client_id])
            contact = super().get_item(pk, lock=True)
        return contact

    def write(self, item: Contact, data: dict[str, Any]) -> None:
        data = attributes.without_masked(item, data)
        own, errors = {}, {}
        for name in data.keys() & READERS.keys():
            try:
                own[name] = READERS[name](data[name])
            except Unreadable as error:
                errors[name] = [str(error)]
        is_new = inspect(item).transient
        known = {one.key: one for one in attributes.writable("contact")}
        given = {name: value for name, value in data.items() if name in known}
        if is_new:
            given = attributes.default_values(known.values()) | given
            errors |= attributes.lacking(known.values(), given)
        wanted, unreadable = attributes.read_values(known, given)
        if errors or unreadable:
            raise Invalid(errors | unreadable)
        super().write(item, {name: data[name] for name in data if name not in own and name not in known})
        rows = attributes.rows_of(item)
        for definition, value in wanted:
            attributes.store(item, definition, rows[definition.id], value)
        if "external_id" in own:
            try:
                set_external_id(item, own["external_id"], own.get("app_code", ""))
            except RuleError as error:
                raise taken(str(error.description)) from None
        if "is_primary" in own:
            db.session.add(item)
            db.session.flush()
            if own["is_primary"]:
                contacts.make_primary(item)
            elif item.is_primary and not is_new:
                raise Invalid({"is_primary": [_("Make another contact the primary one instead.")]})


def read_external_id(value: Any) -> str | None:
    """An external ID; null and blank take it away. Raises Unreadable."""
    return None if value is None else read_text(value, LONGEST_EXTERNAL_ID) or None


def read_is_primary(value: Any) -> bool:
    """Whether it is to be the primary contact; null is no. Raises Unreadable."""
    return value is not None and read_boolean(value)


READERS = {"external_id": read_external_id, "app_code": read_app_code, "is_primary": read_is_primary}
