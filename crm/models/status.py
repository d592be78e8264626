from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Record


class Status(Record):
    """A stage of the relation to a client: a column of the board."""

    __tablename__ = "status"

    name: Mapped[str] = mapped_column(String(60), unique=True)
    code: Mapped[str] = mapped_column(String(60), unique=True)
    background: Mapped[str] = mapped_column(String(7), default="#e2e8f0")
    colour: Mapped[str] = mapped_column(String(7), default="#1e293b")
    position: Mapped[int] = mapped_column(default=0, index=True)
    selectable: Mapped[bool] = mapped_column(default=True)
    closed: Mapped[bool] = mapped_column(default=False)
    is_default: Mapped[bool] = mapped_column(default=False)
    hidden_in_kanban: Mapped[bool] = mapped_column(default=False)
    alert_days: Mapped[int | None]

    def __str__(self) -> str:
        return self.name


#: What a first start creates (spec B1).
DEFAULT_STATUSES: tuple[dict[str, Any], ...] = (
    {"name": "New", "code": "new", "background": "#dbeafe", "colour": "#1e3a8a", "is_default": True},
    {"name": "Active", "code": "active", "background": "#dcfce7", "colour": "#14532d"},
    {"name": "VIP", "code": "vip", "background": "#fef3c7", "colour": "#78350f"},
    {"name": "Inactive", "code": "inactive", "background": "#e5e7eb", "colour": "#374151", "closed": True},
)
