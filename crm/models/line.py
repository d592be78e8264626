"""Lines: what is sold, row by row, on a sale or an invoice; and the record that has them and their totals."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, String, inspect
from sqlalchemy.orm import Mapped, Session, declared_attr, mapped_column, relationship

from crm.errors import RuleError
from crm.models.base import Base, ClientOwned, changes_of
from crm.models.totals import Totals, totals
from crm.models.types import Exact
from crm.models.vat import LONGEST, read_rate

if TYPE_CHECKING:
    from crm.models.product import Product

#: What people write of a line, in the order in which it is asked.
LINE_FIELDS = ("product", "description", "quantity", "unit", "price", "discount", "vat_rate")
MOST_LINES = 500


class Line(ClientOwned, Base):
    """One line. A model of lines adds the foreign key to its record and names that relationship in `whole`.

    price: net, of one unit. discount: in percent; None for the discount of the whole record. vat_rate: see
    `crm.models.vat`. net: what it comes to, kept by its record.
    """

    __abstract__ = True

    id: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(default=0)
    description: Mapped[str] = mapped_column(String(500))
    quantity: Mapped[Decimal] = mapped_column(Exact(3), default=Decimal(1))
    unit: Mapped[str | None] = mapped_column(String(20))
    price: Mapped[Decimal] = mapped_column(Exact(4))
    discount: Mapped[Decimal | None] = mapped_column(Exact(2))
    vat_rate: Mapped[str] = mapped_column(String(LONGEST))
    net: Mapped[Decimal] = mapped_column(Exact(2), default=Decimal(0))

    @declared_attr
    def product_id(cls) -> Mapped[int | None]:
        # a product that is sold cannot be deleted
        return mapped_column(ForeignKey("product.id"), index=True)

    @declared_attr
    def product(cls) -> Mapped["Product | None"]:
        return relationship("Product", lazy="selectin")

    def put_right(self, number: int, session: Session) -> None:
        """Fill in what follows from the product, and check. Raises RuleError; number: for its message."""
        product = self.product
        if product is None and self.product_id is not None:
            # of a line just added only the id may be there
            product = session.get(inspect(type(self)).relationships["product"].mapper.class_, self.product_id)
        if product is not None:
            self.description = self.description or product.name
            if self.price is None:
                self.price = product.sale_price
            self.vat_rate = self.vat_rate or product.vat_rate
        if not self.description:
            raise RuleError(_("Line %(n)d: say what it is.", n=number), field="lines")
        if self.price is None:
            raise RuleError(_("Line %(n)d has no price.", n=number), field="lines")
        if self.quantity is None:
            self.quantity = Decimal(1)
        if self.discount is not None and not 0 <= self.discount <= 100:
            raise RuleError(_("Line %(n)d: a discount is from 0 to 100 %%.", n=number), field="lines")
        try:
            self.vat_rate = read_rate(self.vat_rate or "")
        except ValueError:
            raise RuleError(_("Line %(n)d has no VAT rate.", n=number), field="lines") from None

    def __str__(self) -> str:
        return self.description or ""


class WithLines:
    """A record with lines in the relationship `lines`, in one currency, and what they add up to.

    discount: in percent, of the lines that have none of their own.
    """

    lines: Any
    client: Any
    client_id: Any

    currency: Mapped[str] = mapped_column(String(3))
    discount: Mapped[Decimal | None] = mapped_column(Exact(2))
    net: Mapped[Decimal] = mapped_column(Exact(2), default=Decimal(0))
    vat: Mapped[Decimal] = mapped_column(Exact(2), default=Decimal(0))
    gross: Mapped[Decimal] = mapped_column(Exact(2), default=Decimal(0))

    def put_lines_right(self, session: Session) -> None:
        """Number and check the lines, keep them at the client, and keep what they add up to."""
        if self.discount is not None and not 0 <= self.discount <= 100:
            raise RuleError(_("From 0 to 100 %."), field="discount")
        lines = [line for line in self.lines if line not in session.deleted]
        if len(lines) > MOST_LINES:
            raise RuleError(_("At most %(n)d lines.", n=MOST_LINES), field="lines")
        # a client chosen just now is known before its id is
        client = next(iter(changes_of(self, "client").added or ()), None)
        for position, line in enumerate(lines):
            line.put_right(position + 1, session)
            line.position = position
            if client is not None:
                line.client = client
            elif line.client_id != self.client_id:
                line.client_id = self.client_id
        found = totals(lines, self.discount)
        if max(abs(found.net), abs(found.gross)) > Exact(2).largest:
            raise RuleError(_("The total is too large."), field="lines")
        for line, sums in zip(lines, found.lines, strict=True):
            line.net = sums.net
        self.net, self.vat, self.gross = found.net, found.vat, found.gross

    @property
    def totals(self) -> Totals:
        """What the lines add up to, by line and by rate."""
        return totals(self.lines, self.discount)

    def discount_of(self, line: Line) -> Decimal:
        """The discount that holds for a line, in percent."""
        return (self.discount if line.discount is None else line.discount) or Decimal(0)
