"""The records of any type exported: those that a list's filters leave, in its order, as CSV or XLSX."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import selectinload
from werkzeug.datastructures import MultiDict

from crm.registry import TAG_LINKS, RecordType
from crm.security.masking import shown
from crm.services.clients.table import CRM_ID, yes_or_no
from crm.services.exporting.export import TABLES, Export, check_format, find, portions
from crm.services.lists.listing import filtered, ordering

CLIENT_CRM_ID = _l("Client: CRM ID")


@dataclass(frozen=True)
class Columns:
    """Some columns of an export that are read together. values: of some records, each one's by its id."""

    labels: Sequence[Any]
    values: Callable[[Sequence[Any]], Mapping[int, Sequence[Any]]]


def prepare_records(
    record: RecordType,
    filters: MultiDict[str, str],
    file_format: str,
    more: Sequence[Columns] = (),
    loads: Sequence[Any] = (),
) -> Export:
    """The records that the filters leave, with their columns and fields. Raises UnknownFilter.

    more: further columns, and loads: options of the statement for what these need.
    """
    check_format(file_format, TABLES)
    ids = find(filtered(record, filters), ordering(record, filters), filters, format=file_format)
    columns = [*_columns(record), *more]
    found = portions(record.model, ids, [*_loads(record), *loads])
    rows = (row for some in found for row in _rows(columns, some))
    headings = [label for some in columns for label in some.labels]
    return Export(str(record.plural), file_format, len(ids), headings, rows)


def _attributes(record: RecordType) -> dict[str, Any]:
    return {attribute.key: attribute for attribute in (*record.columns, *record.fields)}


def _loads(record: RecordType) -> list[Any]:
    return [selectinload(one) for one in record.relationships(_attributes(record).values())]


def _columns(record: RecordType) -> list[Columns]:
    """Its columns and fields; with the numbers by which a file that comes back finds its records."""
    found = []
    for name in _attributes(record):
        found.append(_in_words(record, name))
        if name == "client" and record.importable:
            found.append(_each(CLIENT_CRM_ID, lambda item: item.client_id if item.client else None))
    return [*([_each(CRM_ID, lambda item: item.id)] if record.importable else []), *found]


def _in_words(record: RecordType, name: str) -> Columns:
    return _each(record.label_of(name), lambda item: in_words(record, item, name))


def _each(label: Any, read: Callable[[Any], Any]) -> Columns:
    return Columns([label], lambda items: {item.id: [read(item)] for item in items})


def _rows(columns: Sequence[Columns], items: Sequence[Any]) -> Iterator[list[Any]]:
    values = [some.values(items) for some in columns]
    return ([value for of_some in values for value in of_some[item.id]] for item in items)


def in_words(record: RecordType, item: Any, name: str) -> Any:
    """What the viewer may see of one attribute: words for codes, names for records, numbers and moments as such."""
    if name == TAG_LINKS:
        return ", ".join(tag.name for tag in item.tags)
    if name in record.mapper.relationships:
        return _related(record, item, name)
    value = shown(item, name)
    if isinstance(value, bool):
        return yes_or_no(value)
    if name in record.choices and value is not None:
        return str(dict(record.choices[name]).get(value, value))
    return value


def _related(record: RecordType, item: Any, name: str) -> str | None:
    relation, value = record.mapper.relationships[name], getattr(item, name)
    if relation.uselist:
        return ", ".join(_name(getattr(one, "user", one)) for one in value)
    if value is not None:
        return _name(value)
    keys = [record.mapper.get_property_by_column(column).key for column in relation.local_columns]
    return _("hidden") if any(getattr(item, key) is not None for key in keys) else None


def _name(item: Any) -> str:
    """What tells a record, and a user: two people may have one name, no two a user name."""
    return item.username if isinstance(item, User) else str(item)
