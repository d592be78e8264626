"""Sessions that end: when their user signs out, takes a new password, or is switched off."""

import hashlib
import hmac
import secrets
from datetime import timedelta

from flask import current_app, g, session
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import delete, func, select, update

from crm.extensions import db
from crm.models import Client, LoginSession, Project, Task, Timer
from crm.models.types import utc_now
from crm.security.tokens import password_stamp

COOKIE_KEY = "login"

timers, tasks = Timer.__table__, Task.__table__
projects, clients = Project.__table__, Client.__table__
#: Of a timer, the first of these that says something. Whoever started it has seen all of them.
RUNNING = (
    timers.c.start.label("since"),
    func.coalesce(timers.c.description, tasks.c.title, projects.c.name, clients.c.name, "").label("what"),
)


def start_session(user: User) -> None:
    """Begin a session for a user who has just signed in, and forget those that are long over."""
    key = secrets.token_urlsafe(32)
    session[COOKIE_KEY] = key
    table = LoginSession.__table__
    oldest = utc_now() - 2 * current_app.config["PERMANENT_SESSION_LIFETIME"] - timedelta(days=30)
    db.session.execute(delete(table).where(table.c.user_id == user.id, table.c.started_at < oldest))
    db.session.add(LoginSession(user_id=user.id, key_hash=_hashed(key), stamp=password_stamp(user)))
    db.session.commit()


def find_session_user(user_id: int) -> User | None:
    """The active user of the browser's session, or None where it has ended.

    One query, which brings their running timer along, since every page shows it: `g.running_timer`, its start and
    what it is about.
    """
    found = db.session.execute(
        select(User, LoginSession.stamp, *RUNNING)
        .join(LoginSession, LoginSession.user_id == User.id)
        .outerjoin(timers, timers.c.user_id == User.id)
        .outerjoin(tasks, tasks.c.id == timers.c.task_id)
        .outerjoin(projects, projects.c.id == timers.c.project_id)
        .outerjoin(clients, clients.c.id == timers.c.client_id)
        .where(
            User.id == user_id,
            User.active,
            LoginSession.key_hash == _hashed(str(session.get(COOKIE_KEY, ""))),
            LoginSession.ended_at.is_(None),
        )
    ).first()
    if found is None or not hmac.compare_digest(found.stamp, password_stamp(found[0])):
        return None
    g.running_timer = (found.since, found.what) if found.since else None
    return found[0]


def end_session() -> None:
    """End the browser's session for good."""
    table = LoginSession.__table__
    mine = table.c.key_hash == _hashed(str(session.pop(COOKIE_KEY, "")))
    db.session.execute(update(table).where(mine).values(ended_at=utc_now()))
    db.session.commit()


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
