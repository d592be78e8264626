from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, ClientOwned
from crm.models.types import Json, UtcDateTime, utc_now


class PeppolStatus(ClientOwned, Base):
    """What Peppol answered about a company, and when. A failed look-up leaves the answer before it.

    basis: the numbers that were asked for; an answer about others than the client has is worth nothing.
    registered: None as long as nothing is known. error: of the last look-up, blank where it went well.
    """

    __tablename__ = "peppol_status"
    __table_args__ = (UniqueConstraint("client_id"), Index("ix_peppol_status_next_at", "next_at"))
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    basis: Mapped[str] = mapped_column(String(110))
    registered: Mapped[bool | None]
    receives_invoices: Mapped[bool] = mapped_column(default=False)
    identifier: Mapped[str] = mapped_column(String(60), default="")
    host: Mapped[str] = mapped_column(String(260), default="")
    documents: Mapped[list[str]] = mapped_column(Json, default=list)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tried_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    failures: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(String(20), default="")
    next_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
