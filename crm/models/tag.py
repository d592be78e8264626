from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from crm.models.base import Base, ClientOwned, Record
from crm.models.folding import fold


class Tag(Record):
    __tablename__ = "tag"

    name: Mapped[str] = mapped_column(String(60))
    name_key: Mapped[str] = mapped_column(String(60), unique=True)
    colour: Mapped[str] = mapped_column(String(7), default="#e0e7ff")

    @validates("name")
    def _set_name_key(self, _key: str, name: str) -> str:
        self.name_key = fold(name)
        return name

    def __str__(self) -> str:
        return self.name


class ClientTag(ClientOwned, Base):
    """One tag on one client."""

    __tablename__ = "client_tag"
    __table_args__ = (UniqueConstraint("client_id", "tag_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tag.id"), index=True)

    tag: Mapped[Tag] = relationship(lazy="joined")
