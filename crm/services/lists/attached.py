"""How many records of each type a client has, counted in one statement whatever the number of types."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, exists, func, literal, or_, select

from crm.extensions import db
from crm.models import Client
from crm.models.base import SeenByAll, SharedRecord
from crm.registry import Part, RecordType

#: Counts are exact up to here.
MOST_COUNTED = 10_000


def of_client(record: RecordType, client_id: int) -> ColumnElement[bool]:
    """The condition that a record belongs to this client, on either side, or as one of several.

    That a record which everybody sees, or one of several clients, belongs to a client is told only to those who
    see the client.
    """
    mine = columns_of_client(record, record.model, client_id)
    if issubclass(record.model, SeenByAll | SharedRecord):
        return mine & exists().where(Client.id == client_id)
    return mine


def columns_of_client(record: RecordType, columns: Any, client_id: int) -> ColumnElement[bool]:
    """The same, asked of the model's attributes or of the table's columns."""
    mine = columns.client_id == client_id
    if record.between_clients:
        return or_(mine, columns.other_id == client_id)
    if issubclass(record.model, SharedRecord):
        links, owner = record.model.link_table()
        return or_(mine, columns.id.in_(select(links.c[owner]).where(links.c.client_id == client_id)))
    return mine


def of_kind(part: Part) -> list[ColumnElement[bool]]:
    """The condition that a record is of this part's kind; none for a whole record type."""
    if part.kind is None or part.record.kind is None:
        return []
    return [part.record.mapper.local_table.c[part.record.kind.key] == part.kind.value]


def counts(client_id: int, parts: Sequence[Part]) -> dict[str, int]:
    """Key -> how many records of the part this client has that the viewer sees, at most MOST_COUNTED + 1.

    The client is what is asked for, and visibility narrows it: without it there is no answer. Whoever sees it
    sees all that belongs to it, so those rows are counted by the tables' own columns; of what lies between two
    clients, visibility narrows each row.
    """
    if not parts:
        return {}
    asked = select(*(_count(part, client_id) for part in parts)).select_from(Client)
    row = db.session.execute(asked.where(Client.id == client_id)).first()
    return dict(row._mapping) if row else {}


def _count(part: Part, client_id: int) -> ColumnElement[int]:
    record = part.record
    if record.between_clients:
        rows = select(literal(1)).select_from(record.model).where(of_client(record, client_id))
    else:
        table = record.mapper.local_table
        rows = select(literal(1)).select_from(table).where(columns_of_client(record, table.c, client_id))
    some = rows.where(*of_kind(part)).limit(MOST_COUNTED + 1).subquery()
    return select(func.count()).select_from(some).scalar_subquery().label(part.key)
