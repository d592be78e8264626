"""A record type of two kinds that the product does not know; its table is in every test database."""

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import ClientRecord
from crm.registry import Kind, RecordType


class Stone(ClientRecord):
    """A stone that a client chose: a diamond or a pearl."""

    __tablename__ = "stone"
    __table_args__ = (
        Index("ix_stone_client_id_id", "client_id", "id"),
        Index("ix_stone_client_id_cut_id", "client_id", "cut", "id"),
    )

    cut: Mapped[str] = mapped_column(String(20))
    origin: Mapped[str] = mapped_column(Text)

    def __str__(self) -> str:
        return self.origin


STONE = RecordType(
    model=Stone,
    label="Stone",
    plural="Stones",
    icon="fa-gem",
    kind=Stone.cut,
    kinds=[
        Kind("diamond", "Diamond", "Diamonds", "fa-gem", empty="Diamonds are for ever."),
        Kind("pearl", "Pearl", "Pearls", "fa-circle"),
    ],
    columns=[Stone.origin, Stone.client, Stone.cut],
    fields=[Stone.client, Stone.origin],
    search=[Stone.origin],
    when=Stone.created_at,
    tab="sales",
)
