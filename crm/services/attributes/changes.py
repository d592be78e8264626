"""Changing attributes that have values: their type, and deleting them.

Values are changed by set-based statements that log themselves, for there may be one at every client or contact.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_babel import get_timezone
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, insert, select, true

from crm.errors import RuleError
from crm.extensions import db
from crm.models import AttributeDefinition, AttributeOption, AttributeValue
from crm.models.sealed_values import OPEN_COLUMNS, value_of
from crm.services.attributes.options import forget_loaded
from crm.services.attributes.reading import WORD_TYPES, TooManyWords, read_value
from crm.services.attributes.storing import columns_of_value
from crm.services.history import bulk
from crm.services.history import log as history
from crm.services.history.encoding import encode
from crm.services.reading import Unreadable

values = AttributeValue.__table__
options = AttributeOption.__table__
CHUNK = 1_000
#: What tells a row of an attribute's values from the others.
OF_ROW = ("client_id", "contact_id", "slot")

#: Whose a value is: (client id, contact id; None for a client's own).
Owner = tuple[int, int | None]


# -- type


@dataclass(frozen=True)
class Unconverted:
    """A value that the new type cannot hold. contact_id: None for a client's own."""

    client_id: int
    contact_id: int | None
    value: str


def change_type(definition: AttributeDefinition, new_type: str) -> list[Unconverted]:
    """Give a definition another type and convert all its values; unless one cannot be, then nothing changes.

    Returns the values that cannot be converted. Texts that become words are added to the list of words; raises
    RuleError where those are too many.
    """
    old_type = definition.type
    if new_type == old_type:
        return []
    held = parts_of(definition)
    # read as the new type, but flushed only when every value can be
    with db.session.no_autoflush:
        definition.type = new_type
        there = list(definition.options)
        found, failed = {}, []
        for owner, parts in held.items():
            try:
                found[owner] = converted(definition, old_type, parts)
            except TooManyWords as error:
                definition.type = old_type
                definition.options[:] = there
                raise RuleError(str(error), field="type") from None
            except Unreadable:
                failed.append(Unconverted(*owner, as_text(parts, old_type)))
        if failed:
            definition.type = old_type
            definition.options[:] = there
            return failed
        definition.type = old_type
    db.session.flush()
    mine = values.c.definition_id == definition.id
    bulk.delete_rows(db.session(), values, mine)
    definition.type = definition.converted_to = new_type
    db.session.flush()
    insert_values(definition, found)
    forget_loaded()
    return []


def converted(definition: AttributeDefinition, old_type: str, parts: Sequence[Any]) -> Any:
    """The value of an owner that had another type, as it is read for the new one. Raises Unreadable."""
    both_words = {old_type, definition.type} <= WORD_TYPES
    value = read_value(definition, parts if both_words else as_text(parts, old_type), add_words=True)
    if value is None:
        # a text of nothing but commas and quotation marks is there, but no word is in it
        raise Unreadable
    return value


def parts_of(definition: AttributeDefinition, some: ColumnElement[bool] = true()) -> dict[Owner, list[Any]]:
    """Whose -> the value as its rows hold it, open or sealed: one part, of several words each."""
    labels = {option.id: option.label for option in definition.options}
    names = [name for name in OPEN_COLUMNS if name != "option_id"]
    asked = (
        select(
            values.c.client_id, values.c.contact_id, values.c.option_id, values.c.secret,
            *(values.c[name] for name in names),
        )
        .outerjoin(options, options.c.id == values.c.option_id)
        .where(values.c.definition_id == definition.id, some)
        .order_by(values.c.client_id, values.c.contact_id, options.c.position, options.c.id)
        .with_for_update(of=values)
    )  # fmt: skip
    found: dict[Owner, list[Any]] = defaultdict(list)
    for row in db.session.connection().execute(asked):
        if row.secret is not None:
            column, value = value_of(row.secret)
        else:
            held = ((name, getattr(row, name)) for name in OPEN_COLUMNS)
            column, value = next((one for one in held if one[1] is not None), ("", None))
        if value is not None:
            told = labels[value] if column == "option_id" else value
            found[row.client_id, row.contact_id].append(told)
    return found


def as_text(parts: Sequence[Any], type_: str) -> str:
    """The value of one owner as a text that reads back as the same; several words as a line of CSV."""
    texts = [_one_as_text(value) for value in parts]
    if type_ != "words":
        return texts[0]
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(texts)
    return ", ".join(texts) if not any(c in text for text in texts for c in ',"') else line.getvalue()


def _one_as_text(value: Any) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime):
        return value.astimezone(get_timezone()).isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def insert_values(definition: AttributeDefinition, found: dict[Owner, Any]) -> None:
    """Add values, as `read_value` gives them, for owners that have none; logged."""
    rows = [
        {"client_id": client_id, "contact_id": contact_id, "definition_id": definition.id, "slot": 0,
         **columns_of_value(definition, one)}
        for (client_id, contact_id), value in found.items()
        for one in (value if definition.type in WORD_TYPES else [value])
    ]  # fmt: skip
    connection = db.session.connection()
    operation, step = history.operation_id(db.session()), history.next_step(db.session())
    for start in range(0, len(rows), CHUNK):
        some = rows[start : start + CHUNK]
        # told by what they are unique by: rows in the order of their parameters would come one by one
        added = connection.execute(
            insert(values).returning(values.c.id, *(values.c[name] for name in OF_ROW)), some
        )
        numbers = {tuple(place): number for number, *place in added}
        log = [_log_row(numbers[tuple(row[name] for name in OF_ROW)], row) for row in some]
        history.write_changes(connection, operation, step, log)


def _log_row(row_id: int, row: dict[str, Any]) -> dict[str, Any]:
    """What the log says of a new value."""
    after = {name: encode(values.c[name].type, value) for name, value in row.items() if value is not None}
    return {
        "table_name": values.name, "row_id": row_id, "action": "insert", "client_id": row["client_id"],
        "before": None, "after": {"id": row_id, **after},
    }  # fmt: skip


# -- deleting


def delete_definition(definition: AttributeDefinition) -> None:
    """Delete an attribute with its options and all its values; logged, so that it can be undone."""
    bulk.delete_rows(db.session(), values, values.c.definition_id == definition.id)
    forget_loaded()
    db.session.delete(definition)
    db.session.flush()
