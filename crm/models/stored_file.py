"""Files in the file store, and what a row with a file has."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, declared_attr, deferred, mapped_column, relationship, validates

from crm.models.base import Base
from crm.models.types import UtcDateTime, utc_now


class StoredFile(Base):
    """A file in the file store, never changed once it is written.

    It is nobody's: who may see it follows from the rows that refer to it, of which it may have several. When
    none is left it is kept for a while, so that a deletion can be undone, and then removed by the nightly job.
    """

    __tablename__ = "stored_file"
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    #: Its name in the store: random, so that no two writers ever mean the same place.
    place: Mapped[str] = mapped_column(String(80), unique=True)
    #: SHA-256 of the content, in hexadecimal; and its bytes, both before sealing.
    digest: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    type: Mapped[str] = mapped_column(String(100))
    #: Whether it lies encrypted in the store, and its thumbnail in the database.
    sealed: Mapped[bool] = mapped_column(default=False)
    #: Of pictures a small one, WebP.
    thumbnail: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    #: When the nightly job first saw that no row refers to it.
    unused_since: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class HasFile:
    """A row with a file. Type and size stand in the row itself, for lists and for its history."""

    type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger)

    @declared_attr
    def stored_file_id(cls) -> Mapped[int]:
        return mapped_column(ForeignKey("stored_file.id"), index=True)

    @declared_attr
    def stored_file(cls) -> Mapped[StoredFile]:
        return relationship(StoredFile)

    @validates("stored_file")
    def _tell_of_file(self, _key: str, stored: StoredFile) -> Any:
        self.type, self.size = stored.type, stored.size
        return stored

    @property
    def is_picture(self) -> bool:
        """Whether there is a thumbnail of it."""
        return self.type.startswith("image/")
