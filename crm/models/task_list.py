from datetime import date
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Date, ForeignKey, Index, String, Text, and_
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship, validates

from crm.errors import RuleError
from crm.models.base import OptionalClientRecord
from crm.models.folding import fold
from crm.models.project import Project, has_task
from crm.models.relations import settle_client, take_along
from crm.models.types import SortKey

if TYPE_CHECKING:
    from crm.models.task import Task

KINDS = ("list", "sprint", "milestone")


class TaskList(OptionalClientRecord):
    """Tasks that belong together: a plain list, a sprint, or what a milestone asks for."""

    __tablename__ = "task_list"
    __table_args__ = (
        Index("ix_task_list_client_id_kind_id", "client_id", "kind", "id"),
        Index("ix_task_list_name_key_id", "name_key", "id"),
    )

    kind: Mapped[str] = mapped_column(String(10), default="list")
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(SortKey, default="")
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id", ondelete="SET NULL"), index=True)
    start: Mapped[date | None] = mapped_column(Date)
    due: Mapped[date | None] = mapped_column(Date)
    description: Mapped[str | None] = mapped_column(Text)

    project: Mapped[Project | None] = relationship(Project)
    tasks: Mapped[list["Task"]] = relationship(viewonly=True)

    #: What follows it to another client.
    PARTS = ("tasks",)

    @validates("name")
    def _set_name_key(self, _key: str, name: str | None) -> str | None:
        self.name_key = fold(name or "")[:200]
        return name

    def before_save(self, session: Session) -> None:
        if self.kind not in KINDS:
            raise RuleError(_("There is no such kind."), field="kind")
        if self.start and self.due and self.due < self.start:
            raise RuleError(_("It is due before it starts."), field="due")
        settle_client(self, "project")
        take_along(self, *self.PARTS)

    @classmethod
    def assigned_to(cls, user_id: Any) -> ColumnElement[bool]:
        """Of the lists without a client, those with a task for user_id."""
        return and_(cls.client_id.is_(None), has_task("task_list_id", cls.id, user_id))

    def __str__(self) -> str:
        return self.name
