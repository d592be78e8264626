"""Rows as they were: from what they are now, back through the log, change by change."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, select

from crm.extensions import db
from crm.models import Change
from crm.services.history.change_values import listed
from crm.services.history.encoding import encode

#: The values of a row as the log keeps them, by column; None where there was no row.
Values = dict[str, Any] | None
log = Change.__table__


@dataclass(frozen=True)
class Stage:
    """One change of a row: the whole row before and after it.

    change: the row of the log: id, operation_id, row_id, client_id, action, before, after.
    """

    change: Any
    before: Values
    after: Values


def rows_now(table: Table, ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """These rows of a table as they are, in the log's values; whoever asks has made sure that they may be seen."""
    if not ids:
        return {}
    asked = select(table).where(table.c.id.in_(listed(_dialect(), ids)))
    return {
        row["id"]: {column.name: encode(column.type, row[column.name]) for column in table.c}
        for row in db.session.connection().execute(asked).mappings()
    }


def stages(table: Table, ids: Collection[int]) -> dict[int, list[Stage]]:
    """Row -> all that was done to it, the last first."""
    asked = select(log).where(log.c.table_name == table.name, log.c.row_id.in_(listed(_dialect(), ids)))
    changes = db.session.connection().execute(asked.order_by(log.c.id.desc())).all() if ids else []
    return told_backwards(changes, rows_now(table, ids))


def told_backwards(changes: Iterable[Any], now: Mapping[int, Values]) -> dict[int, list[Stage]]:
    """Row -> its stages, the last first. changes: of one table, the last first. now: the rows that are there."""
    current: dict[int, Values] = dict(now)
    found: dict[int, list[Stage]] = defaultdict(list)
    for change in changes:
        after = current.get(change.row_id)
        before = before_change(change, after)
        found[change.row_id].append(Stage(change, before, after))
        current[change.row_id] = before
    return found


def before_change(change: Any, after: Values) -> Values:
    """The row before a change, given the row after it."""
    if change.action == "insert":
        return None
    if change.action == "delete":
        return change.before
    return {**(after or {}), **(change.before or {})}


def _dialect() -> str:
    return db.session.get_bind().dialect.name
