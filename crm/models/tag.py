from flask_babel import gettext as _
from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship, validates

from crm.errors import RuleError
from crm.models.base import Base, ClientOwned, Record
from crm.models.folding import fold
from crm.models.status import COLOUR


class Tag(Record):
    __tablename__ = "tag"

    name: Mapped[str] = mapped_column(String(60))
    name_key: Mapped[str] = mapped_column(String(60), unique=True)
    colour: Mapped[str] = mapped_column(String(7), default="#e0e7ff")

    @validates("name")
    def _set_name_key(self, _key: str, name: str) -> str:
        self.name_key = fold(name)
        return name

    def before_save(self, session: Session) -> None:
        """Check the name, which others must not have in any spelling, and the colour."""
        self.name = " ".join((self.name or "").split())
        if not self.name_key or "," in self.name or not self.name.isprintable():
            raise RuleError(_("A tag needs a name without commas."), field="name")
        same = select(Tag.id).where(Tag.name_key == self.name_key, Tag.id != (self.id or 0))
        if session.scalar(same) is not None:
            raise RuleError(_("There is a tag with this name. Merge the two instead."), field="name")
        if self.colour is not None and not COLOUR.fullmatch(self.colour):
            raise RuleError(_("A colour is written as #1e293b."), field="colour")

    def __str__(self) -> str:
        return self.name


class ClientTag(ClientOwned, Base):
    """One tag on one client."""

    __tablename__ = "client_tag"
    __table_args__ = (UniqueConstraint("client_id", "tag_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tag.id"), index=True)

    tag: Mapped[Tag] = relationship(lazy="joined")


class ContactTag(ClientOwned, Base):
    """One tag on one contact. Its client is the contact's, which it follows."""

    __tablename__ = "contact_tag"
    __table_args__ = (UniqueConstraint("contact_id", "tag_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"))
    tag_id: Mapped[int] = mapped_column(ForeignKey("tag.id"), index=True)

    tag: Mapped[Tag] = relationship(lazy="joined")
