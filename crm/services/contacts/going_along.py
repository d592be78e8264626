"""What belongs to a record, as tags to a contact, goes along with it to another client, by whatever statement.

Edits of one record take it along themselves. Where statements move rows one by one, as an undo does, something
may have been added to a record meanwhile that they know nothing of.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Table, or_, select
from sqlalchemy.orm import Session

from crm.models import Change
from crm.models.base import CLIENT_LINKS, Base, ClientOwned, OptionalClientOwned
from crm.services.history.bulk import update_rows

log = Change.__table__


def belongings() -> Iterator[tuple[Column[Any], Table]]:
    """(column that names the record, table of the record) of rows at clients that are deleted with a record."""
    for mapper in Base.registry.mappers:
        if issubclass(mapper.class_, ClientOwned | OptionalClientOwned):
            for relation in mapper.relationships:
                # a link to a further client says its own
                goes_along = relation.cascade.delete_orphan and relation.key != CLIENT_LINKS
                if goes_along and "client_id" in relation.mapper.local_table.c:
                    yield from ((column, mapper.local_table) for column in relation.remote_side)


def take_along(session: Session, operation: int) -> None:
    """Put what belongs to the records that an operation changed, and what of it was changed, to their clients."""
    for column, records in belongings():
        rows = column.table
        changed, touched = (
            select(log.c.row_id).where(log.c.operation_id == operation, log.c.table_name == table.name)
            for table in (records, rows)
        )
        client_id = select(records.c.client_id).where(records.c.id == column).scalar_subquery()
        mine = column.is_not(None) & or_(column.in_(changed), rows.c.id.in_(touched))
        update_rows(session, rows, mine, {"client_id": client_id})
