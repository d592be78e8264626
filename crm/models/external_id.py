from sqlalchemy import ForeignKey, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, ClientOwned


def in_words(app_code: str, external_id: str) -> str:
    """An external ID as people read it."""
    return f"{app_code}: {external_id}" if app_code else external_id


class ClientExternalId(ClientOwned, Base):
    """The name of a client in another system. An alias came by a merge: it leads here, but is not shown first."""

    __tablename__ = "client_external_id"
    __table_args__ = (UniqueConstraint("app_code", "external_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    app_code: Mapped[str] = mapped_column(String(60), default="")
    external_id: Mapped[str] = mapped_column(String(200))
    alias: Mapped[bool] = mapped_column(default=False)

    def __str__(self) -> str:
        return in_words(self.app_code, self.external_id)


class ContactExternalId(ClientOwned, Base):
    """The name of a contact in another system. Its client is the contact's, which it follows.

    An alias came by a merge: it leads here, but is not shown first.
    """

    __tablename__ = "contact_external_id"
    __table_args__ = (UniqueConstraint("app_code", "external_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), index=True)
    app_code: Mapped[str] = mapped_column(String(60), default="")
    external_id: Mapped[str] = mapped_column(String(200))
    alias: Mapped[bool] = mapped_column(default=False, server_default=false())

    def __str__(self) -> str:
        return in_words(self.app_code, self.external_id)
