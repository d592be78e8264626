"""The log of every change: who did what, and each row as it was before and after."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base
from crm.models.types import Json, UtcDateTime, utc_now


class Operation(Base):
    """One action of one user that changed rows, in one transaction."""

    __tablename__ = "operation"
    __table_args__ = (
        Index("ix_operation_client_id_id", "client_id", "id"),
        Index("ix_operation_user_id_id", "user_id", "id"),
        Index("ix_operation_kind_id", "kind", "id"),
        Index("ix_operation_at_id", "at", "id"),
    )
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    source: Mapped[str] = mapped_column(String(10))
    #: A plain number: the log of a client is its own and stays with it through a merge.
    client_id: Mapped[int | None]
    details: Mapped[dict[str, Any] | None] = mapped_column(Json)
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("operation.id"))


class Change(Base):
    """One row as one step of an operation changed it.

    before and after hold the changed columns as the database stores them, the whole row where it was
    added or deleted. Sensitive columns are ciphertext here as they are in their table.
    """

    __tablename__ = "change"
    __table_args__ = (
        UniqueConstraint("operation_id", "step", "table_name", "row_id"),
        Index("ix_change_table_name_row_id", "table_name", "row_id"),
        Index("ix_change_client_id_id", "client_id", "id"),
    )
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    operation_id: Mapped[int] = mapped_column(ForeignKey("operation.id"))
    step: Mapped[int]
    table_name: Mapped[str] = mapped_column(String(60))
    row_id: Mapped[int]
    client_id: Mapped[int | None]
    action: Mapped[str] = mapped_column(String(6))
    before: Mapped[dict[str, Any] | None] = mapped_column(Json)
    after: Mapped[dict[str, Any] | None] = mapped_column(Json)
