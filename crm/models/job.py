"""Background work as the database sees it: what was asked for, how far it is, and which workers live."""

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Connection,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    cast,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base
from crm.models.client import Client
from crm.models.history import Change
from crm.models.types import Json, UtcDateTime, utc_now

QUEUED, RUNNING, DONE, FAILED = "queued", "running", "done", "failed"
#: Ended by a crash or a shutdown; what was done stands, and the next run does the rest.
INTERRUPTED = "interrupted"
#: Stopped before it changed anything, until a person says yes.
UNCONFIRMED = "unconfirmed"
#: Not started, because another run of its kind was under way.
REFUSED = "refused"
OPEN_STATES = (QUEUED, RUNNING)
#: What stands for somebody who was deleted for good.
BLANKED = "…"


class JobRun(Base):
    """One run of one job. A scheduled one carries the business date that it is for, once per kind."""

    __tablename__ = "job_run"
    __table_args__ = (
        UniqueConstraint("kind", "business_date"),
        Index("ix_job_run_kind_id", "kind", "id"),
        Index("ix_job_run_state", "state"),
    )
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    business_date: Mapped[date | None]
    state: Mapped[str] = mapped_column(String(12), default=QUEUED)
    options: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    message: Mapped[str] = mapped_column(String(300), default="")
    counters: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    report: Mapped[list[str]] = mapped_column(Json, default=list)
    error: Mapped[str | None] = mapped_column(Text)

    @classmethod
    def before_purge(cls, connection: Connection, client_ids: Iterable[int]) -> None:
        """Lines of reports that name these clients, by any name or address they ever had, are blanked."""
        words = {word.strip() for word in _names_of(connection, client_ids) if word and word.strip()}
        if not words:
            return
        longest_first = sorted(map(re.escape, words), key=len, reverse=True)
        named = re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)", re.IGNORECASE)
        told = select(cls.id, cls.report, cls.error).where(
            or_(func.length(cast(cls.report, Text)) > len("[]"), cls.error.is_not(None))
        )
        for row in connection.execute(told).all():
            report = [BLANKED if named.search(line) else line for line in row.report or []]
            error = named.sub(BLANKED, row.error) if row.error else row.error
            if (report, error) != (row.report, row.error):
                told_less = update(cls.__table__).where(cls.__table__.c.id == row.id)
                connection.execute(told_less.values(report=report, error=error))

    @property
    def is_open(self) -> bool:
        """Asked for or under way."""
        return self.state in OPEN_STATES

    @property
    def percent(self) -> int:
        return min(100, 100 * self.done // self.total) if self.total else 0


def _names_of(connection: Connection, client_ids: Iterable[int]) -> Iterator[str | None]:
    """Names and e-mail addresses of clients, as they are and as their history knows them."""
    told = ("name", "email")
    for row in connection.execute(select(Client.name, Client.email).where(Client.id.in_(client_ids))):
        yield from row
    mine = (Change.table_name == Client.__tablename__) & Change.row_id.in_(client_ids)
    for sides in connection.execute(select(Change.before, Change.after).where(mine)):
        yield from (side.get(name) for side in sides if side for name in told)


class WorkerHeartbeat(Base):
    """One worker process, as long as it says so."""

    __tablename__ = "worker_heartbeat"
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    is_leader: Mapped[bool] = mapped_column(default=False)
