from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base
from crm.models.types import Json, UtcDateTime, utc_now

WAITING, DONE, FAILED = "waiting", "done", "failed"


class BulkChange(Base):
    """One change of many clients that somebody confirmed: whom it is for, and what came of it.

    It is done when the row says so: the two are committed together.
    """

    __tablename__ = "bulk_change"
    __table_args__ = (
        Index("ix_bulk_change_state", "state"),
        Index("ix_bulk_change_asked_by_id_id", "asked_by_id", "id"),
    )
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    type: Mapped[str] = mapped_column(String(20))
    value: Mapped[Any] = mapped_column(Json)
    #: The clients, as they were found when it was confirmed; forgotten once it is done.
    ids: Mapped[list[int] | None] = mapped_column(Json)
    chosen: Mapped[int]
    #: How many there were on the page on which it was confirmed.
    expected: Mapped[int]
    #: The query of the list that it began on, to which its page leads back.
    list_query: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(10), default=WAITING)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    changed: Mapped[int] = mapped_column(default=0)
    #: Reason -> how many clients were left as they are; and the first of them, as [id, reason].
    reasons: Mapped[dict[str, int]] = mapped_column(Json, default=dict)
    skipped: Mapped[list[list[Any]]] = mapped_column(Json, default=list)
    operation_id: Mapped[int | None] = mapped_column(ForeignKey("operation.id"))
    error: Mapped[str | None] = mapped_column(Text)

    @property
    def is_open(self) -> bool:
        """Whether it waits for its turn, or is being done."""
        return self.state == WAITING
