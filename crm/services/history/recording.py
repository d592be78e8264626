"""What happens at every flush: rows are put right, checked, stamped and logged; timeline and search follow.

No page or service needs to remember any of it. Bulk updates and deletes through the ORM would pass by
unseen, so they are refused for logged tables outside `crm.services.history.bulk`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from sqlalchemy import Table, event, inspect, select
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction

from crm.models import Client, ClientAssignee
from crm.models.base import Base, Record, changes_of, has_changed, is_changed, touched
from crm.models.types import utc_now
from crm.security.references import check_references
from crm.security.viewer import actor_id, find_viewer, forget_viewers
from crm.security.visibility import NobodyAsks
from crm.services.duplicates.tax_ids import check_tax_ids
from crm.services.history import link_rows
from crm.services.history import log as history
from crm.services.history.inserting import give_ids
from crm.services.search.entries import index_rows
from crm.services.timeline.entries import record_entries

_bulk: ContextVar[bool] = ContextVar("bulk_allowed", default=False)


class BulkRefused(RuntimeError):
    """An ORM bulk update or delete of a logged table, which history would not see."""


@contextmanager
def bulk_allowed() -> Iterator[None]:
    """For `crm.services.history.bulk` alone, which writes the log itself."""
    token = _bulk.set(True)
    try:
        yield
    finally:
        _bulk.reset(token)


@event.listens_for(Session, "do_orm_execute")
def _refuse_bulk(state: ORMExecuteState) -> None:
    if not (state.is_update or state.is_delete or state.is_insert) or _bulk.get():
        return
    model = state.bind_mapper.class_ if state.bind_mapper else None
    if model is not None and issubclass(model, Base) and model.__history__:
        raise BulkRefused(f"Use crm.services.history.bulk to change many rows of {model.__name__}.")


@event.listens_for(Session, "before_flush")
def _prepare(session: Session, *_: Any) -> None:
    ours = [item for item in (*session.new, *session.dirty, *session.deleted) if isinstance(item, Base)]
    if not ours:
        return
    if find_viewer() is None:
        raise NobodyAsks("Say in whose name to write: with as_system() or as_user(user).")
    for item in session.dirty:
        if isinstance(item, Base):
            _delete_orphans(session, item)
            _count_links(item)
    for item in [item for item in session.deleted if isinstance(item, Base)]:
        item.before_delete(session)
        _release(session, item)
    _wake_wholes(session)
    # asked for once: a session makes these sets anew each time
    new, author = session.new, actor_id()
    for item in (*new, *session.dirty):
        if isinstance(item, Base) and (item in new or is_changed(item)):
            if item in new:
                _fill_defaults(item)
                _assign_to_author(session, item)
            item.before_save(session)
            _stamp(item, author, item in new)
    check_references(session)
    check_tax_ids(session)
    give_ids(session)


def _wake_wholes(session: Session) -> None:
    """Count a change of a part as one of the record that it is part of, which is then put right and checked."""
    new, deleted = session.new, session.deleted
    for item in (*new, *session.dirty, *deleted):
        whole = item.whole if isinstance(item, Base) else None
        if whole is None or whole in new or whole in deleted:
            continue
        if item in new or item in deleted or is_changed(item):
            whole.changed_at = utc_now()


def _fill_defaults(item: Base) -> None:
    """Give a new row the fixed defaults of its columns, so that rules see it as it will be."""
    for key, value in _defaults(type(item)):
        if getattr(item, key) is None:
            setattr(item, key, value)


@cache
def _defaults(model: type[Base]) -> tuple[tuple[str, Any], ...]:
    """(key, fixed default) of the columns that have one."""
    found = ((prop.key, prop.columns[0].default) for prop in inspect(model).column_attrs)
    return tuple((key, default.arg) for key, default in found if default is not None and default.is_scalar)


def _assign_to_author(session: Session, item: Base) -> None:
    """A client that a rep adds without assignees is theirs, or they would not see it."""
    if not isinstance(item, Client) or item.assignee_links:
        return
    viewer = find_viewer()
    if viewer and viewer.user_id and not viewer.is_admin:
        item.assignee_links.append(ClientAssignee(user_id=viewer.user_id))


def _stamp(item: Base, author: int | None, is_new: bool) -> None:
    if isinstance(item, Record):
        item.changed_by_id = author
        if is_new and item.created_by_id is None:
            item.created_by_id = author


def _delete_orphans(session: Session, item: Base) -> None:
    """Delete what was taken out of a collection that owns it: the flush would, but unseen by history."""
    candidates = touched(item)
    for relation in inspect(type(item)).relationships:
        if relation.key in candidates and relation.uselist and relation.cascade.delete_orphan:
            for child in changes_of(item, relation.key).deleted or ():
                if inspect(child).persistent:
                    session.delete(child)


def _count_links(item: Base) -> None:
    """Count a change of whom a record is linked to (a task's assignees) as one of the record.

    Not of a client: its tags and assignees are changed by one click, which leaves forms that are open alone.
    """
    if not isinstance(item, Record) or isinstance(item, Client):
        return
    candidates = touched(item)
    if any(has_changed(item, name) for name in candidates if name.endswith("_links")):
        item.changed_at = utc_now()


def _references_to(table: Table) -> Iterator[Any]:
    """Every foreign-key column of a logged model that points at this table, with its model."""
    for mapper in Base.registry.mappers:
        if issubclass(mapper.class_, Base) and mapper.class_.__history__ and "id" in mapper.local_table.c:
            for key in mapper.local_table.foreign_keys:
                if key.column.table is table:
                    yield mapper, key


def _release(session: Session, item: Base) -> None:
    """Before a row is deleted, let go of it through the session what the database would let go of unlogged."""
    if isinstance(item, Client):
        return
    for mapper, key in _references_to(inspect(type(item)).local_table):
        if key.ondelete not in ("SET NULL", "CASCADE"):
            continue
        attribute = mapper.get_property_by_column(key.parent).class_attribute
        for row in session.scalars(select(mapper.class_).where(attribute == item.id)):
            if key.ondelete == "CASCADE":
                session.delete(row)
            else:
                setattr(row, attribute.key, None)


@event.listens_for(Session, "after_flush")
def _record(session: Session, *_: Any) -> None:
    if rows := [*history.flushed_changes(session), *link_rows.write(session)]:
        if any(isinstance(item, ClientAssignee) for item in (*session.new, *session.dirty, *session.deleted)):
            forget_viewers()
        session.info.setdefault("added_clients", set()).update(
            item for item in session.new if isinstance(item, Client)
        )
        first = rows[0]
        number = history.operation_id(session, f"{first['table_name']}.{first['action']}", first["client_id"])
        history.write_changes(session.connection(), number, history.next_step(session), rows)
        record_entries(session, number, rows)
        index_rows(session)


@event.listens_for(Session, "after_commit")
def _committed(session: Session) -> None:
    if not (session.in_nested_transaction() and session.info.get("operation_held")):
        history.forget_operation(session)


@event.listens_for(Session, "after_soft_rollback")
def _rolled_back(session: Session, transaction: SessionTransaction) -> None:
    link_rows.forget(session)
    if not transaction.nested or session.info.get("operation_transaction") is transaction:
        history.forget_operation(session)
