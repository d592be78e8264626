from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.errors import RuleError
from crm.models.base import Record
from crm.models.types import Exact

#: What a rate means: a tax of so many percent, or one of the reasons why there is none.
CATEGORIES = ("standard", "exempt", "reverse", "outside")


class VatRate(Record):
    """One rate of VAT that our sales and purchases have, or a code that says why there is none."""

    __tablename__ = "vat_rate"
    __table_args__ = (UniqueConstraint("category", "rate"),)

    #: As printed: "23%", "zw".
    label: Mapped[str] = mapped_column(String(30), unique=True)
    #: In percent; nothing but 0 where the category is not standard.
    rate: Mapped[Decimal] = mapped_column(Exact(2), default=Decimal(0))
    category: Mapped[str] = mapped_column(String(20), default="standard")
    #: Printed under a document that uses the rate: the article of the law, "Reverse charge".
    remark: Mapped[str | None] = mapped_column(String(200))
    position: Mapped[int] = mapped_column(default=0)
    is_default: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)

    def before_save(self, session: Session) -> None:
        """Check the rate against its category; only one is the default."""
        self.label = (self.label or "").strip()
        if not self.label:
            raise RuleError(_("Please fill this in."), field="label")
        if self.category not in CATEGORIES:
            raise RuleError(_("There is no such choice."), field="category")
        if not 0 <= self.rate <= 100:
            raise RuleError(_("From 0 to 100 %."), field="rate")
        if self.category != "standard" and self.rate:
            raise RuleError(_("Without VAT the rate is 0."), field="rate")
        same = select(VatRate.id).where(
            VatRate.category == self.category, VatRate.rate == self.rate, VatRate.id != (self.id or 0)
        )
        if session.scalar(same) is not None:
            raise RuleError(_("There is this rate already."), field="rate")
        if self.is_default and not self.active:
            raise RuleError(_("The default must be in use."), field="is_default")
        if not self.position:
            self.position = (session.scalar(select(func.max(VatRate.position))) or 0) + 1
        if self.is_default:
            asked = select(VatRate).where(VatRate.is_default, VatRate.id != (self.id or 0))
            for other in session.scalars(asked):
                other.is_default = False

    @property
    def code(self) -> str:
        """How the rate stands on a line: "23", "5.5", "exempt"."""
        return format(self.rate.normalize(), "f") if self.category == "standard" else self.category

    def __str__(self) -> str:
        return self.label
