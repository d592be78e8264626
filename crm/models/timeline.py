from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, ClientOwned
from crm.models.types import UtcDateTime

#: The most of a record's text that stands on the timeline.
LONGEST = 500


class TimelineEntry(ClientOwned, Base):
    """One line of a client's timeline: derived from records and operations, rebuilt by `flask crm reindex`."""

    __tablename__ = "timeline_entry"
    __table_args__ = (
        Index("ix_timeline_entry_client_id_at_id", "client_id", "at", "id"),
        # when somebody was last in touch
        Index("ix_timeline_entry_client_id_kind_at", "client_id", "kind", "at"),
        Index("ix_timeline_entry_table_name_row_id", "table_name", "row_id"),
        Index("ix_timeline_entry_operation_id", "operation_id"),
    )
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The key of a record type for its records; status, change, archive, merge … for operations.
    kind: Mapped[str] = mapped_column(String(30))
    table_name: Mapped[str | None] = mapped_column(String(60))
    row_id: Mapped[int | None]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    operation_id: Mapped[int | None] = mapped_column(ForeignKey("operation.id"))
    summary: Mapped[str] = mapped_column(String(LONGEST), default="")
