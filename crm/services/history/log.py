"""The log of changes as it is written: operations, and the rows of each flush."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from flask import has_request_context, request
from sqlalchemy import Column, Connection, func, insert, inspect, select, update
from sqlalchemy.orm import Session

from crm.extensions import db
from crm.models.base import Base, changes_of, touched
from crm.models.history import Change, Operation
from crm.models.types import utc_now
from crm.security.viewer import actor_id
from crm.services import outbox
from crm.services.history.encoding import encode
from crm.services.history.inserting import insert_many

#: Columns that say when and by whom, not what: undo and comparison leave them out.
BOOKKEEPING = frozenset({"version", "created_at", "created_by_id", "changed_at", "changed_by_id"})

#: What a session knows of its transaction's operation.
OF_TRANSACTION = (
    "operation_id", "operation_step", "operation_transaction", "operation_held", "operation_hint", "added_clients",
)  # fmt: skip

# -- operations


@contextmanager
def operation(
    kind: str, client_id: int | None = None, session: Session | None = None, **details: Any
) -> Iterator[None]:
    """Name what is done inside: the kind (`merge`, `status` …) of the operation that its changes belong to.

    One transaction is one operation; the first name given in it counts.
    """
    info = (session or db.session).info
    outer = info.get("operation_hint")
    if outer is None:
        info["operation_hint"] = (kind, client_id, details or None)
    try:
        yield
    finally:
        if outer is None and "operation_id" not in info:
            info.pop("operation_hint", None)


def source() -> str:
    """From where the current operation comes: web, api, or system."""
    if not has_request_context():
        return "system"
    path = request.path
    return "api" if path.startswith("/api/") or path.endswith(".json") else "web"


def operation_id(session: Session, kind: str = "change", client_id: int | None = None) -> int:
    """The id of the transaction's operation, which is written when first asked for."""
    info = session.info
    if "operation_id" not in info:
        hinted = info.get("operation_hint")
        if hinted:
            kind, client_id = hinted[0], hinted[1] if hinted[1] is not None else client_id
        row = {
            "kind": kind,
            "at": utc_now(),
            "user_id": actor_id(),
            "source": source(),
            "client_id": client_id,
            "details": hinted[2] if hinted else None,
        }
        result = session.connection().execute(insert(Operation.__table__).values(row))
        info["operation_id"] = result.inserted_primary_key[0]
        info["operation_step"] = 0
        info["operation_transaction"] = session.get_nested_transaction()
        outbox.note(session, info["operation_id"])
    return info["operation_id"]


def begin_portion(session: Session, kind: str, number: int | None = None, **details: Any) -> int:
    """Let all that the transaction changes be a portion of one operation; gives its id.

    number: of the operation, when an earlier transaction began it. Until all portions are there it is to be marked
    as `unfinished`, so that nobody undoes half of it.
    """
    log, is_first = Change.__table__, number is None
    if number is None:
        with operation(kind, session=session, **details):
            number = operation_id(session)
    last = session.connection().scalar(
        select(func.coalesce(func.max(log.c.step), 0)).where(log.c.operation_id == number)
    )
    if not is_first:
        outbox.note(session, number, last)
    session.info["operation_id"] = number
    session.info["operation_step"] = last
    session.info["operation_transaction"] = None
    session.info["operation_held"] = True
    return number


def end_portion(session: Session) -> int | None:
    """The id of the operation; None, and no operation, where nothing has come of it so far."""
    session.flush()
    table, log, number = Operation.__table__, Change.__table__, operation_id(session)
    asked = select(log.c.id).where(log.c.operation_id == number).limit(1)
    if session.connection().scalar(asked) is not None:
        return number
    session.connection().execute(table.delete().where(table.c.id == number))
    forget_operation(session)
    return None


def current_operation_id(session: Session | None = None) -> int | None:
    """The id of the transaction's operation, or None while nothing has been logged."""
    return (session or db.session).info.get("operation_id")


def next_step(session: Session) -> int:
    """The number of the next step of the transaction's operation."""
    session.info["operation_step"] = session.info.get("operation_step", 0) + 1
    return session.info["operation_step"]


def add_details(session: Session, **details: Any) -> None:
    """Add to what the transaction's operation keeps about itself."""
    mark(session, operation_id(session), **details)


def mark(session: Session, number: int, **details: Any) -> None:
    """Add to what an operation keeps about itself. `unfinished`: more of it is to come, see `go_on`."""
    table = Operation.__table__
    known = session.connection().execute(table.select().where(table.c.id == number)).one().details or {}
    session.connection().execute(
        update(table).where(table.c.id == number).values(details={**known, **details})
    )


def forget_operation(session: Session) -> None:
    """The transaction is over: the next change begins an operation of its own."""
    for key in OF_TRANSACTION:
        session.info.pop(key, None)


# -- the rows of a flush


def is_logged(item: Any) -> bool:
    return isinstance(item, Base) and item.__history__


@cache
def columns_of(model: type[Base]) -> tuple[tuple[str, Column[Any]], ...]:
    """(attribute, column) of each column of a model."""
    return tuple((prop.key, prop.columns[0]) for prop in inspect(model).column_attrs)


def as_added(item: Base, names: Iterable[str]) -> dict[str, Any]:
    """These columns of a row that has just been added. What was never set is nothing; asking for it would cost most."""
    state = inspect(item)
    held, made_by_database = state.dict, state.expired_attributes
    return {name: getattr(item, name) if name in made_by_database else held.get(name) for name in names}


def whole(item: Base) -> dict[str, Any]:
    """The values of a row that has just been added, as the log keeps them."""
    columns = dict(columns_of(type(item)))
    found = as_added(item, columns)
    return {
        columns[k].name: encode(columns[k].type, value) for k, value in found.items() if value is not None
    }


def stored(item: Base) -> dict[str, Any]:
    """The values that a deleted row had in the database, whatever was done to it before."""
    found = {}
    for key, column in columns_of(type(item)):
        history = changes_of(item, key)
        value = next(iter(history.deleted or history.unchanged or ()), None)
        if value is not None:
            found[column.name] = encode(column.type, value)
    return found


def _changed(item: Base) -> tuple[dict[str, Any], dict[str, Any]]:
    before, after = {}, {}
    candidates = touched(item)
    for key, column in columns_of(type(item)):
        if key not in candidates:
            continue
        history = changes_of(item, key)
        if not history.has_changes():
            continue
        old = history.deleted[0] if history.deleted else None
        new = history.added[0] if history.added else None
        if old != new:
            before[column.name], after[column.name] = encode(column.type, old), encode(column.type, new)
    return before, after


def flushed_changes(session: Session) -> list[dict[str, Any]]:
    """The rows that the current flush adds, changes and deletes, as rows of `change` without a step.

    Called after the flush, while the session still knows what was changed.
    """
    rows = []
    for items, action in ((session.new, "insert"), (session.dirty, "update"), (session.deleted, "delete")):
        for item in items:
            if not is_logged(item):
                continue
            before = after = None
            if action == "insert":
                after = whole(item)
            elif action == "delete":
                before = stored(item)
            else:
                before, after = _changed(item)
                if not set(after) - BOOKKEEPING:
                    continue
            rows.append({
                "table_name": item.__tablename__, "row_id": item.id, "action": action,
                "client_id": item.history_client_id, "before": before, "after": after,
            })  # fmt: skip
    return rows


def write_changes(connection: Connection, operation: int, step: int, rows: list[dict[str, Any]]) -> None:
    """Add the rows of one step to the log."""
    insert_many(
        connection,
        insert(Change.__table__),
        [{"operation_id": operation, "step": step, **row} for row in rows],
    )
