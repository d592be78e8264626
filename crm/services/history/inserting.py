"""Many rows at once, with as little as possible said to the database for each of them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, CursorResult, Text, bindparam, cast, column, func, select, table
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import Insert

from crm.models.base import Base
from crm.services.history.encoding import encode

#: So many new rows of one type in a flush get their ids beforehand.
MANY = 10


def insert_many(
    connection: Connection, statement: Insert, rows: Sequence[Mapping[str, Any]]
) -> CursorResult[Any]:
    """Run an insert without values for all of these rows, one at least.

    PostgreSQL gets them as one document: a value of its own costs more to send than to store.
    statement: may say what to return, and what to do on a conflict. rows: values by name of column, the same
    columns in each.
    """
    if connection.dialect.name != "postgresql":
        return connection.execute(statement, rows)
    kinds = {name: statement.table.c[name].type for name in rows[0]}
    document = json.dumps([{name: encode(kinds[name], value) for name, value in row.items()} for row in rows])
    each = (
        func.json_to_recordset(cast(bindparam("rows", type_=Text), JSON))
        .table_valued(*(column(name, kind) for name, kind in kinds.items()))
        .render_derived(with_types=True)
    )
    return connection.execute(statement.from_select(list(kinds), select(each)), {"rows": document})


def give_ids(session: Session) -> None:
    """Give the new rows of a flush their ids, where many are of one type, so that they are written in one go.

    For ids to come back, SQLite is asked row by row, and PostgreSQL by a statement with a parameter for each value.
    """
    by_type: dict[type[Base], list[Any]] = {}
    for item in session.new:
        if isinstance(item, Base) and getattr(item, "id", 0) is None:
            by_type.setdefault(type(item), []).append(item)
    for model, items in by_type.items():
        if len(items) >= MANY:
            for item, number in zip(items, _next_ids(session, model.__tablename__, len(items)), strict=True):
                item.id = number


def _next_ids(session: Session, name: str, number: int) -> Sequence[int]:
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        next_one = func.nextval(func.pg_get_serial_sequence(name, "id"))
        return connection.scalars(select(next_one).select_from(func.generate_series(1, number))).all()
    # whoever writes on SQLite does so alone
    given = table("sqlite_sequence", column("name"), column("seq"))
    last = connection.scalar(select(given.c.seq).where(given.c.name == name)) or 0
    return range(last + 1, last + 1 + number)
