from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import ClientRecord


class Note(ClientRecord):
    """A short entry in a client's history."""

    __tablename__ = "note"
    __table_args__ = (
        Index("ix_note_client_id_pinned_id", "client_id", "pinned", "id"),
        Index("ix_note_created_at_id", "created_at", "id"),
    )

    text: Mapped[str] = mapped_column(Text)
    pinned: Mapped[bool] = mapped_column(default=False)

    @property
    def edited(self) -> bool:
        """Whether somebody changed the note after it was written."""
        return self.version > 1

    def told_to(self, client_id: int) -> str:
        return self.text

    def __str__(self) -> str:
        first = self.text.strip().partition("\n")[0]
        return first if len(first) <= 80 else first[:79] + "…"
