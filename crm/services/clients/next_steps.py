"""When clients were last in touch, and what is to be done for them next: many clients, one statement each."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, select

from crm.extensions import db
from crm.models import Client, Task, TimelineEntry
from crm.models.types import utc_now
from crm.registry import registry

#: The condition that a task is to be done.
OPEN = Task.__table__.c.done.is_(False)


def next_tasks(client_ids: Collection[int]) -> dict[int, Task]:
    """client id -> of its open tasks the one that is due first; tasks without a date come last."""
    if not client_ids:
        return {}
    order = (Task.due.is_(None), Task.due, Task.id)
    ranked = (
        select(Task.id, func.row_number().over(partition_by=Task.client_id, order_by=order).label("place"))
        .where(Task.client_id.in_(client_ids), Task.done.is_(False))
        .subquery()
    )
    asked = select(Task).join(ranked, ranked.c.id == Task.id).where(ranked.c.place == 1)
    return {task.client_id: task for task in db.session.scalars(asked) if task.client_id is not None}


def last_contacts(client_ids: Collection[int]) -> dict[int, datetime]:
    """client id -> the moment of the last mail, call, chat or meeting; of events those that have begun."""
    entry = TimelineEntry
    asked = (
        select(entry.client_id, func.max(entry.at))
        .where(entry.client_id.in_(client_ids), entry.kind.in_(_kinds()), entry.at <= utc_now())
        .group_by(entry.client_id)
    )
    return dict(db.session.execute(asked).all()) if client_ids else {}


def no_contact_since(moment: datetime) -> ColumnElement[bool]:
    """The condition that nobody was in touch with a client at this moment or later."""
    entry = TimelineEntry.__table__.c
    touched = exists().where(
        entry.client_id == Client.id, entry.at >= moment, entry.at <= utc_now(), entry.kind.in_(_kinds())
    )
    return ~touched


def _kinds() -> list[str]:
    return [record.key for record in registry() if record.is_contact]
