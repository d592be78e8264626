"""The one policy of who sees which client, and what belongs to clients.

It holds below every page: an event of the session narrows each ORM select, update and delete of an
owned model to what the current viewer may see. Signed out sees nothing; outside a request, and outside
`as_system` and `as_user`, a query on an owned model raises, for a job that forgot to say for whom it
works would otherwise see no clients.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from flask import has_request_context
from sqlalchemy import ColumnElement, and_, bindparam, event, exists, false, or_, select
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria

from crm.extensions import db
from crm.models import Client, ClientAssignee
from crm.models.base import BetweenClients, ClientOwned, OptionalClientOwned, SeenByAll
from crm.security.viewer import SYSTEM, Viewer, acting, find_viewer, lives, loading_viewer, viewer_of

_hidden: ContextVar[bool] = ContextVar("including_hidden", default=False)

_client = Client.__table__
_link = ClientAssignee.__table__


class NobodyAsks(RuntimeError):
    """A query on an owned model outside a request, `as_system` and `as_user`."""


@contextmanager
def as_system() -> Iterator[Session]:
    """Lift the question *who*; the trash and merged clients stay hidden.

    Inside a request it gives a session of its own on the same connection, since `get` and lazy loads
    answer from what a session has already seen; elsewhere it gives `db.session`.
    """
    with acting(SYSTEM):
        if not has_request_context():
            yield db.session
            return
        with Session(bind=db.session.connection(), join_transaction_mode="rollback_only") as session:
            yield session


@contextmanager
def as_user(user: Any) -> Iterator[Viewer]:
    """Act for a user (an import, a feed, a webhook): see what they see, write in their name."""
    with acting(SYSTEM):
        viewer = viewer_of(user.id)
    with acting(viewer):
        yield viewer


@contextmanager
def including_hidden() -> Iterator[None]:
    """Lift the hiding of trashed and merged clients (upsert, redirects, trash, undo)."""
    token = _hidden.set(True)
    try:
        yield
    finally:
        _hidden.reset(token)


def viewer() -> Viewer:
    """Who is asking. Raises NobodyAsks outside a request, `as_system` and `as_user`."""
    found = find_viewer()
    if found is None:
        raise NobodyAsks("Say for whom: with as_system() or as_user(user).")
    return found


# -- the policy, as conditions on a column that holds a client's id


def _user_ids() -> tuple[int, ...]:
    return viewer().user_ids


def _user_id() -> int:
    return viewer().user_id or 0


def _refuse() -> int:
    viewer()
    raise NobodyAsks("This query was prepared for nobody.")


TEAM = bindparam("visible_to_users", callable_=_user_ids, expanding=True)
ME = bindparam("visible_to_user", callable_=_user_id)
UNASKED = bindparam("nobody_asks", callable_=_refuse)


def _live_ids() -> Any:
    return select(_client.c.id).where(lives())


def seen_by_all(client_id: Any) -> ColumnElement[bool]:
    """client_id is a live client."""
    other = _client.alias()
    return exists().where(other.c.id == client_id, lives(other))


def seen_by_few(client_id: Any) -> ColumnElement[bool]:
    """client_id is a live client of the viewer's users; quick for up to ten thousand of them."""
    other, link = _client.alias(), _link.alias()
    mine = select(link.c.client_id).where(link.c.client_id == other.c.id, link.c.user_id.in_(TEAM))
    return client_id.in_(mine.where(lives(other)))


def seen_by_many(client_id: Any) -> ColumnElement[bool]:
    """client_id is a live client of the viewer's users; quick however many they are."""
    other, link = _client.alias(), _link.alias()
    return exists().where(
        other.c.id == client_id,
        lives(other),
        exists().where(link.c.client_id == other.c.id, link.c.user_id.in_(TEAM)),
    )


def seen_by_few_hidden_too(client_id: Any) -> ColumnElement[bool]:
    link = _link.alias()
    return client_id.in_(select(link.c.client_id).where(link.c.user_id.in_(TEAM)))


def seen_by_many_hidden_too(client_id: Any) -> ColumnElement[bool]:
    link = _link.alias()
    return exists().where(link.c.client_id == client_id, link.c.user_id.in_(TEAM))


def seen_by_nobody(client_id: Any) -> ColumnElement[bool]:
    return false()


def unasked(client_id: Any) -> ColumnElement[bool]:
    return client_id == UNASKED


def _live(cls: Any) -> ColumnElement[bool]:
    return and_(cls.deleted_at.is_(None), cls.merged_into_id.is_(None))


def _mine(cls: Any) -> ColumnElement[bool]:
    link = _link.alias()
    return cls.id.in_(select(link.c.client_id).where(link.c.user_id.in_(TEAM)))


def _mine_one_by_one(cls: Any) -> ColumnElement[bool]:
    link = _link.alias()
    return exists().where(link.c.client_id == cls.id, link.c.user_id.in_(TEAM))


def _no_client(cls: Any) -> ColumnElement[bool]:
    return cls.client_id.is_(None)


def _options(
    clients: Any, owned: Any, optional: Any, between: Any, everybodys: Any = None
) -> tuple[Any, ...]:
    conditions = ((Client, clients), (ClientOwned, owned), (OptionalClientOwned, optional),
                  (BetweenClients, between), (SeenByAll, everybodys))  # fmt: skip
    return tuple(
        with_loader_criteria(
            # propagated, because joined eager loads take their conditions from there only
            base,
            condition,
            include_aliases=True,
            propagate_to_loaders=True,
            track_closure_variables=False,
        )
        for base, condition in conditions
        if condition is not None
    )


