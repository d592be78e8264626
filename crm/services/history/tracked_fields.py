"""The fields of a record type whose changes its history tells: what the declaration shows, column by column."""

from typing import Any

from flask_babel import gettext as _

from crm.models import Client
from crm.models.base import SeenByAll
from crm.models.client import ADDRESS_PARTS
from crm.registry import RecordType
from crm.services.clients.words import LABELS

#: Columns that say how others are shown: the currency of amounts, whether a time is a whole day.
CONTEXT = ("currency", "billing_currency", "all_day", "sensitive")


def tracked_columns(record: RecordType) -> dict[str, str]:
    """Field -> its column in the database, in the order of the form, then of the list."""
    if record.model is Client:
        names = [*(name for name in LABELS if name in Client.__table__.c), "archived_at", "deleted_at"]
        return {name: name for name in names}
    kind = [record.kind] if record.kind is not None else []
    found: dict[str, str] = {}
    for attribute in (*kind, *record.fields, *record.columns):
        name = attribute.key
        relation = record.mapper.relationships.get(name)
        if relation is not None and not relation.uselist:
            found[name] = next(iter(relation.local_columns)).name
        elif name in record.mapper.columns and name not in ("id", "created_at"):
            found[name] = record.mapper.columns[name].name
    return found


def columns_of_field(record: RecordType, name: str) -> dict[str, str]:
    """The columns of a field, by the names of the fields that they are: of an address all its parts; blank: of all."""
    known = tracked_columns(record)
    parts = {f"{name}_{part}" for part in ADDRESS_PARTS} if record.model is Client else set()
    return {one: column for one, column in known.items() if not name or one == name or one in parts}


def context_columns(record: RecordType) -> list[str]:
    """The columns of a record type that say how its others are to be shown."""
    columns = record.mapper.local_table.c
    names = [*CONTEXT, *(["client_id"] if issubclass(record.model, SeenByAll) else [])]
    return [
        *(name for name in names if name in columns),
        *([record.kind.key] if record.kind is not None else []),
    ]


def words_of_field(record: RecordType, name: str) -> Any:
    """What a field, or a kind of pieces, is called."""
    if record.model is Client:
        own = {"archived_at": _("Archived"), "deleted_at": _("In the trash"), "tag_links": LABELS["tags"],
               "assignee_links": LABELS["assignees"]}  # fmt: skip
        if name in own or name in LABELS:
            return own.get(name) or LABELS[name]
    pieces = {"tag_links": _("Tags"), "external_ids": _("External IDs"), "lines": _("Lines"),
              "attachments": _("Attachments"), "options": _("Words of the list")}  # fmt: skip
    return record.labels.get(name) or pieces.get(name) or record.label_of(name)


def words_of_column(record: RecordType, column: str) -> str:
    """What a column in the database is called."""
    fields = {held: name for name, held in tracked_columns(record).items()}
    return str(words_of_field(record, fields.get(column, column)))
