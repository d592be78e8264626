from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Date, ForeignKey, Index, String, Text, and_, exists, or_
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship, validates

from crm.errors import RuleError
from crm.models.base import Base, OptionalClientRecord
from crm.models.folding import fold
from crm.models.relations import changes, id_before, settle_client, take_along
from crm.models.types import Exact, SortKey
from crm.models.work_rate import default_rate

if TYPE_CHECKING:
    from crm.models.task import Task
    from crm.models.task_list import TaskList
    from crm.models.work_time import WorkTime

STATUSES = ("planned", "active", "on_hold", "done")


class Project(OptionalClientRecord):
    """Work with an end in view, for a client or of our own. It may be part of another one."""

    __tablename__ = "project"
    __table_args__ = (
        Index("ix_project_client_id_id", "client_id", "id"),
        Index("ix_project_name_key_id", "name_key", "id"),
    )

    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(SortKey, default="")
    status: Mapped[str] = mapped_column(String(10), default="active")
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("project.id", ondelete="SET NULL"), index=True)
    responsible_id: Mapped[int | None] = mapped_column(
        ForeignKey("ab_user.id", ondelete="SET NULL"), index=True
    )
    start: Mapped[date | None] = mapped_column(Date)
    end: Mapped[date | None] = mapped_column(Date)
    budget_hours: Mapped[Decimal | None] = mapped_column(Exact(2))
    #: What an hour of work on it costs, unless an entry says otherwise.
    hourly_rate: Mapped[Decimal | None] = mapped_column(Exact(2))
    currency: Mapped[str | None] = mapped_column(String(3))
    description: Mapped[str | None] = mapped_column(Text)

    parent: Mapped["Project | None"] = relationship(remote_side="Project.id")
    responsible: Mapped[User | None] = relationship(User, foreign_keys=[responsible_id])
    children: Mapped[list["Project"]] = relationship(viewonly=True)
    lists: Mapped[list["TaskList"]] = relationship(viewonly=True)
    tasks: Mapped[list["Task"]] = relationship(viewonly=True)
    work: Mapped[list["WorkTime"]] = relationship(viewonly=True)

    #: What follows it to another client; work that was done for somebody stays theirs.
    PARTS = ("children", "lists", "tasks")

    @validates("name")
    def _set_name_key(self, _key: str, name: str | None) -> str | None:
        self.name_key = fold(name or "")[:200]
        return name

    def before_save(self, session: Session) -> None:
        if self.status not in STATUSES:
            raise RuleError(_("There is no such status."), field="status")
        if self.start and self.end and self.end < self.start:
            raise RuleError(_("The end is before the start."), field="end")
        for name in ("budget_hours", "hourly_rate"):
            if (getattr(self, name) or 0) < 0:
                raise RuleError(_("This cannot be less than nothing."), field=name)
        if self.hourly_rate is not None and not self.currency:
            self.currency = (self.client and self.client.billing_currency) or default_rate(session)[1]
        if changes(self, "parent"):
            self._refuse_circles()
        settle_client(self, "parent")
        take_along(self, *self.PARTS, *(() if id_before(self, "client") else ("work",)))

    def _refuse_circles(self) -> None:
        above, passed = self.parent, set()
        while above is not None and above not in passed:
            if above is self:
                raise RuleError(_("A project cannot be part of itself."), field="parent")
            passed.add(above)
            above = above.parent

    @classmethod
    def assigned_to(cls, user_id: Any) -> ColumnElement[bool]:
        """The projects for which user_id answers, and of those without a client where they have a task."""
        return or_(
            cls.responsible_id == user_id,
            and_(cls.client_id.is_(None), has_task("project_id", cls.id, user_id)),
        )

    def __str__(self) -> str:
        return self.name


def has_task(column: str, number: Any, user_id: Any) -> ColumnElement[bool]:
    """The condition that user_id is to do one of the tasks whose column holds this number."""
    tasks, links = Base.metadata.tables["task"].alias(), Base.metadata.tables["task_assignee"].alias()
    return exists().where(
        tasks.c[column] == number, links.c.task_id == tasks.c.id, links.c.user_id == user_id
    )
