"""The REST API of contacts: every record's, with the names that other systems have for them, and the primary one."""

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, inspect
from sqlalchemy.orm import selectinload

from crm.errors import Invalid, RuleError
from crm.extensions import db
from crm.models import Contact
from crm.services import contacts
from crm.services.client_reading import LONGEST_APP_CODE, LONGEST_EXTERNAL_ID, read_app_code
from crm.services.contact_external_ids import set_external_id
from crm.services.reading import Unreadable, read_boolean, read_text
from crm.views.api import RecordApi
from crm.views.client_api import taken

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
    """The API of contacts. external_id is the one under app_code, which is blank unless sent."""

    def load(self, statement: Select[Any]) -> list[Any]:
        return super().load(statement.options(selectinload(Contact.external_ids)))

    def one_json(self, item: Contact) -> dict[str, Any]:
        return {**super().one_json(item), "external_id": item.external_id, "app_code": ""}

    def field_names(self) -> dict[str, list[str]]:
        return {
            which: list(dict.fromkeys([*names, *NAMES])) for which, names in super().field_names().items()
        }

    def schemas(self) -> tuple[dict[str, Any], dict[str, Any]]:
        shown, taken_in = super().schemas()
        return tuple({**one, "properties": {**one["properties"], **SCHEMA}} for one in (shown, taken_in))  # type: ignore[return-value]

    def get_item(self, pk: str, lock: bool = False) -> Contact:
        contact = super().get_item(pk)
        if lock:
            # clients before contacts, as everybody who moves the mark of the primary one
            contacts.hold(db.session(), [contact.client_id])
            contact = super().get_item(pk, lock=True)
        return contact

    def write(self, item: Contact, data: dict[str, Any]) -> None:
        own, errors = {}, {}
        for name in data.keys() & READERS.keys():
            try:
                own[name] = READERS[name](data[name])
            except Unreadable as error:
                errors[name] = [str(error)]
        if errors:
            raise Invalid(errors)
        is_new = inspect(item).transient
        super().write(item, {name: value for name, value in data.items() if name not in own})
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


READERS = {"external_id": read_external_id, "app_code": read_app_code, "is_primary": read_boolean}
