"""Many rows changed by one statement each, logged like any other change.

The log is written first, by a query that also locks the rows; the change itself then takes its rows, and
where they are computed its values, from the log. So what was logged is what was done.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    delete,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    type_coerce,
    update,
)  # fmt: skip
from sqlalchemy.orm import Session

from crm.models import Change
from crm.models.types import Json, utc_now
from crm.security.viewer import actor_id
from crm.services.history import log as history
from crm.services.history.change_values import is_same, packed, unpacked, whole_row

log = Change.__table__
COLUMNS = ("operation_id", "step", "table_name", "row_id", "client_id", "action", "before", "after")


def dialect_of(session: Session) -> str:
    """The name of the database's kind: sqlite or postgresql."""
    return session.get_bind().dialect.name


def client_of(table: Table) -> ColumnElement[Any]:
    """The client in whose history a change of this table's rows stands."""
    if table.name == "client":
        return table.c.id
    return table.c.client_id if "client_id" in table.c else null()


def rows_of(operation: int, step: int, table: Table) -> Select[tuple[int]]:
    """The ids of this table's rows in one step of an operation."""
    return select(log.c.row_id).where(
        log.c.operation_id == operation, log.c.step == step, log.c.table_name == table.name
    )


def logged(
    session: Session,
    table: Table,
    action: str,
    found: Select[Any],
    before: ColumnElement[Any] | None,
    after: ColumnElement[Any] | None,
    client_id: ColumnElement[Any] | None = None,
) -> tuple[int, int]:
    """Write one step of the log for the rows that `found` selects from table; gives the step and their number.

    found: a query whose columns are ignored; its rows are locked.
    """
    operation, step = history.operation_id(session), history.next_step(session)
    values = [
        literal(operation), literal(step), literal(table.name), table.c.id,
        client_of(table) if client_id is None else client_id, literal(action),
        type_coerce(null(), Json) if before is None else before,
        type_coerce(null(), Json) if after is None else after,
    ]  # fmt: skip
    rows = found.with_only_columns(*values, maintain_column_froms=True).with_for_update(of=table)
    return step, written(session.connection(), insert(log).from_select(COLUMNS, rows))


def written(connection: Connection, statement: Any) -> int:
    """Execute a statement; gives the number of rows it wrote."""
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount


def update_rows(
    session: Session,
    table: Table,
    condition: ColumnElement[bool],
    values: Mapping[str, Any],
    also: Mapping[str, Any] | None = None,
    raise_version: bool = True,
) -> tuple[int, int]:
    """Set values in the rows that meet a condition and differ; gives the step and the number of rows.

    values: plain values or SQL expressions by column name, of which at least one must change for a row to
    count. also: values set with them. raise_version: False for changes that no editor of the row need know of.
    """
    session.flush()
    dialect = dialect_of(session)
    columns = {name: table.c[name] for name in (*values, *(also or {}))}
    new = {name: _as_sql(columns[name], value) for name, value in {**values, **(also or {})}.items()}
    differs = or_(*(~is_same(dialect, columns[name], new[name]) for name in values))
    step, number = logged(
        session, table, "update", select(table.c.id).where(condition, differs),
        packed(dialect, table, columns), packed(dialect, table, new),
    )  # fmt: skip
    if number:
        new = {**values, **(also or {})}
        plain = {name: value for name, value in new.items() if not isinstance(value, ColumnElement)}
        apply_log(session, table, step, [name for name in new if name not in plain], plain, raise_version)
    return step, number


def _as_sql(column: Any, value: Any) -> ColumnElement[Any]:
    return value if isinstance(value, ColumnElement) else literal(value, column.type)


def apply_log(
    session: Session,
    table: Table,
    step: int,
    names: Iterable[str],
    plain: Mapping[str, Any] | None = None,
    raise_version: bool = True,
) -> None:
    """Write to the rows of a step what its log says of these columns, and the plain values."""
    dialect, operation = dialect_of(session), history.operation_id(session)
    mine = and_(log.c.operation_id == operation, log.c.step == step, log.c.table_name == table.name)
    new = dict(plain or {}) | {name: unpacked(dialect, log.c.after, table.c[name]) for name in names}
    new |= stamp(table, raise_version)
    session.connection().execute(update(table).where(mine, log.c.row_id == table.c.id).values(new))


def stamp(table: Table, raise_version: bool = True) -> dict[str, Any]:
    """What a change writes beside the values: when, by whom, and the next version, where a table has these."""
    found: dict[str, Any] = {}
    if "changed_by_id" in table.c:
        found |= {"changed_at": utc_now(), "changed_by_id": actor_id()}
    if raise_version and "version" in table.c:
        found["version"] = table.c.version + 1
    return found


def delete_rows(session: Session, table: Table, condition: ColumnElement[bool]) -> tuple[int, int]:
    """Delete the rows that meet a condition; gives the step and the number of rows."""
    session.flush()
    before = packed(dialect_of(session), table, whole_row(table, table))
    step, number = logged(session, table, "delete", select(table.c.id).where(condition), before, None)
    if number:
        operation = history.operation_id(session)
        session.connection().execute(delete(table).where(table.c.id.in_(rows_of(operation, step, table))))
    return step, number


def insert_rows(
    session: Session,
    table: Table,
    names: tuple[str, ...],
    source: Select[Any],
    which: ColumnElement[bool],
    client_id: ColumnElement[Any] | None = None,
) -> tuple[int, int]:
    """Add the rows that a query gives; returns the step and the number of rows.

    names: the columns that the query fills. which: the condition by which the new rows are told from those
    that others add at the same time, such as their clients, which the caller has locked. client_id: in whose
    history they stand, where the table does not say it.
    """
    session.flush()
    connection = session.connection()
    newest = connection.scalar(select(func.coalesce(func.max(table.c.id), 0)))
    connection.execute(insert(table).from_select(names, source))
    after = packed(dialect_of(session), table, whole_row(table, table))
    new = select(table.c.id).where(table.c.id > newest, which)
    return logged(session, table, "insert", new, None, after, client_id)
