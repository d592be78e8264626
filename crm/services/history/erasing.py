"""Taking personal values out of history, so that a client can be forgotten while the log stays whole.

The rows of the log stay, with their order, their actions and the ids they name; only what a person could be
known by is blanked. Undoing such an operation later works as ever: a blanked value is not what stands in the
row, so it is left alone and listed.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Date, String, Table, bindparam, select, update

from crm.extensions import db
from crm.models import AttributeValue, Change, Client
from crm.models.types import Encrypted, Json
from crm.services.files.store import references

log = Change.__table__
PORTION = 1_000
#: Texts that are one of a few words of the program's own.
CLOSED = frozenset({"kind", "type", "stage", "priority", "currency", "billing_currency", "app_code"})
#: Of an attribute's values those that are no texts; options are words of everybody's.
VALUES = frozenset({"number", "integer", "moment", "yes"})


def personal_columns(table: Table) -> frozenset[str]:
    """The columns of a table that can hold something about a person: texts, days, values of attributes."""
    own = VALUES if table is AttributeValue.__table__ else frozenset()
    return own | frozenset(
        column.name for column in table.columns
        if isinstance(column.type, String | Date | Encrypted) and column.name not in CLOSED
    )  # fmt: skip


def blank_history(client_ids: Collection[int]) -> int:
    """Blank the personal values in the log of these clients; the caller commits. Gives the rows touched."""
    return _blank_where(log.c.client_id.in_(client_ids))


def blank_rows(table: Table, condition: ColumnElement[bool]) -> int:
    """Blank the personal values in the log of the rows of a table that are there now; the caller commits."""
    return _blank_where(
        (log.c.table_name == table.name) & log.c.row_id.in_(select(table.c.id).where(condition))
    )


def files_of(client_ids: Collection[int]) -> set[int]:
    """The stored files that rows of these clients have, or had as their history tells."""
    connection, found = db.session.connection(), set[int]()
    for column in references():
        table, name = column.table, column.name
        if "client_id" not in table.c:
            continue
        found |= set(connection.scalars(select(column).where(table.c.client_id.in_(client_ids))))
        mine = (log.c.table_name == table.name) & log.c.client_id.in_(client_ids)
        for sides in connection.execute(select(log.c.before, log.c.after).where(mine)):
            found |= {side[name] for side in sides if side and side.get(name)}
    return found


def _blank_where(mine: ColumnElement[bool]) -> int:
    connection, last, touched = db.session.connection(), 0, 0
    set_values = (
        update(log)
        .where(log.c.id == bindparam("number"))
        .values(before=bindparam("new_before", type_=Json), after=bindparam("new_after", type_=Json))
    )
    while True:
        asked = select(log.c.id, log.c.table_name, log.c.before, log.c.after)
        rows = connection.execute(asked.where(mine, log.c.id > last).order_by(log.c.id).limit(PORTION)).all()
        if not rows:
            return touched
        last = rows[-1].id
        blanked = [
            {"number": row.id, "new_before": before, "new_after": after}
            for row in rows
            for before, after in [(_blank(row.table_name, row.before), _blank(row.table_name, row.after))]
            if (before, after) != (row.before, row.after)
        ]
        if blanked:
            connection.execute(set_values, blanked)
        touched += len(blanked)


def _blank(table_name: str, values: dict[str, Any] | None) -> dict[str, Any] | None:
    table = Client.metadata.tables.get(table_name)
    if values is None or table is None:
        return values
    personal = personal_columns(table)
    return {name: None if name in personal else value for name, value in values.items()}
