from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, ForeignKey, Index, Row, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from crm.errors import RuleError, StateConflict
from crm.models.base import ClientRecord, has_changed
from crm.models.invoice import METHODS, Invoice
from crm.models.types import Exact, today

DIRECTIONS = ("in", "out")


class Transaction(ClientRecord):
    """Money that came from a client, or went to one; for an invoice of theirs, or on account.

    What comes in pays an invoice of ours, what goes out one of a supplier's; the other way round it is a refund.
    """

    __tablename__ = "transaction"
    __table_args__ = (
        Index("ix_transaction_day_id", "day", "id"),
        Index("ix_transaction_amount_id", "amount", "id"),
        Index("ix_transaction_client_id_day_id", "client_id", "day", "id"),
    )

    direction: Mapped[str] = mapped_column(String(3), default="in")
    day: Mapped[date] = mapped_column(default=today)
    amount: Mapped[Decimal] = mapped_column(Exact(2))
    currency: Mapped[str] = mapped_column(String(3))
    method: Mapped[str] = mapped_column(String(10), default="transfer")
    reference: Mapped[str | None] = mapped_column(String(140))
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoice.id"), index=True)
    notes: Mapped[str | None] = mapped_column(Text)

    invoice: Mapped[Invoice | None] = relationship(Invoice)

    def before_save(self, session: Session) -> None:
        if self.direction not in DIRECTIONS:
            raise RuleError(_("There is no such choice."), field="direction")
        if self.method not in METHODS:
            raise RuleError(_("There is no such choice."), field="method")
        if self.day is None:
            self.day = today()
        if self.amount is not None and self.amount <= 0:
            raise RuleError(_("An amount above 0: the direction says the rest."), field="amount")
        names = ("invoice", "invoice_id", "client", "client_id", "currency")
        if has_changed(self, *names):
            self._check_invoice(session)

    def _check_invoice(self, session: Session) -> None:
        """Of an invoice that can be paid, which is held so that it stays so."""
        number = self.invoice.id if self.invoice is not None else self.invoice_id
        if number is None:
            return
        held = select(Invoice.client_id, Invoice.currency, Invoice.state, Invoice.corrects_id)
        found = session.execute(held.where(Invoice.id == number).with_for_update()).one_or_none()
        if found is None:
            raise RuleError(_("There is no such record."), field="invoice")
        if found.client_id != (self.client.id if self.client else self.client_id):
            raise RuleError(_("This invoice is of another client."), field="invoice")
        if self.currency and found.currency != self.currency:
            message = _("This invoice is in %(currency)s.", currency=found.currency)
            raise RuleError(message, field="currency")
        self.currency = found.currency
        if found.corrects_id is not None:
            raise RuleError(
                _("Choose the invoice that this one corrects: that is what is paid."), field="invoice"
            )
        if found.state != "issued":
            words = {
                "draft": _("This invoice is a draft: issue it first."),
                "cancelled": _("This invoice was cancelled."),
            }
            raise RuleError(words[found.state], field="invoice")

    @classmethod
    def before_undo(cls, connection: Connection, changes: list[Row[Any]]) -> None:
        """A payment does not come back to an invoice that was cancelled since."""
        ids = {
            change.before["invoice_id"]
            for change in changes
            if change.before and change.before.get("invoice_id")
        }
        table = Invoice.__table__
        asked = select(table.c.number, table.c.state).where(table.c.id.in_(ids)).order_by(table.c.id)
        for number, state in connection.execute(asked.with_for_update()):
            if state == "cancelled":
                raise StateConflict(_("Invoice %(number)s was cancelled.", number=number))

    @property
    def signed(self) -> Decimal:
        """The amount, below 0 where it went out."""
        return self.amount if self.direction == "in" else -self.amount

    def told_to(self, client_id: int) -> str:
        return f"{self.signed:+.2f} {self.currency}" + (f" · {self.invoice}" if self.invoice else "")

    def __str__(self) -> str:
        return f"{self.signed:+.2f} {self.currency}" + (f" · {self.reference}" if self.reference else "")
