"""What the start page shows to one user: their open tasks, clients in need, and what happened last."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, select, union
from sqlalchemy.orm import joinedload, selectinload

from crm.extensions import db
from crm.models import Client, Task, TaskAssignee
from crm.models.types import utc_now
from crm.services.clients.filters import alerting
from crm.services.lists.listing import counted

MOST_TASKS = 10
MOST_CLIENTS = 8


@dataclass(frozen=True)
class Some:
    """The first rows of something, and how many there are; None for more than are counted."""

    rows: list[Any]
    count: int | None


def my_tasks(user_id: int) -> Some:
    """The open tasks that a user is to do, overdue first, then by date; and their own that nobody is to do."""
    links, own = TaskAssignee.__table__, Task.__table__.alias()
    anybody = exists().where(links.c.task_id == own.c.id)
    mine = union(
        select(links.c.task_id).where(links.c.user_id == user_id),
        select(own.c.id).where(own.c.created_by_id == user_id, own.c.done.is_(False), ~anybody),
    )
    asked = select(Task).where(Task.done.is_(False), Task.id.in_(mine))
    shown = asked.options(joinedload(Task.client), selectinload(Task.assignee_links))
    rows = db.session.scalars(shown.order_by(Task.due.is_(None), Task.due, Task.id).limit(MOST_TASKS))
    return Some(list(rows), counted(asked))


def overdue(tasks: Some) -> int:
    """How many of the shown tasks are late."""
    now = utc_now()
    return sum(1 for task in tasks.rows if task.due is not None and task.due < now)


def needing_attention() -> Some:
    """Clients that have been in their status for longer than it allows, longest first."""
    asked = select(Client).where(alerting())
    rows = db.session.scalars(asked.order_by(Client.status_changed_at, Client.id).limit(MOST_CLIENTS))
    return Some(list(rows), counted(asked))


def lately_active() -> list[Client]:
    """The clients with the latest activity."""
    asked = select(Client).where(Client.archived_at.is_(None))
    return list(
        db.session.scalars(asked.order_by(Client.last_activity_at.desc(), Client.id).limit(MOST_CLIENTS))
    )


def any_client() -> bool:
    """Whether the viewer sees any client at all."""
    return db.session.scalar(select(Client.id).limit(1)) is not None
