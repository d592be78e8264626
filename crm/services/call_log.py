"""What follows a call: the next task, written down together with it."""

from datetime import datetime

from crm.extensions import db
from crm.models import Call, Task, TaskAssignee
from crm.security.viewer import actor_id


def add_next_task(call: Call, title: str, due: datetime | None) -> Task:
    """A task at the client of a call, for whoever writes it down; the caller commits."""
    task = Task(title=title, due=due, client=call.client)
    if number := actor_id():
        task.assignee_links = [TaskAssignee(user_id=number)]
    db.session.add(task)
    return task
