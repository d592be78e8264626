from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base
from crm.models.types import Json, UtcDateTime, utc_now


class GusAnswer(Base):
    """What GUS has under a NIP, as public as the register itself; asked again after a day."""

    __tablename__ = "gus_answer"
    __history__ = False

    nip: Mapped[str] = mapped_column(String(10), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
    rows: Mapped[list[dict[str, str]]] = mapped_column(Json)
