from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, ClientOwned


class ClientExternalId(ClientOwned, Base):
    """The name of a client in another system. An alias came by a merge: it leads here, but is not shown first."""

    __tablename__ = "client_external_id"
    __table_args__ = (UniqueConstraint("app_code", "external_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    app_code: Mapped[str] = mapped_column(String(60), default="")
    external_id: Mapped[str] = mapped_column(String(200))
    alias: Mapped[bool] = mapped_column(default=False)

    def __str__(self) -> str:
        return f"{self.app_code}: {self.external_id}" if self.app_code else self.external_id
