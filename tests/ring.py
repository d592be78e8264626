"""A record type that the product does not know: declared as its README says, table in every test database."""

from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import ClientRecord
from crm.registry import RecordType


class Ring(ClientRecord):
    """A ring that a client left at the workshop."""

    __tablename__ = "ring"
    __table_args__ = (Index("ix_ring_client_id_id", "client_id", "id"),)

    engraving: Mapped[str] = mapped_column(Text)

    def __str__(self) -> str:
        return self.engraving


RING = RecordType(
    model=Ring,
    label="Ring",
    plural="Rings",
    icon="fa-ring",
    columns=[Ring.engraving, Ring.client],
    fields=[Ring.client, Ring.engraving],
    search=[Ring.engraving],
    when=Ring.created_at,
)
