"""Who is asking: the one answer that visibility, masking and authorship are computed from."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal

from flask import current_app, g, has_request_context
from flask_appbuilder.security.sqla.models import Role, User, assoc_user_group, assoc_user_role
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.extensions import db
from crm.models import Client, ClientAssignee

#: Roles that see every client whatever the setting says.
ALL_SEEING_ROLES = frozenset({"Admin", "Office admin"})
#: Who has no other role and no group sees all; within their groups they follow the setting.
READ_ONLY_ROLE = "Read-only"
#: Up to this many visible clients are looked up as a set, more are asked for one by one.
FEW = 10_000

Mode = Literal["nobody", "all", "few", "many"]


@dataclass(frozen=True)
class Viewer:
    """A user, or the system, and which clients it sees.

    user_ids: the users whose clients are visible in the modes few and many.
    is_admin: sees records without a client whoever made them.
    """

    user_id: int | None
    mode: Mode
    user_ids: tuple[int, ...] = ()
    is_admin: bool = False


NOBODY = Viewer(user_id=None, mode="nobody")
SYSTEM = Viewer(user_id=None, mode="all", is_admin=True)

_acting: ContextVar[Viewer | None] = ContextVar("acting_viewer", default=None)
_loading: ContextVar[bool] = ContextVar("loading_viewer", default=False)


@contextmanager
def acting(viewer: Viewer) -> Iterator[None]:
    """Let everything inside be asked by this viewer, whoever the request belongs to."""
    token = _acting.set(viewer)
    try:
        yield
    finally:
        _acting.reset(token)


@contextmanager
def finding_out() -> Iterator[None]:
    """For the look-ups by which it is found out who is asking: nobody's conditions are put on them."""
    token = _loading.set(True)
    try:
        yield
    finally:
        _loading.reset(token)


def find_viewer() -> Viewer | None:
    """Who is asking now, or None outside a request and outside `as_system` and `as_user`."""
    if (viewer := _acting.get()) is not None:
        return viewer
    if not has_request_context() or _loading.get():
        return NOBODY if has_request_context() else None
    with finding_out():
        user = g.get("user")
        if user is None or user.is_anonymous:
            return NOBODY
        known: dict[int, Viewer] = g.setdefault("viewers", {})
        if user.id not in known:
            known[user.id] = viewer_of(user.id)
        return known[user.id]


def forget_viewers() -> None:
    """Ask again who sees what: called when assignments or teams changed within the request."""
    if has_request_context():
        g.pop("viewers", None)


def loading_viewer() -> bool:
    """Whether the current statement is itself part of finding out who is asking."""
    return _loading.get()


def viewer_of(user_id: int, session: Session | Any = None) -> Viewer:
    """Look up what a user sees: their roles and groups, their team, and a capped count of clients."""
    session = session or db.session
    roles = _role_names(session, user_id)
    if roles & ALL_SEEING_ROLES:
        return Viewer(user_id, "all", is_admin=True)
    setting = current_app.config["CRM_VISIBILITY"]
    groups = list(session.scalars(_groups_of(user_id)))
    if setting == "all" or (roles == {READ_ONLY_ROLE} and not groups):
        return Viewer(user_id, "all")
    members = [user_id]
    if setting == "team" and groups:
        links = assoc_user_group
        members += session.scalars(select(links.c.user_id).where(links.c.group_id.in_(groups)).distinct())
    user_ids = tuple(sorted(set(members)))
    return Viewer(user_id, "few" if _sees_few(session, user_ids) else "many", user_ids)


def _role_names(session: Any, user_id: int) -> set[str]:
    roles, links = Role.__table__, assoc_user_role
    return set(session.scalars(select(roles.c.name).join(links).where(links.c.user_id == user_id)))


def _groups_of(user_id: int) -> Any:
    return select(assoc_user_group.c.group_id).where(assoc_user_group.c.user_id == user_id)


def _sees_few(session: Any, user_ids: tuple[int, ...]) -> bool:
    links = ClientAssignee.__table__
    some = select(links.c.id).where(links.c.user_id.in_(user_ids)).limit(FEW + 1).subquery()
    return session.scalar(select(func.count()).select_from(some)) <= FEW


def actor_id() -> int | None:
    """The user who is the author of what is written now; None for the system."""
    viewer = find_viewer()
    return viewer.user_id if viewer else None


def user_named(username: str) -> User | None:
    """The active user with this name, or None."""
    return db.session.scalar(select(User).where(User.username == username, User.active))


def lives(client: Any = Client) -> Any:
    """The condition that a client is neither in the trash nor merged away."""
    table = client.__table__ if isinstance(client, type) else client
    return table.c.deleted_at.is_(None) & table.c.merged_into_id.is_(None)
