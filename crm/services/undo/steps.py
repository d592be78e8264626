"""One step of an operation taken back: rows deleted are there again, changed ones as they were, new ones gone."""

from typing import Any

from sqlalchemy import Table, func, insert, inspect, literal, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from crm.errors import RuleError, StateConflict
from crm.models import Change
from crm.models.base import Base
from crm.security.viewer import Viewer, acting, actor_id
from crm.security.visibility import including_hidden
from crm.services.flags import flags
from crm.services.history import log as history
from crm.services.history.encoding import decode_row
from crm.services.history.log import BOOKKEEPING
from crm.services.undo.hidden import Hidden
from crm.services.undo.report import CHANGED, CLASHES, DELETED, IN_USE, THERE, Report
from crm.services.undo.statements import Statements, uses

log = Change.__table__

#: Steps with up to so many rows are taken back row by row.
ROW_BY_ROW = 300
#: Of larger steps, so many rows that somebody changed since are looked at one by one.
MOST_LOOKED_AT = 1000
#: What undoes what, in this order: the reverse of what a flush does.
ORDER = ("delete", "update", "insert")
#: Endings of columns that follow from others.
DERIVED = ("_key", "_e164", "_changed_at")


class Reverter(Statements):
    """Takes the steps of one operation back, and reports."""

    def __init__(
        self, session: Session, operation: int, report: Report, hidden: Hidden,
        pair: tuple[int, int] | None = None,
    ):  # fmt: skip
        super().__init__(session, operation, hidden, pair)
        self.report = report

    def revert(self, step: int) -> None:
        """Take one step back."""
        self._count_hidden(step)
        asked = select(log.c.table_name, log.c.action, func.count()).where(self.mine(log, step))
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

    def _count_hidden(self, step: int) -> None:
        hidden = select(func.count()).select_from(log).where(
            log.c.operation_id == self.operation, log.c.step == step, self.hidden.condition(self.dialect, log)
        )  # fmt: skip
        self.report.hidden += self.connection.scalar(hidden) or 0

    def _rows(self, step: int, table: Table, action: str) -> list[int]:
        asked = select(log.c.row_id).where(self.mine(log, step, table, action)).order_by(log.c.row_id.desc())
        return list(self.connection.scalars(asked))

    # -- one row, or all rows of a table

    def _one(self, step: int, table: Table, action: str, row_id: int) -> None:
        try:
            if self.back(step, table, action, row_id):
                self.report.undone[table.name] += 1
            else:
                self._look_at(step, table, action, row_id)
        except IntegrityError:
            if action == "delete" and self._restore_lowered(step, table, row_id):
                self.report.undone[table.name] += 1
            else:
                self.report.leave(table.name, row_id, CLASHES)

    def _many(self, step: int, table: Table, action: str) -> None:
        first = history.next_step(self.session)
        try:
            number = self.back(step, table, action, None)
        except IntegrityError:
            for row_id in self._rows(step, table, action):
                self._one(step, table, action, row_id)
            return
        self.report.undone[table.name] += number
        done = select(log.c.row_id).where(
            log.c.operation_id == history.operation_id(self.session), log.c.step > first,
            log.c.table_name == table.name,
        )  # fmt: skip
        asked = select(log.c.row_id).where(self.mine(log, step, table, action), log.c.row_id.not_in(done))
        for place, row_id in enumerate(list(self.connection.scalars(asked.order_by(log.c.row_id)))):
            if place < MOST_LOOKED_AT:
                self._look_at(step, table, action, row_id)
            else:
                self.report.leave(table.name, row_id, CHANGED)

    # -- rows that cannot be taken back as a whole

    def _look_at(self, step: int, table: Table, action: str, row_id: int) -> None:
        """Take back what nobody touched since, and say what is left and why."""
        current = self.connection.execute(select(table).where(table.c.id == row_id)).one_or_none()
        if action == "delete":
            self.report.leave(table.name, row_id, THERE)
        elif current is None:
            self.report.leave(table.name, row_id, DELETED)
        elif action == "update":
            self._partly(step, table, row_id, current._mapping)
        else:
            used = any(
                self.connection.scalar(select(literal(1)).select_from(table).where(table.c.id == row_id, use))
                for use in uses(table)
            )
            self.report.leave(table.name, row_id, IN_USE if used else CHANGED)

    def _restore_lowered(self, step: int, table: Table, row_id: int) -> bool:
        """Another row has meanwhile what one of a client's may have: this one comes back without it."""
        lowered = dict.fromkeys(flags(table), False)
        change = self._change(step, table, row_id)
        if not any(change.before.get(name) for name in lowered):
            return False
        try:
            with self.connection.begin_nested():
                self.connection.execute(insert(table).values(decode_row(table, change.before) | lowered))
        except IntegrityError:
            return False
        row = {
            "table_name": table.name, "row_id": row_id, "action": "insert", "client_id": change.client_id,
            "before": None, "after": change.before | lowered,
        }  # fmt: skip
        operation, number = history.operation_id(self.session), history.next_step(self.session)
        history.write_changes(self.connection, operation, number, [row])
        return True

    def _change(self, step: int, table: Table, row_id: int) -> Any:
        where = (log.c.operation_id == self.operation, log.c.step == step, log.c.table_name == table.name)
        return self.connection.execute(select(log).where(*where, log.c.row_id == row_id)).one()

    def _partly(self, step: int, table: Table, row_id: int, current: Any) -> None:
        change = self._change(step, table, row_id)
        before = decode_row(table, change.before or {})
        after = decode_row(table, change.after or {})
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
