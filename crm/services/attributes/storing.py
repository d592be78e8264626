"""Values of attributes as rows: the rows that an owner has, and writing a value over them.

A value is as `read_value` gives it: a text, Decimal, int, date, moment, bool; words are a list of options.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, event, select
from sqlalchemy.orm import Session

from crm.errors import StateConflict
from crm.extensions import db
from crm.models import AttributeDefinition, AttributeOption, AttributeValue, Contact
from crm.models.attribute import VALUE_COLUMNS, Owner, text_keys
from crm.models.sealed_values import OPEN_COLUMNS, sealed_columns, value_of
from crm.models.types import utc_now
from crm.services.attributes.reading import WORD_TYPES

definitions = AttributeDefinition.__table__


def kind_of(owner: Owner) -> str:
    """What an owner is, as definitions name it: client or contact."""
    return owner.__tablename__


def of_owners(kind: str, ids: Collection[int]) -> ColumnElement[bool]:
    """The condition that a value is one of these clients' or contacts' own."""
    if kind == "contact":
        return AttributeValue.contact_id.in_(ids)
    return AttributeValue.client_id.in_(ids) & AttributeValue.contact_id.is_(None)


def rows_of(owner: Owner) -> dict[int, list[AttributeValue]]:
    """definition id -> the rows of an owner's value, as the database has them."""
    found: dict[int, list[AttributeValue]] = defaultdict(list)
    if owner.id is None:
        return found
    asked = select(AttributeValue).where(of_owners(kind_of(owner), [owner.id])).order_by(AttributeValue.id)
    for row in db.session.scalars(asked.execution_options(populate_existing=True)):
        found[row.definition_id].append(row)
    return found


def held_by(row: AttributeValue) -> Any:
    """The value in one row, sealed or not; of a word the number of its option."""
    if row.secret is not None:
        return value_of(row.secret)[1]
    return next((value for name in OPEN_COLUMNS if (value := getattr(row, name)) is not None), None)


def stored(definition: AttributeDefinition, rows: Sequence[AttributeValue]) -> Any:
    """The value in these rows: words as a list of options, None for nothing."""
    if definition.type in WORD_TYPES:
        ids = {held_by(row) for row in rows}
        return [option for option in definition.options if option.id in ids] or None
    return held_by(rows[0]) if rows else None


def columns_of_value(definition: AttributeDefinition, one: Any) -> dict[str, Any]:
    """The columns of a row for one value; of words for one option, which has its number already."""
    column, several = VALUE_COLUMNS[definition.type], definition.type == "words"
    value = one.id if isinstance(one, AttributeOption) else one
    if definition.sensitive:
        return sealed_columns(column, value, several)
    keys = text_keys(value) if column == "text" else {}
    return {column: value, **keys, **({"slot": value} if several else {})}


def store(owner: Owner, definition: AttributeDefinition, rows: Sequence[AttributeValue], value: Any) -> bool:
    """Write one value over the rows of the old one. Whether anything changed.

    The owner's version goes up with it. Lock the owner first.
    """
    before = stored(definition, rows)
    if value == before:
        return False
    if value and definition.type in WORD_TYPES and any(option.id is None for option in value):
        # the rows name their options by number
        db.session.add(definition)
        db.session.flush()
    if definition.type == "words":
        _store_words(owner, definition, rows, value or [])
    elif value is None:
        for row in rows:
            db.session.delete(row)
    else:
        row = rows[0] if rows else _new_row(owner, definition)
        one = value[0] if definition.type == "word" else value
        for name, part in columns_of_value(definition, one).items():
            setattr(row, name, part)
        db.session.add(row)
    owner.changed_at = utc_now()
    return True


def _new_row(owner: Owner, definition: AttributeDefinition, **columns: Any) -> AttributeValue:
    if isinstance(owner, Contact):
        # one that is new, or moves, gives its client to what belongs to it when it is saved
        return AttributeValue(contact=owner, client_id=owner.client_id, definition=definition, **columns)
    return AttributeValue(client=owner, definition=definition, **columns)


def _store_words(
    owner: Owner,
    definition: AttributeDefinition,
    rows: Sequence[AttributeValue],
    options: Sequence[AttributeOption],
) -> None:
    wanted = {option.id: option for option in options}
    there = {held_by(row): row for row in rows}
    for option_id in there.keys() - wanted.keys():
        db.session.delete(there[option_id])
    for option_id in wanted.keys() - there.keys():
        db.session.add(_new_row(owner, definition, **columns_of_value(definition, wanted[option_id])))


@event.listens_for(Session, "before_flush")
def _check_definitions(session: Session, *_args: Any) -> None:
    """No value is written for an attribute that somebody gives another type or flag at the same time."""
    rows = [item for item in (*session.new, *session.dirty) if isinstance(item, AttributeValue)]
    known = {
        one.id: one
        for one in (row.definition for row in rows)
        if one is not None and one not in session.dirty
    }
    known.pop(None, None)
    if not known:
        return
    asked = select(definitions.c.id, definitions.c.type, definitions.c.sensitive).where(
        definitions.c.id.in_(known)
    )
    for now in session.connection().execute(asked.with_for_update(read=True)):
        if (now.type, now.sensitive) != (known[now.id].type, known[now.id].sensitive):
            raise StateConflict(_("The attribute was changed meanwhile. Please try again."))
