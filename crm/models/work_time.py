from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import format_date, format_time, get_timezone
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from crm.errors import RuleError
from crm.models.base import Base, OptionalClientOwned, OptionalClientRecord, has_changed
from crm.models.project import Project
from crm.models.relations import changes, id_after, settle_client
from crm.models.task import Task
from crm.models.types import Exact, Seconds, UtcDateTime, utc_now
from crm.models.work_rate import default_rate

LONGEST = timedelta(hours=12)
FARTHEST_AHEAD = timedelta(days=3)
CENT = Decimal("0.01")


class WorkTime(OptionalClientRecord):
    """Time that one user worked, from one moment to another. No two of a user's overlap.

    The database refuses overlaps too: an exclusion constraint on PostgreSQL, triggers on SQLite.
    """

    __tablename__ = "work_time"
    __table_args__ = (
        Index("ix_work_time_user_id_start", "user_id", "start"),
        Index("ix_work_time_client_id_start_id", "client_id", "start", "id"),
        Index("ix_work_time_start_id", "start", "id"),
        Index("ix_work_time_project_id", "project_id"),
        Index("ix_work_time_task_id", "task_id"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id", ondelete="SET NULL"))
    task_id: Mapped[int | None] = mapped_column(ForeignKey("task.id", ondelete="SET NULL"))
    start: Mapped[datetime] = mapped_column(UtcDateTime)
    end: Mapped[datetime] = mapped_column(UtcDateTime)
    #: From start to end, so that sums need no arithmetic on moments, which databases do differently.
    seconds: Mapped[int] = mapped_column(Seconds, default=0)
    description: Mapped[str | None] = mapped_column(Text)
    billable: Mapped[bool] = mapped_column(default=True)
    hourly_rate: Mapped[Decimal | None] = mapped_column(Exact(2))
    currency: Mapped[str | None] = mapped_column(String(3))
    #: What it comes to, rounded to the cent; nothing for what is not billed or has no rate.
    amount: Mapped[Decimal | None] = mapped_column(Exact(2))
    approved: Mapped[bool] = mapped_column(default=False)
    #: Its timer was forgotten and stopped by itself.
    cut_off: Mapped[bool] = mapped_column(default=False)

    user: Mapped[User] = relationship(User, foreign_keys=[user_id])
    project: Mapped[Project | None] = relationship(Project)
    #: Loaded at once, since it is the title of work without a description.
    task: Mapped[Task | None] = relationship(Task, lazy="selectin")

    def before_save(self, session: Session) -> None:
        self.settle()
        if self.start is None or self.end is None:
            return
        self.start, self.end = self.start.replace(microsecond=0), self.end.replace(microsecond=0)
        if changes(self, "user") or has_changed(self, "start", "end"):
            self._check_times()
            self._refuse_overlap(session)
        self._settle_rate(session)
        self.price()

    def settle(self) -> None:
        """Fill in the project and the client of the task or project that was worked on, or refuse others."""
        if self.task and self.task.project and changes(self, "task", "project"):
            self.project = self.project or self.task.project
        settle_client(self, "task", "project")

    def _check_times(self) -> None:
        if self.end <= self.start:
            raise RuleError(_("The end must be after the start."), field="end")
        if self.end - self.start > LONGEST:
            raise RuleError(_("At most 12 hours at a time."), field="end")
        if self.end > utc_now() + FARTHEST_AHEAD:
            raise RuleError(_("Not more than 3 days ahead."), field="end")

    def _refuse_overlap(self, session: Session) -> None:
        """One user works on one thing at a time. Held by the user's row, two at once are asked one by one.

        Asked by the table's own columns: work at clients in the trash counts too.
        """
        user_id = id_after(self, "user")
        if user_id is None:
            return
        users, mine, connection = User.__table__, WorkTime.__table__, session.connection()
        connection.execute(
            select(users.c.id).where(users.c.id == user_id).with_for_update(key_share=True)
        ).all()
        there = select(mine.c.start, mine.c.end, mine.c.description).where(
            mine.c.user_id == user_id,
            mine.c.start < self.end,
            mine.c.end > self.start,
            mine.c.id != (self.id or 0),
        )
        if other := connection.execute(there.order_by(mine.c.start).limit(1)).first():
            what = (other.description or "").partition("\n")[0][:60]
            raise RuleError(
                _("There is work from %(times)s already%(what)s.",
                  times=span(other.start, other.end), what=f" ({what})" if what else ""),
                field="start",
            )  # fmt: skip
        timers = Timer.__table__
        asked = select(timers.c.start).where(timers.c.user_id == user_id, timers.c.start < self.end)
        if (since := connection.scalar(asked)) is not None and since + LONGEST > self.start:
            raise RuleError(
                _("A timer is running since %(time)s. Stop it first.", time=clock(since)), field="end"
            )

    def _settle_rate(self, session: Session) -> None:
        """Without a rate of its own it takes that of the project, else of all work."""
        if (self.hourly_rate or 0) < 0:
            raise RuleError(_("This cannot be less than nothing."), field="hourly_rate")
        if self.billable and self.hourly_rate is None:
            if self.project and self.project.hourly_rate is not None:
                self.hourly_rate, self.currency = self.project.hourly_rate, self.project.currency
            else:
                self.hourly_rate, currency = default_rate(session)
                self.currency = self.currency or (currency if self.hourly_rate is not None else None)
        if self.hourly_rate is not None and not self.currency:
            self.currency = (self.client and self.client.billing_currency) or default_rate(session)[1]

    def price(self) -> None:
        """Work out how long it is, and what that comes to."""
        self.seconds = int((self.end - self.start).total_seconds())
        self.amount = None
        if self.billable and self.hourly_rate is not None:
            exact = Decimal(self.hourly_rate) * self.seconds / 3600
            self.amount = exact.quantize(CENT, ROUND_HALF_UP)

    def belongs_to(self, user_id: int) -> bool:
        """Whoever worked may change it, whoever wrote it down."""
        return user_id in (self.user_id, self.created_by_id)

    @classmethod
    def assigned_to(cls, user_id: Any) -> ColumnElement[bool]:
        """The work of user_id."""
        return cls.user_id == user_id

    def __str__(self) -> str:
        if self.description:
            return self.description.partition("\n")[0][:120]
        return str(self.task or self.project or _("Work"))


class Timer(OptionalClientOwned, Base):
    """What a user is working on just now. It becomes work time when it is stopped."""

    __tablename__ = "timer"
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), unique=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id", ondelete="SET NULL"), index=True)
    task_id: Mapped[int | None] = mapped_column(ForeignKey("task.id", ondelete="SET NULL"), index=True)
    start: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    description: Mapped[str | None] = mapped_column(Text)

    project: Mapped[Project | None] = relationship(Project)
    task: Mapped[Task | None] = relationship(Task)

    @classmethod
    def personal(cls, user_id: Any) -> ColumnElement[bool]:
        return cls.user_id == user_id

    def before_save(self, session: Session) -> None:
        settle_client(self, "task", "project")


def clock(moment: datetime) -> str:
    """A moment as day and time, in the user's time zone: 22 Nov, 09:00. The year stands where it is another."""
    local = moment.astimezone(get_timezone())
    day = "d MMM" if local.year == utc_now().astimezone(get_timezone()).year else "d MMM y"
    return f"{format_date(local, day, rebase=False)}, {format_time(local, 'HH:mm', rebase=False)}"


def span(start: datetime, end: datetime) -> str:
    """From when to when, in the user's time zone; the day of the end only where it is another: 22 Nov, 09:00–11:30."""
    until = end.astimezone(get_timezone())
    same = start.astimezone(get_timezone()).date() == until.date()
    return f"{clock(start)}–{format_time(until, 'HH:mm', rebase=False) if same else ' ' + clock(end)}"
