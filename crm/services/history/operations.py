"""What was done, by whom, and what of it can be taken back: the operations as a list."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import ColumnElement, Select, false, func, literal, or_, select, union_all

from crm.extensions import db
from crm.models import Change, Client, Operation
from crm.registry import registry
from crm.security.viewer import find_viewer
from crm.security.visibility import including_hidden
from crm.services.attributes import reveals as attribute_reveals
from crm.services.bulk.types import TYPES
from crm.services.clients import id_images
from crm.services.history.change_values import has_key

PAGE_SIZE = 25
#: Rows of an operation are counted up to here.
MOST_COUNTED = 10_000
#: What the list can be narrowed to -> the kinds of operations that it is.
KINDS: dict[str, Sequence[str]] = {
    "bulk": (),
    "import": ("import",),
    "merge": ("merge", "unmerge", "contact_merge", "to_contact", "to_client"),
    "delete": ("trash",),
    "restore": ("restore",),
    "put_back": ("put_back",),
    "undo": ("undo", "unmerge"),
    "export": ("export",),
    "purge": ("purge",),
    "seen": (id_images.SEEN, attribute_reveals.SEEN),
}


@dataclass(frozen=True)
class Asked:
    """What the list is narrowed to. kind: of KINDS. user: a user's id, 0 for the system. client: a client's id.
    since, until: moments, until excluded."""

    kind: str = ""
    user: int | None = None
    client: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Done:
    """One operation: who did it (None: the system), how many rows it changed, and the client where it is seen.

    rows: MOST_COUNTED + 1 for more than are counted. undone_by: the operation that took it back, and whose that was.
    first: the first of its changes.
    """

    operation: Operation
    user: User | None
    rows: int
    client: Client | None
    undone_by: Operation | None = None
    undoer: User | None = None
    first: Any = None


NOTHING = Asked()


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


def page_of_operations(asked: Asked = NOTHING, page: int = 1) -> tuple[list[Done], bool]:
    """A page of the operations that the viewer may see, newest first, and whether more follow."""
    wanted = _mine().where(*_conditions(asked)).order_by(Operation.id.desc())
    found = list(db.session.scalars(wanted.limit(PAGE_SIZE + 1).offset((page - 1) * PAGE_SIZE)))
    return done(found[:PAGE_SIZE]), len(found) > PAGE_SIZE


def _conditions(asked: Asked) -> Iterator[ColumnElement[bool]]:
    if asked.kind == "bulk":
        yield Operation.kind.in_({one.kind for one in TYPES.values()})
        yield has_key(db.session.get_bind().dialect.name, Operation.details, "change")
    elif asked.kind:
        kinds = [*KINDS[asked.kind]]
        if asked.kind == "delete":
            kinds += [f"{record.key}.delete" for record in registry()]
        yield Operation.kind.in_(kinds)
    if asked.user is not None:
        yield Operation.user_id == asked.user if asked.user else Operation.user_id.is_(None)
    if asked.client is not None:
        theirs = select(Change.operation_id).where(Change.client_id == asked.client)
        yield or_(Operation.client_id == asked.client, Operation.id.in_(theirs))
    if asked.since is not None:
        yield Operation.at >= asked.since
    if asked.until is not None:
        yield Operation.at < asked.until


def done(found: Iterable[Operation]) -> list[Done]:
    """These operations with what is told about each."""
    operations = list(found)
    numbers = _rows_of(operations)
    undoing = _by_id(Operation, {one.undone_by_id for one in operations if one.undone_by_id})
    users = _by_id(User, {one.user_id for one in (*operations, *undoing.values()) if one.user_id})
    with including_hidden():
        clients = _by_id(Client, {one.client_id for one in operations if one.client_id})
    firsts = _first_changes(operations)
    return [
        Done(
            one, users.get(one.user_id), numbers.get(one.id, 0), clients.get(one.client_id),
            undone := undoing.get(one.undone_by_id), users.get(undone.user_id) if undone else None,
            firsts.get(one.id),
        )
        for one in operations
    ]  # fmt: skip


def _rows_of(operations: Sequence[Operation]) -> dict[int, int]:
    """Operation -> how many rows it changed, counted up to a limit: there are some with very many."""
    if not operations:
        return {}
    counted = []
    for one in operations:
        some = select(Change.id).where(Change.operation_id == one.id).limit(MOST_COUNTED + 1).subquery()
        counted.append(select(literal(one.id), select(func.count()).select_from(some).scalar_subquery()))
    return dict(db.session.execute(union_all(*counted)).all())


def _first_changes(operations: Sequence[Operation]) -> dict[int, Any]:
    """Operation -> the first of its changes."""
    own = Change.__table__.alias()
    first = (
        select(own.c.id).where(own.c.operation_id == Operation.id)
        .order_by(own.c.operation_id, own.c.step, own.c.table_name, own.c.row_id).limit(1).scalar_subquery()
    )  # fmt: skip
    ids = [one.id for one in operations]
    asked = select(Change).join(Operation, Change.id == first).where(Operation.id.in_(ids))
    return {change.operation_id: change for change in db.session.scalars(asked)} if ids else {}


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
