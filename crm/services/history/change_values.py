"""The values of a change as SQL: packed into the log's JSON by the database itself, and taken out again.

The same encoding as `crm.services.history.encoding`, so that nobody can tell a change that a bulk statement
logged from one that a flush did.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import JSON as AnyJson
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Date,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    Select,
    Table,
    bindparam,
    case,
    cast,
    column,
    exists,
    func,
    literal,
    select,
    type_coerce,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, array
from sqlalchemy.types import BigInteger, Text, TypeEngine

from crm.models.types import Exact, Json, UtcDateTime

#: How many values go into one JSON function: PostgreSQL takes 100 arguments, SQLite 127.
MOST_AT_ONCE = 40
PG_MOMENT = 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'

#: Values by column name, each a column element of the column's type.
Values = Mapping[str, ColumnElement[Any]]


def can_be_logged(table: Table) -> bool:
    """Whether every value of a table fits into the log, and each row has an id."""
    return "id" in table.c and not any(isinstance(c.type, LargeBinary) for c in table.c)


def packed(dialect: str, table: Table, values: Values) -> ColumnElement[Any]:
    """A JSON object of these values, as the log keeps them."""
    pairs = [(name, _encoded(dialect, table.c[name].type, value)) for name, value in values.items()]
    parts = []
    for start in range(0, len(pairs), MOST_AT_ONCE):
        flat = [
            x for name, value in pairs[start : start + MOST_AT_ONCE] for x in (_name(dialect, name), value)
        ]
        parts.append(func.json_object(*flat) if dialect == "sqlite" else func.jsonb_build_object(*flat))
    whole = parts[0]
    for part in parts[1:]:
        whole = (
            func.json_patch(whole, part) if dialect == "sqlite" else whole.op("||", return_type=JSONB())(part)
        )
    return type_coerce(whole, Json)


def whole_row(table: Table, row: Any) -> dict[str, ColumnElement[Any]]:
    """Every value of a row, for `packed`. row: the table or an alias of it."""
    return {c.name: row.c[c.name] for c in table.c}


def _name(dialect: str, name: str) -> ColumnElement[Any]:
    return cast(literal(name), Text) if dialect != "sqlite" else literal(name)


def _encoded(dialect: str, kind: TypeEngine[Any], value: Any) -> ColumnElement[Any]:
    on_sqlite = dialect == "sqlite"
    if isinstance(kind, Boolean):
        return func.json(case((value, "true"), (~value, "false"), else_=None)) if on_sqlite else value
    if isinstance(kind, UtcDateTime):
        if on_sqlite:
            return func.replace(value, " ", "T").op("||")("+00:00")
        return func.to_char(func.timezone("UTC", value), PG_MOMENT)
    if isinstance(kind, AnyJson):
        return func.json(value) if on_sqlite else value
    return value


def unpacked(dialect: str, document: Any, col: Column[Any]) -> ColumnElement[Any]:
    """The value of a column out of the log's JSON, with the column's own type."""
    kind = col.type
    if dialect == "sqlite":
        found = func.json_extract(document, f"$.{col.name}")
        if isinstance(kind, UtcDateTime):
            found = func.replace(func.substr(found, 1, 26), "T", " ")
        return type_coerce(found, kind)
    text = cast(document, JSONB).op("->>", return_type=Text())(cast(literal(col.name), Text))
    if isinstance(kind, AnyJson):
        value = cast(document, JSONB).op("->", return_type=JSONB())(cast(literal(col.name), Text))
        return type_coerce(func.nullif(value, cast(literal("null", Text), JSONB)), kind)
    if isinstance(kind, Exact):
        return type_coerce(cast(text, BigInteger), kind)
    if isinstance(kind, Boolean | Integer | Float | Numeric | Date | UtcDateTime):
        return cast(text, kind)
    return type_coerce(text, kind)


def keys_of(dialect: str, document: Any) -> ColumnElement[str]:
    """The names of the columns in one side of a change, as one text."""
    if dialect == "sqlite":
        each = func.json_each(document).table_valued("key")
        return select(func.group_concat(each.c.key, ",")).scalar_subquery()
    key = func.jsonb_object_keys(document).column_valued("key")
    return select(func.string_agg(key, ",")).scalar_subquery()


def has_key(dialect: str, document: Any, name: str) -> ColumnElement[bool]:
    """Whether a JSON object has this key, be its value null."""
    if dialect == "sqlite":
        return func.json_type(document, f"$.{name}").is_not(None)
    return cast(document, JSONB).has_key(name)


def has_any_key(dialect: str, document: Any, names: Iterable[str]) -> ColumnElement[bool]:
    """Whether a JSON object has one of these keys; NULL or false for none."""
    if dialect == "sqlite":
        each = func.json_each(document).table_valued("key")
        return exists().select_from(each).where(each.c.key.in_(sorted(names)))
    return cast(document, JSONB).has_any(array([cast(literal(name), Text) for name in sorted(names)]))


def is_same(dialect: str, one: Any, other: Any) -> ColumnElement[bool]:
    """Whether two values are the same, None being the same as None."""
    return one.op("IS" if dialect == "sqlite" else "IS NOT DISTINCT FROM", is_comparison=True)(other)


def listed(dialect: str, ids: Iterable[int]) -> Select[tuple[int]]:
    """These ids as a query of one parameter, however many they are."""
    if dialect == "sqlite":
        document = json.dumps([int(i) for i in ids])
        rows = func.json_each(bindparam("ids", document, unique=True)).table_valued(column("value", Integer))
        return select(rows.c.value)
    # of an array PostgreSQL knows beforehand how many there are, and joins accordingly
    numbers = bindparam("ids", [int(i) for i in ids], ARRAY(BigInteger), unique=True)
    return select(func.unnest(numbers, type_=BigInteger()).column_valued("value"))


__all__ = [
    "Values",
    "can_be_logged",
    "has_any_key",
    "has_key",
    "is_same",
    "keys_of",
    "listed",
    "packed",
    "unpacked",
    "whole_row",
]
