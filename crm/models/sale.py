from datetime import date as Day
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, inspect, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from crm.errors import RuleError
from crm.models.base import ClientRecord, Record, has_changed
from crm.models.client import Client
from crm.models.company import Company
from crm.models.contact import Contact, check_contact
from crm.models.line import Line, WithLines
from crm.models.number_series import take_number
from crm.models.types import Exact, today

#: Kind -> its statuses, in the order in which they follow each other; the first is that of a new one.
STATUSES = {
    "quote": ("draft", "sent", "accepted", "declined"),
    "order": ("open", "in_progress", "done", "cancelled"),
    "repair": ("received", "in_work", "ready", "collected"),
}


class SaleLine(Line):
    """One line of a sale."""

    __tablename__ = "sale_line"
    __table_args__ = (Index("ix_sale_line_sale_id_position", "sale_id", "position"),)

    sale_id: Mapped[int] = mapped_column(ForeignKey("sale.id", ondelete="CASCADE"))

    sale: Mapped["Sale"] = relationship(back_populates="lines")

    @property
    def whole(self) -> Record | None:
        return self.sale


class Sale(WithLines, ClientRecord):
    """A quote, an order or a repair. due: until when a quote is valid, by when an order or repair is promised.

    item, fault and estimate are a repair's: what was brought in, what is wrong with it, what it may cost.
    """

    __tablename__ = "sale"
    __table_args__ = (
        UniqueConstraint("number"),
        # a quote becomes one order
        UniqueConstraint("converted_from_id"),
        Index("ix_sale_date_id", "date", "id"),
        Index("ix_sale_kind_date_id", "kind", "date", "id"),
        Index("ix_sale_gross_id", "gross", "id"),
        Index("ix_sale_status_id", "status", "id"),
        Index("ix_sale_client_id_id", "client_id", "id"),
        Index("ix_sale_client_id_kind_id", "client_id", "kind", "id"),
    )

    kind: Mapped[str] = mapped_column(String(10))
    #: Given when it is saved first.
    number: Mapped[str] = mapped_column(String(80), default="")
    date: Mapped[Day]
    due: Mapped[Day | None]
    status: Mapped[str] = mapped_column(String(20), default="")
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id", ondelete="SET NULL"), index=True)
    item: Mapped[str | None] = mapped_column(String(300))
    fault: Mapped[str | None] = mapped_column(Text)
    estimate: Mapped[Decimal | None] = mapped_column(Exact(2))
    notes: Mapped[str | None] = mapped_column(Text)
    converted_from_id: Mapped[int | None] = mapped_column(ForeignKey("sale.id", ondelete="SET NULL"))

    contact: Mapped[Contact | None] = relationship(Contact)
    converted_from: Mapped["Sale | None"] = relationship(remote_side="Sale.id")
    lines: Mapped[list[SaleLine]] = relationship(
        cascade="all, delete-orphan", order_by=[SaleLine.position, SaleLine.id], back_populates="sale"
    )

    def before_save(self, session: Session) -> None:
        """Fill in date, currency, status and number; check; add up the lines."""
        if self.kind not in STATUSES:
            raise RuleError(_("There is no such kind."), field="kind")
        state = inspect(self)
        if state.persistent and has_changed(self, "kind"):
            raise RuleError(_("It stays what it is: convert it instead."), field="kind")
        self.status = self.status or STATUSES[self.kind][0]
        if self.status not in STATUSES[self.kind]:
            raise RuleError(_("There is no such status."), field="status")
        self.date = self.date or today()
        if self.due is not None and self.due < self.date:
            raise RuleError(_("This is before the date."), field="due")
        if not self.currency:
            client = self.client or session.get(Client, self.client_id)
            ours = session.scalar(select(Company.default_currency)) or ""
            self.currency = (client.billing_currency if client else None) or ours
        check_contact(self)
        self.put_lines_right(session)
        if not self.number:
            self.number = take_number(session, self.kind, self.date)

    def told_to(self, client_id: int) -> str:
        return f"{self.number} · {self.gross:.2f} {self.currency}"

    def __str__(self) -> str:
        return self.number
