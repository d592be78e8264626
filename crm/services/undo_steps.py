"""One step of an operation taken back: rows deleted are there again, changed ones as they were, new ones gone."""

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    inspect,
    literal,
    null,
    or_,
    select,
    type_coerce,
)  # fmt: skip
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from crm.errors import RuleError, StateConflict
from crm.models import Change, Client
from crm.models.base import Base
from crm.models.types import Json, utc_now
from crm.security.viewer import Viewer, acting, actor_id
from crm.security.visibility import including_hidden
from crm.services import history
from crm.services.bulk import COLUMNS, apply_log, client_of, dialect_of, logged, rows_of, update_rows, written
from crm.services.change_values import is_same, packed, unpacked, whole_row
from crm.services.following import follow, follows
from crm.services.history import BOOKKEEPING
from crm.services.undo_report import CHANGED, CLASHES, DELETED, IN_USE, TAKEN, Report

log = Change.__table__
clients = Client.__table__

#: Steps with up to so many rows are taken back row by row.
ROW_BY_ROW = 300
#: Of larger steps, so many rows that somebody changed since are looked at one by one.
MOST_LOOKED_AT = 1000
#: What undoes what, in this order: the reverse of what a flush does.
ORDER = ("delete", "update", "insert")
#: Endings of columns that follow from others.
DERIVED = ("_key", "_e164", "_changed_at")


