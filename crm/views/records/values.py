"""What a list or a record's page shows for one attribute: a kind, which a template draws, and a value."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import format_decimal
from sqlalchemy import inspect

from crm.models import Status, Tag
from crm.models.base import CLIENT_LINKS, Record
from crm.models.mail_addresses import people
from crm.models.sensitive import veil
from crm.models.types import Seconds
from crm.registry import TAG_LINKS, RecordType, registry
from crm.security.manager import may
from crm.security.masking import MASK, is_masked
from crm.services.clients.hidden_names import hidden_client_name
from crm.views.forms.vat_field import words_of_rate
from crm.views.records.money import money

#: Text attributes that lead somewhere, by their names.
LINKS = {"email": "mailto:", "phone": "tel:", "phone2": "tel:", "mobile": "tel:", "website": ""}
#: A part of a content type -> the sign of such files; the first that fits.
FILE_ICONS = {"pdf": "fa-file-pdf", "image/": "fa-file-image", "spreadsheet": "fa-file-excel", "excel": "fa-file-excel",
              "csv": "fa-file-csv", "presentation": "fa-file-powerpoint", "powerpoint": "fa-file-powerpoint",
              "word": "fa-file-word", "opendocument.text": "fa-file-word", "zip": "fa-file-zipper",
              "rfc822": "fa-envelope", "outlook": "fa-envelope"}  # fmt: skip


#: Moments whose time of day matters as much as the day.
TIMED = frozenset({"start", "end"})

#: Text attributes that hold lists of mail addresses.
ADDRESSES = frozenset({"from_address", "to", "cc", "bcc"})


@dataclass(frozen=True)
class Cell:
    """One value. kind: empty, text, long, link, yes_no, moment, clock, age, overdue, day, number, status, tag, tags,
    user, users, people (mail addresses; `url` has their names), clients, links, progress, worked, duration, badge (of
    the kind in `style`), hidden (a relation to what the user may not see) or masked (sensitive)."""

    kind: str
    value: Any = None
    url: str = ""
    style: str = ""


def cell(record: RecordType, item: Any, name: str) -> Cell:
    """What the current user sees of one attribute of a record."""
    value = getattr(item, name)
    if name in {figure.name for figure in record.figures}:
        return Cell(value.kind, value) if value is not None else Cell("empty")
    if value not in (None, "") and is_masked(item, name):
        if name not in record.veiled_names:
            return Cell("masked", MASK)
        value = veil(value)
    if name in record.mapper.relationships:
        return _relation(record, item, name, value)
    if isinstance(item, Status) and name == "name":
        return Cell("status", item)
    if isinstance(item, Tag) and name == "name":
        return Cell("tag", item)
    if name in {attribute.key for attribute in record.ages} and value is not None:
        return Cell("age", value)
    if name == "due" and getattr(item, "overdue", False):
        return Cell("overdue", value)
    return value_cell(record, name, value, getattr(item, "currency", None), getattr(item, "all_day", False))


def value_cell(
    record: RecordType, name: str, value: Any, currency: str | None = None, all_day: bool = False
) -> Cell:
    """What a value of a column looks like, whether or not the record still has it.

    currency: of an amount; all_day: whether its times are whole days.
    """
    if name in record.choices and value is not None:
        words = dict(record.choices[name]).get(value, value)
        return (
            Cell("badge", words, style=record.badges[name].get(value, ""))
            if name in record.badges
            else Cell("text", words)
        )
    if value is not None and currency and name in {a.key for a in record.money}:
        return Cell("number", money(value, currency))
    if name == "vat_rate" and value:
        return Cell("text", words_of_rate(value))
    column = record.mapper.columns.get(name)
    if value is not None and column is not None and isinstance(column.type, Seconds):
        return Cell("duration", value)
    if name in TIMED and isinstance(value, datetime):
        return Cell("day" if all_day else "clock", value)
    return plain_cell(name, value)


def size_in_words(size: int) -> str:
    """A number of bytes as people say it: 812 B, 24 kB, 1.3 MB."""
    if size < 1000:
        return f"{size} B"
    if size < 1_000_000:
        return f"{format_decimal(round(size / 1000))} kB"
    return f"{format_decimal(round(size / 1_000_000, 1))} MB"


def file_icon(content_type: str) -> str:
    """The sign of a kind of file."""
    return next((icon for part, icon in FILE_ICONS.items() if part in content_type), "fa-file-lines")


def plain_cell(name: str, value: Any) -> Cell:
    """What a value looks like by its kind and the name of its column alone."""
    if value is None or value == "":
        return Cell("empty")
    if isinstance(value, bool):
        return Cell("yes_no", value)
    if isinstance(value, datetime):
        return Cell("moment", value)
    if isinstance(value, date):
        return Cell("day", value)
    if name == "size":
        return Cell("text", size_in_words(value))
    if isinstance(value, int | Decimal):
        return Cell("number", format_decimal(value))
    if name in ADDRESSES:
        return Cell("people", value, ", ".join(people(value)))
    if name in LINKS:
        web = value.startswith(("http://", "https://"))
        return Cell("link", value, LINKS[name] + value) if LINKS[name] or web else Cell("text", value)
    return Cell("long" if "\n" in value or len(value) > 120 else "text", value)


def _relation(record: RecordType, item: Any, name: str, value: Any) -> Cell:
    relation = record.mapper.relationships[name]
    if name == TAG_LINKS:
        return Cell("tags", item.tags) if value else Cell("empty")
    if name == CLIENT_LINKS:
        return Cell("clients", item.other_clients) if item.other_clients else Cell("empty")
    if relation.uselist:
        link = record.linked(name)
        others = [other for one in value if (other := getattr(one, link.key)) is not None]
        if not others:
            return Cell("empty")
        if link.mapper.class_ is User:
            return Cell("users", others)
        return Cell("links", [(str(other), url_of(other)) for other in others])
    if value is None:
        columns = [record.mapper.get_property_by_column(column).key for column in relation.local_columns]
        if name == "client" and (told := hidden_client_name(item)):
            return Cell("text", told)
        return Cell("hidden" if any(getattr(item, key) for key in columns) else "empty")
    if isinstance(value, User):
        return Cell("user", value)
    if isinstance(value, Status):
        return Cell("status", value)
    return Cell("link", str(value), url_of(value)) if url_of(value) else Cell("text", str(value))


def url_of(item: Record) -> str:
    """The page of a record that the current user may open, or nothing."""
    other = registry().by_model.get(inspect(item).mapper.class_)
    if other is None or other.is_setting or "show" not in other.actions or not may("show", other.key):
        return ""
    return f"/crm/{other.url_name}/show/{item.id}"
