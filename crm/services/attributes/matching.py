"""Which rows of attribute values equal a value, whether they are open or sealed: for filters and look-ups."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, false, or_, select

from crm.models import AttributeDefinition, AttributeOption, AttributeValue
from crm.models.attribute import VALUE_COLUMNS
from crm.models.sealed_values import text_of
from crm.models.sealing import blind_indexes


def equals(definition: AttributeDefinition, value: Any, rows: Any = AttributeValue) -> ColumnElement[bool]:
    """The condition that a row is one of a definition and equals a value; served by an index either way.

    value: as `attribute_reading.read_value` gives it; of words a list of options, any of which counts. rows: the
    model, its table, or an alias of either. Sealed values are found by their blind index, without decrypting any:
    case and accents of a text do not count then. Whether the viewer may ask about sensitive values is for the
    caller to say (`crm.security.masking.may_see_sensitive`), as is whose values are meant.
    """
    columns = rows.c if hasattr(rows, "c") else rows
    some = value if isinstance(value, list | tuple) else [value]
    return (columns.definition_id == definition.id) & or_(
        *(_same(definition, one, columns) for one in _plain(some))
    )


def is_set(definition: AttributeDefinition, rows: Any = AttributeValue) -> ColumnElement[bool]:
    """The condition that a row is one of a definition: only values that are set have a row."""
    columns = rows.c if hasattr(rows, "c") else rows
    return columns.definition_id == definition.id


def is_sealed_word(connection: Connection) -> ColumnElement[bool]:
    """The condition that a sealed value stands for an option, which no foreign key tells."""
    options, definitions = AttributeOption.__table__, AttributeDefinition.__table__
    asked = select(options.c.id).join(definitions, definitions.c.id == options.c.definition_id)
    ids = connection.scalars(asked.where(definitions.c.sensitive)).all()
    keys = AttributeValue.__table__.c.match_key
    return or_(
        false(),
        *(
            (options.c.id == number) & exists().where(keys.in_(blind_indexes(text_of("option_id", number))))
            for number in ids
        ),
    )


def _same(definition: AttributeDefinition, value: Any, columns: Any) -> ColumnElement[bool]:
    column = VALUE_COLUMNS[definition.type]
    if definition.sensitive:
        return columns.match_key.in_(blind_indexes(text_of(column, value)))
    return getattr(columns, column) == value


def _plain(some: Iterable[Any]) -> list[Any]:
    return [one.id if isinstance(one, AttributeOption) else one for one in some]
