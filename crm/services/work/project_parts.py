"""What belongs to a task list or a project, for their pages."""

from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload, selectinload

from crm.extensions import db
from crm.models import Project, Task, TaskList, WorkTime
from crm.registry import registry
from crm.services.lists.figures import load_figures

#: Of longer ones the page shows the first so many; their list shows the rest.
MOST_SHOWN = 100
MOST_WORK = 10


def tasks_of(part: TaskList | Project) -> list[Task]:
    """The tasks of a list or a project: open ones first, by date."""
    return _tasks((Task.task_list_id if isinstance(part, TaskList) else Task.project_id) == part.id)


def _tasks(*conditions: ColumnElement[bool]) -> list[Task]:
    shown = (joinedload(Task.client), selectinload(Task.assignee_links))
    order = (Task.done, Task.due.is_(None), Task.due, Task.id)
    asked = select(Task).where(*conditions).options(*shown).order_by(*order)
    return list(db.session.scalars(asked.limit(MOST_SHOWN)))


def lists_of(project: Project) -> list[TaskList]:
    """The task lists of a project, with their progress, by the day they are due."""
    order = (TaskList.due.is_(None), TaskList.due, TaskList.name_key)
    asked = select(TaskList).where(TaskList.project_id == project.id).order_by(*order)
    return _with_figures(TaskList, asked.limit(MOST_SHOWN))


def children_of(project: Project) -> list[Project]:
    """The projects that are part of this one, with their progress."""
    asked = select(Project).where(Project.parent_id == project.id).options(selectinload(Project.responsible))
    asked = asked.order_by(Project.name_key, Project.id)
    return _with_figures(Project, asked.limit(MOST_SHOWN))


def _with_figures(model: type, asked: Any) -> list[Any]:
    found = list(db.session.scalars(asked))
    load_figures(registry().by_model[model], found)
    return found


def latest_work(project: Project) -> list[WorkTime]:
    """The work on a project that was done last."""
    shown = (joinedload(WorkTime.user), joinedload(WorkTime.task))
    asked = select(WorkTime).where(WorkTime.project_id == project.id).options(*shown)
    return list(db.session.scalars(asked.order_by(WorkTime.start.desc()).limit(MOST_WORK)))
