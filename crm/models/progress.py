"""How far something has come: tasks done of all, hours worked of those planned."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import func, select

from crm.models.task import Task
from crm.models.work_time import WorkTime

#: What the JSON of each is.
PROGRESS: dict[str, Any] = {
    "type": "object",
    "nullable": True,
    "properties": {"done": {"type": "integer"}, "all": {"type": "integer"}},
}
WORKED: dict[str, Any] = {"type": "integer", "nullable": True, "description": "Seconds."}


@dataclass(frozen=True)
class Progress:
    """So many of all tasks are done."""

    done: int
    all: int
    kind: ClassVar[str] = "progress"

    @property
    def percent(self) -> int:
        return 100 * self.done // self.all

    def as_json(self) -> dict[str, int]:
        return {"done": self.done, "all": self.all}


@dataclass(frozen=True)
class Worked:
    """So long was worked, of so many hours planned."""

    seconds: int
    budget: Decimal | None
    kind: ClassVar[str] = "worked"

    @property
    def is_over(self) -> bool:
        return self.budget is not None and self.seconds > self.budget * 3600

    def as_json(self) -> int:
        return self.seconds


def progress_by(column: Any) -> Callable[[Any, Sequence[Any]], Mapping[int, Progress]]:
    """The progress of records that tasks name in this column, by the tasks that the viewer sees."""

    def progress(session: Any, items: Sequence[Any]) -> dict[int, Progress]:
        done = func.count(Task.id).filter(Task.done)
        asked = select(column, done, func.count(Task.id)).where(column.in_([item.id for item in items]))
        return {
            number: Progress(some, all_) for number, some, all_ in session.execute(asked.group_by(column))
        }

    return progress


def worked_on(session: Any, projects: Sequence[Any]) -> dict[int, Worked]:
    """How long was worked on each of these projects, as far as the viewer sees it."""
    asked = select(WorkTime.project_id, func.sum(WorkTime.seconds)).group_by(WorkTime.project_id)
    rows = session.execute(asked.where(WorkTime.project_id.in_([one.id for one in projects])))
    found: dict[int | None, int] = {number: int(seconds) for number, seconds in rows}
    return {
        one.id: Worked(found.get(one.id, 0), one.budget_hours)
        for one in projects
        if one.id in found or one.budget_hours
    }