class Reverter:
    """Takes the steps of one operation back.

    foreign: clients whose rows are left alone. pair: of a merge, its target and its source, so that timeline
    and search entries go back with the rows; the steps that did are in `followed`.
    """

    def __init__(
        self, session: Session, operation: int, report: Report, foreign: Collection[int],
        pair: tuple[int, int] | None = None,
    ):  # fmt: skip
        self.session, self.operation, self.report = session, operation, report
        self.dialect, self.connection = dialect_of(session), session.connection()
        self.pair, self.followed = pair, set[int]()
        new = log.alias()
        self.new_clients = select(new.c.row_id).where(
            new.c.operation_id == operation, new.c.table_name == "client", new.c.action == "insert"
        )
        self.foreign = sorted(foreign)

    def revert(self, step: int) -> None:
        """Take one step back."""
        self._count_hidden(step)
        asked = select(log.c.table_name, log.c.action, func.count()).where(self._mine(log, step))
        groups = {(name, action): n for name, action, n in self.connection.execute(
            asked.group_by(log.c.table_name, log.c.action))}  # fmt: skip
        one_by_one = sum(groups.values()) <= ROW_BY_ROW
        for action in ORDER:
            for table in _in_order(
                {name for name, a in groups if a == action}, children_first=action == "insert"
            ):
                if one_by_one:
                    for row_id in self._rows(step, table, action):
                        self._one(step, table, action, row_id)
                else:
                    self._many(step, table, action)

    # -- which changes

    def _mine(
        self, changes: Any, step: int, table: Table | None = None, action: str = ""
    ) -> ColumnElement[bool]:
        """The changes of a step that are to be taken back; of new clients only that they are there."""
        client = changes.c.client_id
        found = and_(changes.c.operation_id == self.operation, changes.c.step == step)
        found &= or_(client.is_(None), changes.c.table_name == "client", client.not_in(self.new_clients))
        new = (changes.c.table_name == "client") & changes.c.row_id.in_(self.new_clients)
        found &= ~new | (changes.c.action == "insert")
        if self.foreign:
            found &= or_(client.is_(None), client.not_in(self.foreign))
        if table is not None:
            found &= (changes.c.table_name == table.name) & (changes.c.action == action)
        return found

    def _count_hidden(self, step: int) -> None:
        if self.foreign:
            hidden = select(func.count()).select_from(log).where(
                log.c.operation_id == self.operation, log.c.step == step, log.c.client_id.in_(self.foreign)
            )  # fmt: skip
            self.report.hidden += self.connection.scalar(hidden) or 0

    def _rows(self, step: int, table: Table, action: str) -> list[int]:
        asked = select(log.c.row_id).where(self._mine(log, step, table, action)).order_by(log.c.row_id.desc())
        return list(self.connection.scalars(asked))

    # -- one row, or all rows of a table

    def _one(self, step: int, table: Table, action: str, row_id: int) -> None:
        try:
            if self._back(step, table, action, row_id):
                self.report.undone[table.name] += 1
            else:
                self._look_at(step, table, action, row_id)
        except IntegrityError:
            self.report.leave(table.name, row_id, CLASHES)

    def _many(self, step: int, table: Table, action: str) -> None:
        first = history.next_step(self.session)
        try:
            number = self._back(step, table, action, None)
        except IntegrityError:
            for row_id in self._rows(step, table, action):
                self._one(step, table, action, row_id)
            return
        self.report.undone[table.name] += number
        done = select(log.c.row_id).where(
            log.c.operation_id == history.operation_id(self.session), log.c.step > first,
            log.c.table_name == table.name,
        )  # fmt: skip
        asked = select(log.c.row_id).where(self._mine(log, step, table, action), log.c.row_id.not_in(done))
        for place, row_id in enumerate(list(self.connection.scalars(asked.order_by(log.c.row_id)))):
            if place < MOST_LOOKED_AT:
                self._look_at(step, table, action, row_id)
            else:
                self.report.leave(table.name, row_id, CHANGED)

    def _back(self, step: int, table: Table, action: str, row_id: int | None) -> int:
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
                .where(self._mine(change, step, table, "update"), self._keys_of(change) == keys)
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
        asked = select(self._keys_of(log)).distinct().where(self._mine(log, step, table, "update"))
        if row_id is not None:
            asked = asked.where(log.c.row_id == row_id)
        return [keys for keys in self.connection.scalars(asked) if keys]

    def _keys_of(self, change: Any) -> ColumnElement[str]:
        """The names of the columns that a change changed, as one text."""
        if self.dialect == "sqlite":
            each = func.json_each(change.c.after).table_valued("key")
            return select(func.group_concat(each.c.key, ",")).scalar_subquery()
        key = func.jsonb_object_keys(change.c.after).column_valued("key")
        return select(func.string_agg(key, ",")).scalar_subquery()

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
        lost = select(change).where(self._mine(change, step, table, "delete"), ~there)
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
            .where(self._mine(change, step, table, "insert"), *self._as_added(table, change))
            .where(*(~used for used in _uses(table)))
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
        new = select(log.c.row_id).where(self._mine(log, step, clients, "insert"))
        lives = clients.c.deleted_at.is_(None) & clients.c.merged_into_id.is_(None)
        condition = clients.c.id.in_(new) & lives
        if row_id is not None:
            condition &= clients.c.id == row_id
        return update_rows(self.session, clients, condition, {"deleted_at": utc_now()})[1]

    # -- rows that cannot be taken back as a whole

    def _look_at(self, step: int, table: Table, action: str, row_id: int) -> None:
        """Take back what nobody touched since, and say what is left and why."""
        current = self.connection.execute(select(table).where(table.c.id == row_id)).one_or_none()
        if action == "delete":
            self._restore_renumbered(step, table, row_id)
        elif current is None:
            self.report.leave(table.name, row_id, DELETED)
        elif action == "update":
            self._partly(step, table, row_id, current._mapping)
        else:
            used = any(
                self.connection.scalar(select(literal(1)).select_from(table).where(table.c.id == row_id, use))
                for use in _uses(table)
            )
            self.report.leave(table.name, row_id, IN_USE if used else CHANGED)

    def _change(self, step: int, table: Table, row_id: int) -> Any:
        where = (log.c.operation_id == self.operation, log.c.step == step, log.c.table_name == table.name)
        return self.connection.execute(select(log).where(*where, log.c.row_id == row_id)).one()

    def _partly(self, step: int, table: Table, row_id: int, current: Any) -> None:
        change = self._change(step, table, row_id)
        before = history.decode_row(table, change.before or {})
        after = history.decode_row(table, change.after or {})
        names = [n for n in after if n not in BOOKKEEPING and not n.endswith(DERIVED) and n in before]
        theirs = tuple(sorted(n for n in names if current[n] != after[n]))
        ours = {n: before[n] for n in names if n not in theirs}
        if ours and theirs and self._write(table, row_id, ours):
            self.report.undone[table.name] += 1
        if theirs or not names:
            self.report.leave(table.name, row_id, CHANGED, theirs)
        elif ours:
            self.report.leave(table.name, row_id, CHANGED, tuple(ours))

    def _write(self, table: Table, row_id: int, values: dict[str, Any]) -> bool:
        """Some values of a row through its model, so that what follows from them is worked out anew."""
        model = next(m.class_ for m in Base.registry.mappers if m.local_table is table)
        everybody = Viewer(actor_id(), "all", is_admin=True)
        try:
            with acting(everybody), including_hidden(), self.session.begin_nested():
                item = self.session.get(model, row_id, populate_existing=True)
                for name, value in values.items():
                    setattr(item, inspect(model).get_property_by_column(table.c[name]).key, value)
                self.session.flush()
        except (RuleError, StateConflict, IntegrityError, StaleDataError):
            return False
        finally:
            self.session.expire_all()
        return True

    def _restore_renumbered(self, step: int, table: Table, row_id: int) -> None:
        """Another row has the number meanwhile: a link takes a new one; what others refer to stays away."""
        if _is_referred_to(table):
            self.report.leave(table.name, row_id, TAKEN)
            return
        change = self._change(step, table, row_id)
        values = history.decode_row(table, change.before or {})
        values.pop("id", None)
        try:
            with self.connection.begin_nested():
                new = self.connection.execute(insert(table).values(values)).inserted_primary_key[0]
        except IntegrityError:
            self.report.leave(table.name, row_id, CLASHES)
            return
        row = {"table_name": table.name, "row_id": new, "action": "insert", "client_id": change.client_id,
               "before": None, "after": {**change.before, "id": new}}  # fmt: skip
        operation = history.operation_id(self.session)
        history.write_changes(self.connection, operation, history.next_step(self.session), [row])
        self.report.undone[table.name] += 1


def _in_order(names: set[str], children_first: bool) -> list[Table]:
    """Tables in an order in which each row's parents are there: as the mappers' dependencies say."""
    tables = [table for table in Base.metadata.tables.values() if table.name in names]
    depth = {table.name: _depth(table, frozenset()) for table in tables}
    return sorted(tables, key=lambda t: (depth[t.name], t.name), reverse=children_first)


def _depth(table: Table, passed: frozenset[str]) -> int:
    """How many tables stand above this one; circles count once."""
    above = {key.column.table for key in table.foreign_keys}
    return max(
        (_depth(t, passed | {table.name}) + 1 for t in above if t.name not in passed | {table.name}),
        default=0,
    )


def _uses(table: Table) -> Iterator[ColumnElement[bool]]:
    """The conditions that a row is referred to, one for each foreign key that points at its table."""
    for other in Base.metadata.tables.values():
        for key in other.foreign_keys:
            if key.column.table is table:
                alias = other.alias()
                yield exists().where(alias.c[key.parent.name] == key.column)


def _is_referred_to(table: Table) -> bool:
    return any(
        key.column.table is table for other in Base.metadata.tables.values() for key in other.foreign_keys
    )
