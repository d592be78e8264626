"""What the CRM can put into a merge field, and which merge field gets what."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from crm.extensions import db
from crm.models import AttributeDefinition, Client, Status
from crm.models.types import day_of
from crm.services.attributes.filters import PREFIX
from crm.services.attributes.reading import written
from crm.services.attributes.values import definitions, values_of_clients
from crm.services.clients.words import LABELS

#: Merge field -> source, until somebody chooses otherwise.
USUAL = {"FNAME": "first_name", "LNAME": "last_name", "PHONE": "phone", "COMPANY": "company"}
#: Of a merge field its type -> the kinds of values that it takes. Others cannot be filled.
TAKES = {
    "text": frozenset({"text", "number", "date", "phone", "link"}),
    "number": frozenset({"number"}),
    "date": frozenset({"date"}),
    "phone": frozenset({"phone"}),
    "url": frozenset({"link"}),
    "website": frozenset({"link"}),
    "zip": frozenset({"text"}),
}
#: The type of an attribute -> the kind of its values.
KINDS = {
    "number": "number",
    "integer": "number",
    "money": "number",
    "date": "date",
    "date_time": "date",
    "link": "link",
}
MAX_BYTES = 255
#: What no database takes, or nobody can see: control characters, and halves of characters cut in two.
UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True)
class Source:
    """Something of a client that a merge field can show.

    persons, companies: the column that it is read from and that takes what people change about themselves.
    """

    name: str
    label: Any
    kind: str = "text"
    persons: str = ""
    companies: str = ""
    read: Callable[[Any, "Words"], Any] | None = None

    def value(self, row: Any, words: "Words") -> str:
        """Its value of a client, as Mailchimp takes it."""
        if self.read is not None:
            return as_field(self.read(row, words))
        column = self.persons if row.kind == "person" else self.companies
        return as_field(getattr(row, column)) if column else ""

    def column(self, kind: str) -> str:
        """Where a value that comes from Mailchimp belongs at a client of this kind; blank for nowhere."""
        return self.persons if kind == "person" else self.companies


@dataclass(frozen=True)
class Words:
    """What is told of some clients beside their own columns."""

    statuses: Mapping[int, str]
    values: Mapping[int, Mapping[str, Any]]


def _both(name: str, column: str = "", kind: str = "text") -> Source:
    column = column or name
    return Source(name, LABELS[column], kind, column, column)


OWN: tuple[Source, ...] = (
    Source("first_name", LABELS["first_name"], persons="first_name"),
    Source("last_name", LABELS["last_name"], persons="last_name"),
    Source("company", _l("Name of the company"), companies="name"),
    Source("name", LABELS["name"], read=lambda row, _words: row.name),
    Source("phone", LABELS["phone"], "phone", "phone", "phone",
           lambda row, _words: row.phone_e164 or row.mobile_e164 or row.phone2_e164),
    _both("short_name"),
    Source("position", LABELS["position"], persons="position"),
    _both("website", kind="link"),
    _both("city", "billing_city"),
    _both("postal_code", "billing_postal_code"),
    Source("country", _l("Country (code)"), read=lambda row, _words: row.billing_country),
    Source("language", _l("Language (code)"), read=lambda row, _words: row.language),
    Source("status", LABELS["status"], read=lambda row, words: words.statuses.get(row.status_id)),
    Source("stars", LABELS["stars"], "number", read=lambda row, _words: row.stars),
)  # fmt: skip
COLUMNS = tuple(
    getattr(Client, name)
    for name in (
        "first_name", "last_name", "phone_e164", "mobile_e164", "phone2_e164", "short_name", "position", "website",
        "billing_city", "billing_postal_code", "billing_country", "language", "status_id", "stars",
    )
)  # fmt: skip
#: What people can change about themselves, and what it is compared with.
PROFILE = (Client.id, Client.kind, Client.name, Client.phone, *COLUMNS)


def sources() -> list[Source]:
    """Everything that can be sent: of the client, and its attributes but the sensitive ones."""
    return [*OWN, *(_attribute(one) for one in definitions("client", options=False) if not one.sensitive)]


def _attribute(definition: AttributeDefinition) -> Source:
    key = definition.key
    return Source(
        f"{PREFIX}{key}", definition.label, KINDS.get(definition.type, "text"),
        read=lambda row, words: words.values.get(row.id, {}).get(key),
    )  # fmt: skip


def as_field(value: Any) -> str:
    """A value as Mailchimp takes it: one line of at most 255 bytes, cut between letters."""
    if isinstance(value, bool):
        value = _("Yes") if value else _("No")
    elif isinstance(value, Decimal):
        value = f"{value.normalize():f}"
    elif isinstance(value, float) and value.is_integer():
        value = int(value)
    elif isinstance(value, datetime):
        value = day_of(value)
    elif isinstance(value, list):
        value = written(value)
    line = readable(" ".join(("" if value is None else str(value)).split()))
    return line.encode()[:MAX_BYTES].decode(errors="ignore")


def readable(text: str) -> str:
    """A text without what cannot be kept."""
    return UNREADABLE.sub("", text)


class Fields:
    """Which merge field gets what. A source that is gone or has become sensitive sends a blank."""

    def __init__(self, chosen: Mapping[str, str]):
        self.chosen = dict(chosen)
        known = {source.name: source for source in sources()}
        self.sources = {tag: known.get(name) for tag, name in chosen.items() if name}
        names = [source.name for source in self.sources.values() if source is not None]
        self._keys = [name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX)]
        self._statuses = {row.id: row.name for row in db.session.execute(select(Status.id, Status.name))}

    @property
    def tags(self) -> Collection[str]:
        """The merge fields that belong to the CRM."""
        return self.sources.keys()

    def words(self, client_ids: Collection[int]) -> Words:
        """What the sources need beside the columns of these clients: a statement, however many they are."""
        values = values_of_clients(client_ids, self._keys, masked=True) if self._keys else {}
        return Words(self._statuses, values)

    def of(self, row: Any, words: Words) -> dict[str, str]:
        """Merge field -> value of a client, without blanks."""
        values = {tag: source.value(row, words) for tag, source in self.sources.items() if source is not None}
        return {tag: value for tag, value in values.items() if value}

    def column(self, tag: str, kind: str) -> str:
        """Where a value of a merge field belongs at a client of this kind; blank for nowhere."""
        source = self.sources.get(tag)
        return source.column(kind) if source is not None else ""

    def read(self, merge_fields: Mapping[str, Any]) -> dict[str, str]:
        """Of a member's merge fields those that are the CRM's, without blanks."""
        return {tag: as_field(merge_fields[tag]) for tag in self.tags if merge_fields.get(tag)}


def with_blanks(
    fields: Mapping[str, str], sent: Mapping[str, str] | None, tags: Iterable[str]
) -> dict[str, str]:
    """The fields, and an empty one for each of the CRM's that was sent before and is blank by now."""
    return {**{tag: "" for tag in sent or {} if tag in tags}, **fields}
