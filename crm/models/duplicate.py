"""Likely duplicates: keys by which clients that could be the same meet, what was found, and what people said."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, BetweenClients
from crm.models.types import Json, UtcDateTime, utc_now


class DuplicateKey(Base):
    """One key of one client: a number made of its tax ID, a phone, parts of its name with its city, and so on.

    Clients with a key in common are compared. Derived from the client, the trashed and merged ones too.
    """

    __tablename__ = "duplicate_key"
    __table_args__ = ({"sqlite_with_rowid": False},)
    __history__ = False

    key: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), primary_key=True, index=True)


class DuplicateTodo(Base):
    """A client to look at: it is new, or something changed by which duplicates are known. Only ever added to."""

    __tablename__ = "duplicate_todo"
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)


class DuplicatePair(BetweenClients, Base):
    """Two clients that are likely one, as the last look at them found. `client_id` is the smaller.

    score: 0 to 100; reasons: `,tax_id,phone,`. The `open_` ones are for viewers who may not see sensitive data, and
    differ where one of the two is sensitive. group_id: the smallest client of all that hang together.
    dismissed: people said that they are two.
    """

    __tablename__ = "duplicate_pair"
    __table_args__ = (
        UniqueConstraint("client_id", "other_id"),
        CheckConstraint("client_id < other_id", name="in_order"),
        Index("ix_duplicate_pair_group_id", "group_id"),
    )
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    score: Mapped[int]
    reasons: Mapped[str] = mapped_column(String(100))
    open_score: Mapped[int]
    open_reasons: Mapped[str] = mapped_column(String(100))
    group_id: Mapped[int]
    dismissed: Mapped[bool] = mapped_column(default=False)


class NotDuplicate(BetweenClients, Base):
    """Somebody said that two clients are two.

    shared: the keys that prove them one in our eyes and that they had in common then; a further one asks again.
    """

    __tablename__ = "not_duplicate"

    id: Mapped[int] = mapped_column(primary_key=True)
    shared: Mapped[list[Any]] = mapped_column(Json, default=list)
    said_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    said_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
