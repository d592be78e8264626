from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import ClientRecord
from crm.models.file_kinds import with_ending
from crm.models.stored_file import HasFile

CATEGORIES = ("contract", "order", "invoice", "certificate", "picture", "letter", "other")


class Document(HasFile, ClientRecord):
    """A file that belongs to a client."""

    __tablename__ = "document"
    __table_args__ = (
        Index("ix_document_client_id_id", "client_id", "id"),
        Index("ix_document_created_at_id", "created_at", "id"),
    )

    name: Mapped[str] = mapped_column(String(200))
    category: Mapped[str | None] = mapped_column(String(20))
    description: Mapped[str | None] = mapped_column(Text)
    #: Counts how often its file was replaced, from 1.
    edition: Mapped[int] = mapped_column(default=1)

    @property
    def file_name(self) -> str:
        """The name under which it is downloaded, which says what kind of file it is."""
        return with_ending(self.name, self.type)

    def __str__(self) -> str:
        return self.name
