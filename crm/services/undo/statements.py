"""The statements that take changes of one table back: all those of a step, or one row's."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session

from crm.extensions import db
from crm.models import AttributeOption, Change, Client
from crm.models.base import Base
from crm.models.types import Json, utc_now
from crm.services.attributes.matching import is_sealed_word
from crm.services.history import log as history
from crm.services.history.bulk import (
    COLUMNS,
    apply_log,
    client_of,
    dialect_of,
    logged,
    rows_of,
    update_rows,
    written,
)
from crm.services.history.change_values import is_same, keys_of, packed, unpacked, whole_row
from crm.services.history.log import BOOKKEEPING
from crm.services.timeline.following import follow, follows
from crm.services.undo.hidden import Hidden

log = Change.__table__
clients = Client.__table__


class Statements:
    """Takes rows back, without a look at what is left over.

    hidden: rows that are left alone. pair: of a merge, its target and its source, so that timeline
    and search entries go back with the rows; the steps that did are in `followed`.
    """

    def __init__(
        self, session: Session, operation: int, hidden: Hidden,
        pair: tuple[int, int] | None = None,
    ):  # fmt: skip
        self.session, self.operation = session, operation
        self.dialect, self.connection = dialect_of(session), session.connection()
        self.pair, self.followed = pair, set[int]()
        new = log.alias()
        self.new_clients = select(new.c.row_id).where(
            new.c.operation_id == operation, new.c.table_name == "client", new.c.action == "insert"
        )
        self.hidden = hidden

    # -- which changes

    def mine(
        self, changes: Any, step: int, table: Table | None = None, action: str = ""
    ) -> ColumnElement[bool]:
        """The changes of a step that are to be taken back; of new clients only that they are there."""
        client = changes.c.client_id
        found = and_(changes.c.operation_id == self.operation, changes.c.step == step)
        found &= or_(client.is_(None), changes.c.table_name == "client", client.not_in(self.new_clients))
        new = (changes.c.table_name == "client") & changes.c.row_id.in_(self.new_clients)
        found &= ~new | (changes.c.action == "insert")
        found &= ~self.hidden.left(self.dialect, changes)
        if table is not None:
            found &= (changes.c.table_name == table.name) & (changes.c.action == action)
        return found

    def back(self, step: int, table: Table, action: str, row_id: int | None) -> int:
        """Take back what can be taken back as a whole; gives the number of rows. Raises IntegrityError."""
        with self.connection.begin_nested():
            if action == "update":
                return self._change_back(step, table, row_id)
            if action == "delete":
                return self._restore(step, table, row_id)
            return self._trash_new(step, row_id) if table is clients else self._remove(step, table, row_id)

    # -- changed rows

    def _change_back(self, step: int, table: Table, row_id: int | None) -> int:
        number = 0
        for keys in self._key_sets(step, table, row_id):
            names = [key for key in keys.split(",") if key in table.c and key not in BOOKKEEPING]
            if not names:
                continue
            change = log.alias()
            columns = {name: table.c[name] for name in names}
            now = {name: unpacked(self.dialect, change.c.after, column) for name, column in columns.items()}
            old = {name: unpacked(self.dialect, change.c.before, column) for name, column in columns.items()}
            found = (
                select(table.c.id)
                .join_from(table, change, change.c.row_id == table.c.id)
                .where(
                    self.mine(change, step, table, "update"), keys_of(self.dialect, change.c.after) == keys
                )
                .where(*(self._same(columns[name], now[name]) for name in names))
            )
            if row_id is not None:
                found = found.where(table.c.id == row_id)
            client = client_of(table) if "client_id" in table.c or table is clients else change.c.client_id
            new_step, rows = logged(
                self.session, table, "update", found,
                packed(self.dialect, table, now), packed(self.dialect, table, old), client,
            )  # fmt: skip
            if rows:
                apply_log(self.session, table, new_step, names)
                self._follow(table, new_step, names)
            number += rows
        return number

    def _key_sets(self, step: int, table: Table, row_id: int | None) -> list[str]:
        asked = (
            select(keys_of(self.dialect, log.c.after)).distinct().where(self.mine(log, step, table, "update"))
        )
        if row_id is not None:
            asked = asked.where(log.c.row_id == row_id)
        return [keys for keys in self.connection.scalars(asked) if keys]

    def _same(self, column: Any, value: Any) -> ColumnElement[bool]:
        if self.dialect == "sqlite" and isinstance(column.type, type(Json)):
            return is_same(self.dialect, func.json(column), func.json(value))
        return is_same(self.dialect, column, value)

    def _follow(self, table: Table, step: int, names: list[str]) -> None:
        """Entries that say nothing of the client go back with their rows; others are derived anew."""
        if self.pair and names == ["client_id"] and follows(table):
            follow(self.session, history.operation_id(self.session), step, table, *self.pair)
            self.followed.add(step)

    # -- deleted rows

    def _restore(self, step: int, table: Table, row_id: int | None) -> int:
        change, operation = log.alias(), history.operation_id(self.session)
        there = exists().where(table.c.id == change.c.row_id)
        lost = select(change).where(self.mine(change, step, table, "delete"), ~there)
        if row_id is not None:
            lost = lost.where(change.c.row_id == row_id)
        new_step = history.next_step(self.session)
        values = (
            literal(operation), literal(new_step), change.c.table_name, change.c.row_id, change.c.client_id,
            literal("insert"), type_coerce(null(), Json), change.c.before,
        )  # fmt: skip
        rows = written(self.connection, insert(log).from_select(COLUMNS, lost.with_only_columns(*values)))
        if rows:
            names = [column.name for column in table.c]
            again = select(*(unpacked(self.dialect, log.c.after, column) for column in table.c)).where(
                log.c.operation_id == operation, log.c.step == new_step, log.c.table_name == table.name
            )
            self.connection.execute(insert(table).from_select(names, again, include_defaults=False))
        return rows

    # -- new rows

    def _remove(self, step: int, table: Table, row_id: int | None) -> int:
        change = log.alias()
        found = (
            select(table.c.id)
            .join_from(table, change, change.c.row_id == table.c.id)
            .where(self.mine(change, step, table, "insert"), *self._as_added(table, change))
            .where(*(~used for used in uses(table)))
        )
        if row_id is not None:
            found = found.where(table.c.id == row_id)
        client = client_of(table) if "client_id" in table.c else change.c.client_id
        before = packed(self.dialect, table, whole_row(table, table))
        new_step, rows = logged(self.session, table, "delete", found, before, None, client)
        if rows:
            gone = rows_of(history.operation_id(self.session), new_step, table)
            self.connection.execute(delete(table).where(table.c.id.in_(gone)))
        return rows

    def _as_added(self, table: Table, change: Any) -> Iterator[ColumnElement[bool]]:
        for column in table.c:
            if column.name not in BOOKKEEPING:
                yield self._same(column, unpacked(self.dialect, change.c.after, column))

    def _trash_new(self, step: int, row_id: int | None) -> int:
        """A new client goes to the trash with all it has, from where it can be fetched."""
        new = select(log.c.row_id).where(self.mine(log, step, clients, "insert"))
        lives = clients.c.deleted_at.is_(None) & clients.c.merged_into_id.is_(None)
        condition = clients.c.id.in_(new) & lives
        if row_id is not None:
            condition &= clients.c.id == row_id
        return update_rows(self.session, clients, condition, {"deleted_at": utc_now()})[1]


def uses(table: Table) -> Iterator[ColumnElement[bool]]:
    """The conditions that a row is referred to, one for each foreign key that points at its table."""
    for other in Base.metadata.tables.values():
        for key in other.foreign_keys:
            if key.column.table is table:
                alias = other.alias()
                yield exists().where(alias.c[key.parent.name] == key.column)
    if table is AttributeOption.__table__:
        yield is_sealed_word(db.session.connection())
