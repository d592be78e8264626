"""The names of a record's fields in JSON, out and in, by its declaration; and which of them it cannot be without."""

from typing import Any

from sqlalchemy import Column
from sqlalchemy.orm import InstrumentedAttribute

from crm.registry import RecordType

#: Columns of every record that only the CRM writes.
KEPT = ("id", "version", "created_at", "changed_at")
#: The name of a record's lines in JSON.
LINES = "lines"


def json_name(attribute: InstrumentedAttribute[Any]) -> str:
    """The name of an attribute in JSON: that of the attribute; `assignee_links` are the `assignees`."""
    name = attribute.key
    return name.removesuffix("_links") + "s" if name.endswith("_links") else name


def written_names(record: RecordType) -> dict[str, InstrumentedAttribute[Any]]:
    """JSON name -> attribute, of what may be written."""
    return {json_name(attribute): attribute for attribute in (*_kind(record), *record.fields)}


def shown_names(record: RecordType) -> dict[str, InstrumentedAttribute[Any]]:
    """JSON name -> attribute, of what is answered."""
    return {json_name(one): one for one in (*_kind(record), *record.columns, *record.fields)}


def changed_names(record: RecordType) -> dict[str, InstrumentedAttribute[Any]]:
    """JSON name -> attribute, of what may be written to a record that is there."""
    return {name: one for name, one in written_names(record).items() if not stays(record, one)}


def asked_names(record: RecordType) -> list[str]:
    """The JSON names without which no record is added."""
    filled_in = {one.key for one in record.filled_in}
    return [
        name for name, one in written_names(record).items()
        if is_needed_of(record, one) and one.key not in filled_in
    ]  # fmt: skip


def _kind(record: RecordType) -> list[InstrumentedAttribute[Any]]:
    return [record.kind] if record.kind is not None else []


def stays(record: RecordType, attribute: InstrumentedAttribute[Any]) -> bool:
    """Whether an attribute is written with a new record only: its kind, unless a field lets people change it."""
    return attribute is record.kind and attribute.key not in {one.key for one in record.fields}


def is_relation(record: RecordType, attribute: InstrumentedAttribute[Any]) -> bool:
    """Whether an attribute leads to other rows."""
    return attribute.key in record.mapper.relationships


def is_needed(column: Column[Any]) -> bool:
    """Whether a column is never empty and begins with nothing."""
    return not column.nullable and column.default is None


def is_needed_of(record: RecordType, attribute: InstrumentedAttribute[Any]) -> bool:
    """Whether a record cannot be without a column or relation, and does not begin with one."""
    if not is_relation(record, attribute):
        return is_needed(record.mapper.columns[attribute.key])
    relation = record.mapper.relationships[attribute.key]
    return not relation.uselist and not any(column.nullable for column in relation.local_columns)
