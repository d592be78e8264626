"""The trash: clients that were deleted, and purging one for good."""

from collections.abc import Collection, Iterator
from typing import Any

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import Column, Table, delete, exists, func, select, true, update

from crm.extensions import db
from crm.models import Change, Client, Operation
from crm.models.base import Base, SharedRecord
from crm.models.folding import fold
from crm.registry import registry
from crm.security.references import is_owned
from crm.security.visibility import including_hidden
from crm.services.contacts.going_along import belongings
from crm.services.files.store import give_up
from crm.services.history import log as history
from crm.services.history.change_values import has_key
from crm.services.history.erasing import blank_history, files_of
from crm.services.timeline.following import rewrite_entries

PAGE = 50

_client = Client.__table__


def trashed(page: int, search: str = "") -> tuple[list[Client], bool]:
    """One page of the trash, last deleted first, and whether another follows. Pages count from 1.

    search: a part of the name.
    """
    asked = (
        select(Client)
        .where(Client.deleted_at.is_not(None), Client.merged_into_id.is_(None))
        .where(Client.name_key.contains(fold(search), autoescape=True) if search else true())
        .order_by(Client.deleted_at.desc(), Client.id.desc())
        .limit(PAGE + 1)
        .offset((page - 1) * PAGE)
    )
    with including_hidden():
        rows = list(db.session.scalars(asked))
    return rows[:PAGE], len(rows) > PAGE


def deleted_by(client_ids: Collection[int]) -> dict[int, User | None]:
    """Client -> who moved it to the trash, for those of which the log tells; None is the system."""
    log = Change.__table__
    last = func.max(log.c.operation_id).label("operation_id")
    mine = (log.c.table_name == _client.name) & log.c.row_id.in_(client_ids)
    put_there = has_key(db.session.get_bind().dialect.name, log.c.after, "deleted_at")
    found = select(log.c.row_id, last).where(mine, put_there).group_by(log.c.row_id).subquery()
    asked = (
        select(found.c.row_id, User)
        .join_from(found, Operation, Operation.id == found.c.operation_id)
        .outerjoin(User, User.id == Operation.user_id)
    )
    return dict(db.session.execute(asked).all()) if client_ids else {}


def find_trashed(client_id: int) -> Client | None:
    """The client with this id, if it is in the trash and the viewer would see it otherwise."""
    asked = select(Client).where(Client.id == client_id, Client.deleted_at.is_not(None))
    with including_hidden():
        return db.session.scalar(asked)


def purge(client: Client) -> None:
    """Delete a client in the trash for good, with all that belongs to it; the caller commits.

    What was merged into it goes too; what belongs to other clients as well stays with them. History keeps that
    it was done and by whom, but nothing that was in the rows: they are meant to be gone. Raises StateConflict
    where something is kept for good.
    """
    session, connection = db.session(), db.session.connection()
    ids = _with_merged(client.id)
    for mapper in Base.registry.mappers:
        if issubclass(mapper.class_, Base):
            mapper.class_.before_purge(connection, ids)
    with history.operation("purge", client_id=client.id, name=client.name):
        history.operation_id(session)
        files = files_of(ids)
        _hand_over_shared(ids)
        for table, column in _references():
            mine = column.in_(ids)
            if column.nullable and not _belongs_to_clients(table):
                connection.execute(update(table).where(mine).values({column.name: None}))
            else:
                connection.execute(delete(table).where(mine))
        connection.execute(delete(_client).where(_client.c.id.in_(ids)))
        give_up(files)
        blank_history(ids)


def _hand_over_shared(ids: set[int]) -> None:
    """Give the shared records of these clients to one of their further clients."""
    session = db.session()
    for record in registry().of_client():
        if not issubclass(record.model, SharedRecord):
            continue
        table, (links, owner) = record.mapper.local_table, record.model.link_table()
        others = (links.c[owner] == table.c.id) & links.c.client_id.not_in(ids)
        further = select(func.min(links.c.client_id)).where(others)
        mine = table.c.client_id.in_(ids) & exists().where(others)
        numbers = list(session.connection().scalars(select(table.c.id).where(mine)))
        session.connection().execute(
            update(table).where(table.c.id.in_(numbers)).values(client_id=further.scalar_subquery())
        )
        _take_along(table, numbers)
        rewrite_entries(session, record, numbers, None)


def _take_along(records: Table, numbers: list[int]) -> None:
    """Put what belongs to these records, as attachments to mails, to their clients."""
    for column, table in belongings():
        if table is records:
            client_id = select(records.c.client_id).where(records.c.id == column).scalar_subquery()
            mine = column.in_(numbers)
            db.session.connection().execute(update(column.table).where(mine).values(client_id=client_id))


def _with_merged(client_id: int) -> set[int]:
    """This client and all that were merged into it, and into those."""
    found, new = {client_id}, {client_id}
    while new:
        asked = select(_client.c.id).where(_client.c.merged_into_id.in_(new))
        new = set(db.session.connection().scalars(asked)) - found
        found |= new
    return found


def _references() -> Iterator[tuple[Table, Column[Any]]]:
    """Every foreign key to a client, tables that others point at last."""
    for table in reversed(Base.metadata.sorted_tables):
        if table is not _client:
            for key in table.foreign_keys:
                if key.column.table is _client:
                    yield table, key.parent


def _belongs_to_clients(table: Table) -> bool:
    return any(m.local_table is table and is_owned(m.class_) for m in Base.registry.mappers)
