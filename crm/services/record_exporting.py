"""The records of any type exported: those that a list's filters leave, in its order, as CSV or XLSX."""

from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import selectinload
from werkzeug.datastructures import MultiDict

from crm.registry import TAG_LINKS, RecordType
from crm.security.masking import shown
from crm.services.client_table import yes_or_no
from crm.services.exporting import TABLES, Export, check_format, find, portions
from crm.services.listing import filtered, ordering


def prepare_records(record: RecordType, filters: MultiDict[str, str], file_format: str) -> Export:
    """The records that the filters leave, with their columns and fields. Raises UnknownFilter."""
    check_format(file_format, TABLES)
    order, _sort, _direction = ordering(record, filters)
    ids = find(filtered(record, filters).order_by(*order), filters, format=file_format)
    attributes = {attribute.key: attribute for attribute in (*record.columns, *record.fields)}
    loads = [selectinload(one) for one in record.loaded_with(attributes.values())]
    rows = (
        [in_words(record, item, name) for name in attributes]
        for some in portions(record.model, ids, loads)
        for item in some
    )
    headings = [record.label_of(name) for name in attributes]
    return Export(str(record.plural), file_format, len(ids), headings, rows)


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
        return ", ".join(str(getattr(one, "user", one)) for one in value)
    if value is not None:
        return str(value)
    keys = [record.mapper.get_property_by_column(column).key for column in relation.local_columns]
    return _("hidden") if any(getattr(item, key) is not None for key in keys) else None
