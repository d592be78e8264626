from datetime import datetime
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, ForeignKey, Index, String, Text, UniqueConstraint, exists, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship, validates

from crm.errors import RuleError
from crm.models.base import Base, OptionalClientRecord
from crm.models.links import linked
from crm.models.project import Project
from crm.models.relations import changes, settle_client
from crm.models.task_list import TaskList
from crm.models.types import UtcDateTime, utc_now

PRIORITIES = ("low", "normal", "high")


class TaskAssignee(Base):
    """One user who is to do a task."""

    __tablename__ = "task_assignee"
    __table_args__ = (UniqueConstraint("task_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), index=True)

    user: Mapped[User] = relationship(User, lazy="joined")
    task: Mapped["Task"] = relationship(back_populates="assignee_links")

    @property
    def history_client_id(self) -> int | None:
        return self.task.client_id if self.task else None


class Task(OptionalClientRecord):
    """Something to be done, for a client or on its own."""

    __tablename__ = "task"
    __table_args__ = (
        # the order of lists: open ones first, by due date, those without one last
        Index("ix_task_done_due", "done", text("(due IS NULL)"), "due", "id"),
        # the order of a client's box: open ones first, the newest on top
        Index("ix_task_client_id_done_newest", "client_id", "done", text("id DESC")),
        # whose they are that are nobody's: who made them
        Index("ix_task_created_by_id_done_id", "created_by_id", "done", "id"),
        Index("ix_task_task_list_id_done", "task_list_id", "done"),
        Index("ix_task_project_id_done", "project_id", "done"),
    )

    #: Blank in a form; then the description gives it.
    title: Mapped[str] = mapped_column(String(200), default="")
    description: Mapped[str | None] = mapped_column(Text)
    due: Mapped[datetime | None] = mapped_column(UtcDateTime)
    planned: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reminder: Mapped[datetime | None] = mapped_column(UtcDateTime)
    priority: Mapped[str] = mapped_column(String(10), default="normal")
    done: Mapped[bool] = mapped_column(default=False)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    task_list_id: Mapped[int | None] = mapped_column(ForeignKey("task_list.id", ondelete="SET NULL"))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id", ondelete="SET NULL"))

    task_list: Mapped[TaskList | None] = relationship(TaskList)
    project: Mapped[Project | None] = relationship(Project)
    assignee_links: Mapped[list[TaskAssignee]] = relationship(
        cascade="all, delete-orphan", order_by=TaskAssignee.id, back_populates="task"
    )
    assignees = linked("assignee_links", "user", lambda user: TaskAssignee(user=user))

    @validates("done")
    def _set_done_at(self, _key: str, done: bool) -> bool:
        if done != self.done:
            self.done_at = utc_now() if done else None
        return done

    def before_save(self, session: Session) -> None:
        """A task without a title takes the beginning of its description."""
        if not (self.title or "").strip():
            self.title = (self.description or "").strip().partition("\n")[0][:200]
        if not self.title:
            raise RuleError(_("Say what is to be done."), field="title")
        if self.priority not in PRIORITIES:
            raise RuleError(_("There is no such priority."), field="priority")
        self.settle()

    def settle(self) -> None:
        """Fill in the project and the client of the list or project that it is put into, or refuse others."""
        if self.task_list and self.task_list.project and changes(self, "task_list", "project"):
            self.project = self.project or self.task_list.project
            if self.project is not self.task_list.project:
                raise RuleError(_("This task list belongs to another project."), field="project")
        settle_client(self, "task_list", "project")

    @property
    def overdue(self) -> bool:
        return not self.done and self.due is not None and self.due < utc_now()

    @classmethod
    def assigned_to(cls, user_id: Any) -> ColumnElement[bool]:
        """The tasks that user_id is to do."""
        links = TaskAssignee.__table__
        return exists().where(links.c.task_id == cls.id, links.c.user_id == user_id)

    def __str__(self) -> str:
        return self.title
