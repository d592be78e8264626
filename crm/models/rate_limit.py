from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base
from crm.models.types import UtcDateTime


class RateLimit(Base):
    """How often something was tried since its window began; at the window's end the count is void."""

    __tablename__ = "rate_limit"
    __history__ = False

    #: SHA-256 of what is counted: people type passwords where their name should be.
    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    hits: Mapped[int]
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
