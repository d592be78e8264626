"""Yes/no columns of which only one row per client may have a yes, by a partial unique index: the primary contact."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Boolean, Index, Table, func, select
from sqlalchemy.orm import Session

from crm.models import Change
from crm.models.base import Base
from crm.services.history.bulk import update_rows

log = Change.__table__


def predicate(key: Any) -> Any:
    """The condition of a partial index; None for anything else."""
    return key.dialect_options["postgresql"].get("where") if isinstance(key, Index) else None


def flags(table: Table, column: str = "client_id") -> Iterator[str]:
    """The names of a table's flags, one yes per value of `column`."""
    for index in table.indexes:
        condition = predicate(index)
        if index.unique and condition is not None and [c.name for c in index.columns] == [column]:
            name = str(condition)
            if name in table.c and isinstance(table.c[name].type, Boolean):
                yield name


def raise_missing(session: Session, operation: int) -> None:
    """Where an operation left a client with rows but no yes among them, the oldest gets it."""
    changed = set(
        session.connection().scalars(
            select(log.c.table_name).where(log.c.operation_id == operation).distinct()
        )
    )
    for table in Base.metadata.tables.values():
        if table.name not in changed:
            continue
        for flag in flags(table):
            mine = (log.c.operation_id == operation) & (log.c.table_name == table.name)
            touched = select(log.c.row_id).where(mine)
            involved = select(log.c.client_id).where(mine).union(
                select(table.c.client_id).where(table.c.id.in_(touched))
            )  # fmt: skip
            has_one = select(table.c.client_id).where(table.c[flag])
            oldest = (
                select(func.min(table.c.id))
                .where(table.c.client_id.in_(involved), table.c.client_id.not_in(has_one))
                .group_by(table.c.client_id)
            )
            update_rows(session, table, table.c.id.in_(oldest), {flag: True})
