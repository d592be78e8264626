"""A task or a document for each of many clients: rows that are alike but for their client, added by statements."""

from typing import Any

from sqlalchemy import Select, Table, literal, select
from sqlalchemy.orm import Session

from crm.models import Client, ClientAssignee, Document, Task, TaskAssignee
from crm.models.types import utc_now
from crm.registry import registry
from crm.security.viewer import actor_id
from crm.services.bulk.values import RESPONSIBLE, DocumentForEach, TaskForEach
from crm.services.history import log as history
from crm.services.history.bulk import insert_rows, rows_of
from crm.services.timeline.following import enter_alike

clients = Client.__table__
tasks = Task.__table__
doers = TaskAssignee.__table__


def add_tasks(session: Session, chosen: Select[Any], task: TaskForEach) -> int:
    """Give each client the task; gives the number of clients that got it."""
    values = {
        "title": task.title, "description": task.description, "due": task.due, "priority": task.priority,
    }  # fmt: skip
    step, number = _add(session, chosen, tasks, values)
    if number and task.assignee is not None:
        _assign(session, step, task.assignee)
    return number


def _assign(session: Session, step: int, assignee: int | str) -> None:
    new = rows_of(history.operation_id(session), step, tasks)
    link = ClientAssignee.__table__
    whom = (
        select(tasks.c.id, link.c.user_id).join(
            link, (link.c.client_id == tasks.c.client_id) & (link.c.position == 0)
        )
        if assignee == RESPONSIBLE
        else select(tasks.c.id, literal(assignee))
    )
    client_id = select(tasks.c.client_id).where(tasks.c.id == doers.c.task_id).scalar_subquery()
    insert_rows(
        session, doers, ("task_id", "user_id"), whom.where(tasks.c.id.in_(new)), doers.c.task_id.in_(new),
        client_id,
    )  # fmt: skip


def add_documents(session: Session, chosen: Select[Any], document: DocumentForEach) -> int:
    """Give each client a document of its own, all with the same file; gives their number."""
    stored = document.stored
    values = {
        "name": document.name, "category": document.category, "description": document.description,
        "stored_file_id": stored.id, "type": stored.type, "size": stored.size,
    }  # fmt: skip
    return _add(session, chosen, Document.__table__, values)[1]


def _add(session: Session, chosen: Select[Any], table: Table, values: dict[str, Any]) -> tuple[int, int]:
    now, me = utc_now(), actor_id()
    values = {**values, "created_at": now, "changed_at": now, "created_by_id": me, "changed_by_id": me}
    columns = [literal(value, table.c[name].type) for name, value in values.items()]
    source = select(clients.c.id, *columns).where(clients.c.id.in_(chosen))
    step, number = insert_rows(session, table, ("client_id", *values), source, table.c.client_id.in_(chosen))
    if number:
        enter_alike(session, registry().by_key[table.name], step)
    return step, number
