from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import Index, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, validates

from crm.errors import RuleError
from crm.models.base import Record, SeenByAll
from crm.models.folding import fold
from crm.models.types import Exact, SortKey
from crm.models.vat import LONGEST, read_rate


class Product(SeenByAll, Record):
    """Something that is sold. `client` is its supplier. Prices are net, of one unit."""

    __tablename__ = "product"
    __table_args__ = (
        UniqueConstraint("sku"),
        Index("ix_product_client_id_id", "client_id", "id"),
        Index("ix_product_name_key_id", "name_key", "id"),
        Index("ix_product_sale_price_id", "sale_price", "id"),
    )

    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(SortKey)
    sku: Mapped[str | None] = mapped_column(String(60))
    purchase_price: Mapped[Decimal | None] = mapped_column(Exact(4))
    sale_price: Mapped[Decimal | None] = mapped_column(Exact(4))
    currency: Mapped[str] = mapped_column(String(3))
    vat_rate: Mapped[str] = mapped_column(String(LONGEST))
    unit: Mapped[str | None] = mapped_column(String(20))
    active: Mapped[bool] = mapped_column(default=True)
    description: Mapped[str | None] = mapped_column(Text)

    @validates("name")
    def _set_name_key(self, _key: str, name: str | None) -> str | None:
        self.name_key = fold(name or "")[:200]
        return name

    def before_save(self, session: Session) -> None:
        try:
            self.vat_rate = read_rate(self.vat_rate or "")
        except ValueError:
            raise RuleError(_("There is no such VAT rate."), field="vat_rate") from None
        for name in ("purchase_price", "sale_price"):
            if (getattr(self, name) or 0) < 0:
                raise RuleError(_("A price is not below zero."), field=name)
        if self.sku and self._sku_is_taken(session):
            raise RuleError(_("Another product has this SKU."), field="sku")

    def _sku_is_taken(self, session: Session) -> bool:
        table = Product.__table__
        asked = select(table.c.id).where(table.c.sku == self.sku)
        return any(number != self.id for number in session.connection().scalars(asked))

    def __str__(self) -> str:
        return self.name
