from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base
from crm.models.types import UtcDateTime, utc_now


class LoginSession(Base):
    """One signing-in of one user in one browser, so that signing out ends it, copied cookies and all."""

    __tablename__ = "login_session"
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), index=True)
    #: SHA-256 of the random key in the cookie.
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    #: Changes with the password, so that a new one ends what was begun with the old.
    stamp: Mapped[str] = mapped_column(String(32))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
