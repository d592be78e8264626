"""What was done, by whom, and what of it can be taken back: the operations as a list."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import Select, false, func, select

from crm.extensions import db
from crm.models import Change, Client, Operation
from crm.security.viewer import find_viewer
from crm.security.visibility import including_hidden

PAGE_SIZE = 25


@dataclass(frozen=True)
class Done:
    """One operation: who did it (None: the system), how many rows it changed, and the client where it is seen."""

    operation: Operation
    user: User | None
    rows: int
    client: Client | None


def sees_all_operations() -> bool:
    """Whether the viewer may look at, and undo, what others did."""
    asking = find_viewer()
    if asking is None or asking.mode == "nobody":
        return False
    if asking.user_id is None:
        return True
    return current_app.appbuilder.sm.user_may(asking.user_id, "can_undo_any", "operation")


def _mine() -> Select[tuple[Operation]]:
    asking, found = find_viewer(), select(Operation)
    if sees_all_operations():
        return found
    return found.where(Operation.user_id == asking.user_id if asking and asking.user_id else false())


def find_operation(number: int) -> Done | None:
    """One operation, if the viewer may see it."""
    operation = db.session.scalar(_mine().where(Operation.id == number))
    return done([operation])[0] if operation else None


def page_of_operations(kinds: Collection[str] = (), page: int = 1) -> tuple[list[Done], bool]:
    """A page of the operations that the viewer may see, newest first, and whether more follow."""
    asked = _mine().order_by(Operation.id.desc()).limit(PAGE_SIZE + 1).offset((page - 1) * PAGE_SIZE)
    if kinds:
        asked = asked.where(Operation.kind.in_(kinds))
    found = list(db.session.scalars(asked))
    return done(found[:PAGE_SIZE]), len(found) > PAGE_SIZE


def done(found: Iterable[Operation]) -> list[Done]:
    """These operations with what is told about each."""
    operations = list(found)
    ids = [one.id for one in operations]
    counted = select(Change.operation_id, func.count()).where(Change.operation_id.in_(ids))
    numbers = dict(db.session.execute(counted.group_by(Change.operation_id)).all())
    users = _by_id(User, {one.user_id for one in operations if one.user_id})
    with including_hidden():
        clients = _by_id(Client, {one.client_id for one in operations if one.client_id})
    return [
        Done(one, users.get(one.user_id), numbers.get(one.id, 0), clients.get(one.client_id))
        for one in operations
    ]


def _by_id(model: Any, ids: Collection[int]) -> dict[Any, Any]:
    if not ids:
        return {}
    return {item.id: item for item in db.session.scalars(select(model).where(model.id.in_(ids)))}


def counts_of(number: int) -> dict[str, int]:
    """Table -> how many rows an operation changed."""
    found: dict[str, int] = defaultdict(int)
    asked = select(Change.table_name, func.count(Change.row_id.distinct())).where(
        Change.operation_id == number
    )
    for table, rows in db.session.execute(asked.group_by(Change.table_name)):
        found[table] += rows
    return dict(found)
