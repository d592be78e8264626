"""Rows that point at one record made to point at another, by a few statements for each table."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    Column,
    ColumnClause,
    ColumnElement,
    Index,
    Table,
    UniqueConstraint,
    exists,
    or_,
    true,
)  # fmt: skip
from sqlalchemy.orm import Session
from sqlalchemy.sql.visitors import replacement_traverse

from crm.models.base import Base
from crm.services.flags import predicate
from crm.services.history.bulk import delete_rows, rows_of, update_rows
from crm.services.history.change_values import can_be_logged
from crm.services.history.log import operation_id
from crm.services.timeline.following import drop_entries


@dataclass
class RowMoves:
    """The moves of one operation from a source to a target, by id.

    moved: how many rows of each table now are the target's.
    """

    session: Session
    source: int
    target: int
    moved: dict[str, int] = field(default_factory=dict)

    def move(
        self, column: Column[Any], which: ColumnElement[bool] | None = None, raise_version: bool = False
    ) -> tuple[int, int]:
        """Let the rows whose column names the source name the target; gives the step and the number of rows.

        which: only those that meet it. Of rows that the target has already, it keeps its own.
        """
        which = true() if which is None else which
        kept = self._without_doubles(column, which)
        step, number = update_rows(
            self.session, column.table, (column == self.source) & which & kept, {column.name: self.target},
            raise_version=raise_version,
        )  # fmt: skip
        if number:
            self.moved[column.table.name] = self.moved.get(column.table.name, 0) + number
        return step, number

    def drop(self, table: Table, condition: ColumnElement[bool]) -> None:
        """Delete rows, with their entries on the timeline and in the search."""
        step, number = delete_rows(self.session, table, condition)
        if number:
            drop_entries(self.session, table, rows_of(operation_id(self.session), step, table))

    def _without_doubles(self, column: Column[Any], which: ColumnElement[bool]) -> ColumnElement[bool]:
        """Delete the source's rows that a unique key would not let the target have twice.

        Rows that the log cannot hold, or that others refer to, stay with the source: gives the condition of
        those that may move.
        """
        table = column.table
        doubles = [self._is_double(column, *key) for key in _unique_keys(column)]
        if not doubles:
            return column.is_not(None)
        if can_be_logged(table) and not is_referred_to(table):
            self.drop(table, (column == self.source) & which & or_(*doubles))
            return column.is_not(None)
        return ~or_(*doubles)

    def _is_double(self, column: Column[Any], key: list[str], condition: Any) -> ColumnElement[bool]:
        table, twin = column.table, column.table.alias()
        same = [twin.c[name] == table.c[name] for name in key if name != column.name]
        both = [] if condition is None else [_of(side, condition) for side in (table, twin)]
        return exists().where(twin.c[column.name] == self.target, *same, *both)


def references_to(table: Table) -> list[Column[Any]]:
    """Every column of every table that is a foreign key to this one's id. Raises LookupError for one without id."""
    found = []
    for other in sorted(Base.metadata.tables.values(), key=lambda t: t.name):
        for column in other.c:
            if any(key.column is table.c.id for key in column.foreign_keys):
                if "id" not in other.c:
                    raise LookupError(
                        f"{other.name} refers to {table.name}, but its rows have no id to be logged by."
                    )
                found.append(column)
    return found


def is_referred_to(table: Table) -> bool:
    return bool(references_to(table))


def _unique_keys(column: Column[Any]) -> Iterator[tuple[list[str], Any]]:
    """(columns, condition of the rows it is about, or None) of the unique keys with a column; flags are not meant."""
    for key in (*column.table.constraints, *column.table.indexes):
        is_unique = isinstance(key, UniqueConstraint) or (isinstance(key, Index) and key.unique)
        names, condition = [c.name for c in key.columns] if is_unique else [], predicate(key)
        if column.name in names and (condition is None or names != [column.name]):
            yield names, condition


def _of(side: Any, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The condition of a partial index, said of an alias of its table."""

    def instead(element: Any, **_kw: Any) -> Any:
        return side.c[element.name] if isinstance(element, ColumnClause) else None

    return replacement_traverse(condition, {}, instead)
