"""What the columns of a file can be: the fields that an import writes, for each record type that takes one.

Names are those of the API's JSON. Parts of an address stand after a dot (`billing.city`), attributes after `attr.`,
and in a file of clients the columns of a contact in the same row after `contact.`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import lazy_gettext as _l
from sqlalchemy import Boolean, Date, Integer
from sqlalchemy.orm import InstrumentedAttribute

from crm.models import Client
from crm.models.client import MAX_STARS
from crm.models.types import Exact, UtcDateTime
from crm.registry import TAG_LINKS, RecordType, registry
from crm.security.manager import may_write
from crm.services.attributes import values as attributes
from crm.services.attributes.filters import PREFIX
from crm.services.clients.table import COLUMNS, CRM_ID
from crm.services.clients.words import KINDS
from crm.services.modules import records_on
from crm.services.record_names import written_names

#: How the texts of a field are read; converting.py has a reader for each.
TEXT, ID, NUMBER, INTEGER, DATE, MOMENT, YES_NO, CHOICE = (
    "text", "id", "number", "integer", "date", "moment", "yes_no", "choice",
)  # fmt: skip
EMAIL, PHONE, STATUS, USERS, USER, TAGS, COUNTRY, LANGUAGE, CURRENCY, WORDS, ATTRIBUTE, LINKED, FULL_NAME = (
    "email", "phone", "status", "users", "user", "tags", "country", "language", "currency", "words", "attribute",
    "linked",
    "full_name",
)  # fmt: skip

#: Fields of a client whose texts are read in a way that its columns do not say.
CLIENT_KINDS = {
    "id": ID,
    "kind": CHOICE, "email": EMAIL, "phone": PHONE, "mobile": PHONE, "phone2": PHONE, "language": LANGUAGE,
    "status": STATUS, "stars": INTEGER, "tags": TAGS, "assignees": USERS, "is_buyer": YES_NO, "is_supplier": YES_NO,
    "is_workshop": YES_NO, "consent": YES_NO, "billing.country": COUNTRY, "use_delivery": YES_NO,
    "delivery.country": COUNTRY, "billing_amount": NUMBER, "currency": CURRENCY, "payment_period": INTEGER,
    "discount": NUMBER, "sensitive": YES_NO, "archived": YES_NO,
}  # fmt: skip
#: Columns of an export that only the CRM writes.
ONLY_SHOWN = frozenset({"created_at", "changed_at", "last_activity_at"})
NAMED_KINDS = {"email": EMAIL, "phone": PHONE, "mobile": PHONE, "country": COUNTRY, "currency": CURRENCY}
#: The ways to say whose a record is: name -> words. All of them name a client that the importer sees.
CLIENT_NAMES: Mapping[str, Any] = {
    "client": _l("Client"),
    "client_id": _l("Client: CRM ID"),
    "client_external_id": _l("Client: external ID"),
    "client_app_code": _l("Client: app code"),
    "client_tax_id": _l("Client: tax ID"),
    "client_email": _l("Client: e-mail"),
}
EXTERNAL_ID, APP_CODE, FULL = _l("External ID"), _l("App code"), _l("Full name")
OF_CONTACT, OF_ATTRIBUTE = "contact.", PREFIX


@dataclass(frozen=True)
class ImportField:
    """One thing that a column can be. kind: how its texts are read. group: the heading it stands under in a list.

    choices: (value, words) of a closed list. definition: of an attribute.
    """

    name: str
    label: Any
    kind: str = TEXT
    group: Any = ""
    choices: tuple[tuple[str, Any], ...] = ()
    most: int | None = None
    definition: Any = None


def importable() -> list[RecordType]:
    """The record types of which files can be imported, in menu order; not those of modules that are off."""
    return [record for record in records_on() if record.importable]


def fields_of(record: RecordType) -> list[ImportField]:
    """What the columns of a file of these records can be, as far as the user may write it."""
    if record.model is Client:
        return [*_of_client(), *_attributes("client"), *_of_contact_of_client()]
    fields = [ImportField("id", CRM_ID, ID), *_of_record(record)]
    if record.key == "contact":
        fields += [
            ImportField("full_name", FULL, FULL_NAME),
            ImportField("external_id", EXTERNAL_ID),
            ImportField("app_code", APP_CODE),
            ImportField("is_primary", record.label_of("is_primary"), YES_NO),
            *_attributes("contact"),
        ]
    return fields


def _of_client() -> Iterator[ImportField]:
    for column in COLUMNS:
        if column.name in ONLY_SHOWN:
            continue
        which, dot, _part = column.name.partition(".")
        group = {"billing": _l("Address"), "delivery": _l("Delivery address")}[which] if dot else ""
        yield ImportField(
            column.name,
            column.label,
            CLIENT_KINDS.get(column.name, TEXT),
            group,
            tuple(KINDS.items()) if column.name == "kind" else (),
            MAX_STARS if column.name == "stars" else None,
        )
    yield ImportField("app_code", APP_CODE)


def _of_contact_of_client() -> Iterator[ImportField]:
    record = registry()["contact"]
    full = ImportField("full_name", FULL, FULL_NAME)
    for one in (full, *_of_record(record), *_attributes("contact")):
        if one.name in CLIENT_NAMES or one.kind == TAGS:
            continue
        label = _l("Contact: %(label)s", label=one.label)
        yield ImportField(
            OF_CONTACT + one.name, label, one.kind, record.plural, one.choices, None, one.definition
        )


def _attributes(kind: str) -> Iterator[ImportField]:
    for one in attributes.writable(kind):
        yield ImportField(
            OF_ATTRIBUTE + one.key, one.label, ATTRIBUTE, one.group or _l("Attributes"), definition=one
        )


def _of_record(record: RecordType) -> Iterator[ImportField]:
    for name, attribute in written_names(record).items():
        if not may_write(record, attribute.key):
            continue
        if attribute.key == "client":
            for way, label in CLIENT_NAMES.items():
                yield ImportField(way, record.label_of("client") if way == "client" else label, _way(way))
        elif (kind := _kind_of(record, name, attribute)) is not None:
            yield ImportField(
                name, record.label_of(attribute.key), kind, "", tuple(record.choices.get(attribute.key, ()))
            )


def _way(name: str) -> str:
    return ID if name == "client_id" else EMAIL if name == "client_email" else TEXT


def _kind_of(record: RecordType, name: str, attribute: InstrumentedAttribute[Any]) -> str | None:
    """How texts of one attribute are read; None for what a table cannot say."""
    if attribute.key in record.choices:
        return CHOICE
    if attribute.key == TAG_LINKS:
        return TAGS
    relation = record.mapper.relationships.get(attribute.key)
    if relation is not None:
        if relation.uselist:
            return USERS if record.linked(attribute.key).mapper.class_ is User else None
        return USER if relation.mapper.class_ is User else LINKED
    if name in NAMED_KINDS:
        return NAMED_KINDS[name]
    kinds = ((Exact, NUMBER), (UtcDateTime, MOMENT), (Boolean, YES_NO), (Integer, INTEGER), (Date, DATE))
    column = record.mapper.columns[attribute.key].type
    return next((kind for type_, kind in kinds if isinstance(column, type_)), TEXT)
