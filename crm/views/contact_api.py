"""The REST API of contacts: every record's, with the names that other systems have for them."""

from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import selectinload

from crm.errors import Invalid, RuleError
from crm.models import Contact
from crm.services.client_reading import LONGEST_APP_CODE, LONGEST_EXTERNAL_ID, read_app_code
from crm.services.contact_external_ids import set_external_id
from crm.services.reading import Unreadable, read_text
from crm.views.api import RecordApi
from crm.views.client_api import taken

NAMES = ("external_id", "app_code")
SCHEMA: dict[str, Any] = {
    "external_id": {"type": "string", "maxLength": LONGEST_EXTERNAL_ID, "nullable": True},
    "app_code": {"type": "string", "maxLength": LONGEST_APP_CODE, "description": "Whose external_id it is."},
}


class ContactApi(RecordApi):
    """The API of contacts. external_id is the one under app_code, which is blank unless sent."""

    def load(self, statement: Select[Any]) -> list[Any]:
        return super().load(statement.options(selectinload(Contact.external_ids)))

    def one_json(self, item: Contact) -> dict[str, Any]:
        return {**super().one_json(item), "external_id": item.external_id, "app_code": ""}

    def field_names(self) -> dict[str, list[str]]:
        return {which: [*names, *NAMES] for which, names in super().field_names().items()}

    def schemas(self) -> tuple[dict[str, Any], dict[str, Any]]:
        shown, taken_in = super().schemas()
        return tuple({**one, "properties": {**one["properties"], **SCHEMA}} for one in (shown, taken_in))  # type: ignore[return-value]

    def write(self, item: Contact, data: dict[str, Any]) -> None:
        own, errors = {name: data[name] for name in NAMES if name in data}, {}
        for name, value in own.items():
            try:
                own[name] = read_app_code(value) if name == "app_code" else read_external_id(value)
            except Unreadable as error:
                errors[name] = [str(error)]
        if errors:
            raise Invalid(errors)
        super().write(item, {name: value for name, value in data.items() if name not in NAMES})
        if "external_id" in own:
            try:
                set_external_id(item, own["external_id"], own.get("app_code", ""))
            except RuleError as error:
                raise taken(str(error.description)) from None


def read_external_id(value: Any) -> str | None:
    """An external ID; null and blank take it away. Raises Unreadable."""
    return None if value is None else read_text(value, LONGEST_EXTERNAL_ID) or None