#: (mode, whether trash and tombstones are included) -> the options put on every ORM statement.
#: Each condition is a lambda of its own: SQLAlchemy compiles it once per class and remembers it by its code.
CRITERIA: dict[tuple[str, bool], tuple[Any, ...]] = {
    ("all", False): _options(
        lambda cls: _live(cls),
        lambda cls: seen_by_all(cls.client_id),
        lambda cls: or_(_no_client(cls), seen_by_all(cls.client_id), cls.elsewhere(seen_by_all)),
        lambda cls: and_(seen_by_all(cls.client_id), seen_by_all(cls.other_id)),
    ),
    ("all", True): (),
    ("few", False): _options(
        lambda cls: and_(_live(cls), _mine(cls)),
        lambda cls: seen_by_few(cls.client_id),
        lambda cls: or_(seen_by_few(cls.client_id), cls.elsewhere(seen_by_few), cls.personal(ME)),
        lambda cls: and_(seen_by_few(cls.client_id), seen_by_few(cls.other_id)),
    ),
    ("few", True): _options(
        lambda cls: _mine(cls),
        lambda cls: seen_by_few_hidden_too(cls.client_id),
        lambda cls: or_(
            seen_by_few_hidden_too(cls.client_id), cls.elsewhere(seen_by_few_hidden_too), cls.personal(ME)
        ),
        lambda cls: and_(seen_by_few_hidden_too(cls.client_id), seen_by_few_hidden_too(cls.other_id)),
    ),
    ("many", False): _options(
        lambda cls: and_(_live(cls), _mine_one_by_one(cls)),
        lambda cls: seen_by_many(cls.client_id),
        lambda cls: or_(seen_by_many(cls.client_id), cls.elsewhere(seen_by_many), cls.personal(ME)),
        lambda cls: and_(seen_by_many(cls.client_id), seen_by_many(cls.other_id)),
    ),
    ("many", True): _options(
        lambda cls: _mine_one_by_one(cls),
        lambda cls: seen_by_many_hidden_too(cls.client_id),
        lambda cls: or_(
            seen_by_many_hidden_too(cls.client_id), cls.elsewhere(seen_by_many_hidden_too), cls.personal(ME)
        ),
        lambda cls: and_(seen_by_many_hidden_too(cls.client_id), seen_by_many_hidden_too(cls.other_id)),
    ),
    ("nobody", False): _options(
        lambda cls: seen_by_nobody(cls.id),
        lambda cls: seen_by_nobody(cls.client_id),
        lambda cls: seen_by_nobody(cls.client_id),
        lambda cls: seen_by_nobody(cls.client_id),
        lambda cls: seen_by_nobody(cls.client_id),
    ),
    ("unasked", False): _options(
        lambda cls: unasked(cls.id),
        lambda cls: unasked(cls.client_id),
        lambda cls: unasked(cls.client_id),
        lambda cls: unasked(cls.client_id),
        lambda cls: unasked(cls.client_id),
    ),
}
CRITERIA["nobody", True] = CRITERIA["nobody", False]
CRITERIA["unasked", True] = CRITERIA["unasked", False]

#: Viewers without the all-seeing roles, under the setting "all", see every client, but of the records
#: without a client only their own.
EVERY_CLIENT = {
    False: _options(
        lambda cls: _live(cls),
        lambda cls: seen_by_all(cls.client_id),
        lambda cls: or_(seen_by_all(cls.client_id), cls.elsewhere(seen_by_all), cls.personal(ME)),
        lambda cls: and_(seen_by_all(cls.client_id), seen_by_all(cls.other_id)),
    ),
    True: _options(
        lambda cls: cls.id.is_not(None),
        lambda cls: cls.client_id.is_not(None),
        lambda cls: or_(cls.client_id.is_not(None), cls.personal(ME)),
        lambda cls: cls.client_id.is_not(None),
    ),
}


def criteria_now() -> tuple[Any, ...]:
    """The options that narrow a statement to what the current viewer may see."""
    asking, hidden = find_viewer(), _hidden.get()
    if asking is None:
        return CRITERIA["unasked", hidden]
    if asking.mode == "all" and not asking.is_admin:
        return EVERY_CLIENT[hidden]
    return CRITERIA[asking.mode, hidden]


@event.listens_for(Session, "do_orm_execute")
def _narrow(state: ORMExecuteState) -> None:
    """Put the viewer's conditions on every ORM statement but the refresh of a row already seen."""
    if state.is_column_load or loading_viewer():
        return
    if not state.is_orm_statement:
        return
    # A load of related rows has the options of its parent already.
    there = {id(option) for option in getattr(state.statement, "_with_options", ())}
    if missing := [option for option in criteria_now() if id(option) not in there]:
        state.statement = state.statement.options(*missing)


def visible_client_ids(ids: Any) -> set[int]:
    """Of these client ids, those that the current viewer sees."""
    return set(db.session.scalars(select(Client.id).where(Client.id.in_(list(ids)))))


def sees_client(client_id: int) -> bool:
    """Whether the current viewer sees this client."""
    return client_id in visible_client_ids([client_id])
