from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, ClientOwned
from crm.models.stored_file import HasFile
from crm.models.types import UtcDateTime, utc_now

SIDES = ("front", "back", "other")


class IdImage(HasFile, ClientOwned, Base):
    """A picture of a client's ID card, sealed in the file store, and removed for good after its last day."""

    __tablename__ = "id_image"
    __table_args__ = (
        CheckConstraint("side IN ('front', 'back', 'other')", name="side"),
        Index("ix_id_image_kept_until", "kept_until"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    side: Mapped[str] = mapped_column(String(10))
    kept_until: Mapped[date] = mapped_column(Date)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
