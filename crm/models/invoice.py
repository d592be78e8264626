from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, ForeignKey, Index, Row, String, Text, inspect, select, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from crm.errors import RuleError, StateConflict
from crm.models.bank_account import BankAccount
from crm.models.base import ClientRecord, Record, changes_of, has_changed, is_changed
from crm.models.client import Client
from crm.models.company import Company
from crm.models.invoice_status import StatusComparator, status_of
from crm.models.line import Line, WithLines
from crm.models.sale import Sale
from crm.models.types import Exact, Json, UtcDateTime

KINDS = ("outgoing", "incoming")
METHODS = ("transfer", "cash", "card", "other")
#: What may still change of an issued invoice: that it is cancelled. A merge moves its client by statements.
AFTER_ISSUE = frozenset({"state", "cancelled_at", "reason", "version", "changed_at", "changed_by_id"})
#: What may change of a supplier's invoice on which there are payments.
WHEN_PAID = AFTER_ISSUE | {"due", "notes", "payment_method"}
LARGEST_ROUNDING = Decimal(1)


class InvoiceLine(Line):
    """One line of an invoice."""

    __tablename__ = "invoice_line"
    __table_args__ = (Index("ix_invoice_line_invoice_id_position", "invoice_id", "position"),)

    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id", ondelete="CASCADE"))

    invoice: Mapped["Invoice"] = relationship(back_populates="lines")

    @property
    def whole(self) -> Record | None:
        return self.invoice

    @classmethod
    def before_undo(cls, connection: Connection, changes: list[Row[Any]]) -> None:
        table = cls.__table__
        now = select(table.c.invoice_id).where(table.c.id.in_([change.row_id for change in changes]))
        ids = set(connection.scalars(now))
        sides = [side for change in changes for side in (change.before, change.after) if side]
        hold_unissued(connection, ids | {side["invoice_id"] for side in sides if side.get("invoice_id")})


class Invoice(WithLines, ClientRecord):
    """An invoice of ours to a client, or one of a supplier to us.

    Ours is a draft until it is issued, which gives it a number and freezes it: `as_issued` keeps seller, buyer,
    bank account and VAT by rate as they were. It is then cancelled or corrected, never changed or deleted. A
    correction is an invoice of its own, with the difference as its lines, that names what it `corrects`; what
    was corrected changes what is to be paid for the first one. A supplier's counts from when it is entered.

    paid, corrected, open_amount and settled are kept by `crm.services.sales.settling`, past version and history;
    settled_at: when they changed last.
    rounding: by how much the VAT on a supplier's paper differs from what the lines come to.
    """

    __tablename__ = "invoice"
    __table_args__ = (
        Index("uq_invoice_own_number", "number", unique=True, sqlite_where=text("kind = 'outgoing'"),
              postgresql_where=text("kind = 'outgoing'")),
        # an order is invoiced once, but for what was cancelled
        Index("uq_invoice_sale_id", "sale_id", unique=True,
              sqlite_where=text("state != 'cancelled' AND corrects_id IS NULL"),
              postgresql_where=text("state != 'cancelled' AND corrects_id IS NULL")),
        Index("ix_invoice_state_settled_due", "state", "settled", "due", "id"),
        Index("ix_invoice_created_at_id", "created_at", "id"),
        Index("ix_invoice_kind_created_at_id", "kind", "created_at", "id"),
        Index("ix_invoice_client_id_id", "client_id", "id"),
        Index("ix_invoice_client_id_kind_id", "client_id", "kind", "id"),
        Index("ix_invoice_number", "number"),
        Index("ix_invoice_issue_date_id", "issue_date", "id"),
        Index("ix_invoice_due_id", "due", "id"),
        Index("ix_invoice_gross_id", "gross", "id"),
        Index("ix_invoice_open_amount_id", "open_amount", "id"),
    )  # fmt: skip

    kind: Mapped[str] = mapped_column(String(10), default="outgoing")
    state: Mapped[str] = mapped_column(String(10), default="draft")
    number: Mapped[str | None] = mapped_column(String(80))
    issue_date: Mapped[date | None]
    sale_date: Mapped[date | None]
    due: Mapped[date | None]
    payment_method: Mapped[str] = mapped_column(String(10), default="transfer")
    bank_account_id: Mapped[int | None] = mapped_column(ForeignKey("bank_account.id"), index=True)
    rounding: Mapped[Decimal | None] = mapped_column(Exact(2))
    notes: Mapped[str | None] = mapped_column(Text)
    #: Why it corrects another one, or was cancelled.
    reason: Mapped[str | None] = mapped_column(String(300))
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("invoice.id"), index=True)
    sale_id: Mapped[int | None] = mapped_column(ForeignKey("sale.id"), index=True)
    issued_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    as_issued: Mapped[dict[str, Any] | None] = mapped_column(Json)

    paid: Mapped[Decimal] = mapped_column(Exact(2), default=Decimal(0))
    corrected: Mapped[Decimal] = mapped_column(Exact(2), default=Decimal(0))
    open_amount: Mapped[Decimal] = mapped_column(Exact(2), default=Decimal(0))
    settled: Mapped[bool] = mapped_column(default=False)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    bank_account: Mapped[BankAccount | None] = relationship(BankAccount)
    corrects: Mapped["Invoice | None"] = relationship(remote_side="Invoice.id")
    sale: Mapped[Sale | None] = relationship(Sale)
    lines: Mapped[list[InvoiceLine]] = relationship(
        cascade="all, delete-orphan", order_by=[InvoiceLine.position, InvoiceLine.id],
        back_populates="invoice",
    )  # fmt: skip

    # -- its state

    @hybrid_property
    def status(self) -> str:
        """One of STATUSES of `crm.models.invoice_status`."""
        return status_of(self.state, self.settled, self.paid, self.due)

    @status.inplace.comparator
    @classmethod
    def _status_comparator(cls) -> StatusComparator:
        return StatusComparator(cls)

    @property
    def overdue(self) -> bool:
        return self.status == "overdue"

    @property
    def is_correction(self) -> bool:
        return self.corrects_id is not None or self.corrects is not None

    @property
    def is_frozen(self) -> bool:
        """Whether nothing of it changes any more."""
        return self.state == "cancelled" or (self.kind == "outgoing" and self.state != "draft")

    @property
    def to_pay(self) -> Decimal:
        """What is to be paid for it in all, corrections counted."""
        return self.gross + self.corrected

    # -- rules

    def before_save(self, session: Session) -> None:
        before = _value_before(self, "state")
        if inspect(self).persistent and (
            before == "cancelled" or (before == "issued" and self.kind == "outgoing")
        ):
            self._refuse_changes(
                session, AFTER_ISSUE, _("An issued invoice is not changed: correct or cancel it.")
            )
            return
        if inspect(self).persistent and self.kind == "incoming" and self.paid:
            self._refuse_changes(
                session, WHEN_PAID, _("There are payments on this invoice. Remove them first.")
            )
        self._check()
        if not self.currency:
            client = self.client or session.get(Client, self.client_id)
            own = client.billing_currency if client else None
            self.currency = own or session.scalars(select(Company.default_currency)).first() or "EUR"
        if self.kind == "incoming":
            self._check_incoming(session)
        self.put_lines_right(session)

    def _check(self) -> None:
        if self.kind not in KINDS:
            raise RuleError(_("There is no such kind."), field="kind")
        if inspect(self).persistent and has_changed(self, "kind"):
            raise RuleError(_("It stays what it is."), field="kind")
        if self.payment_method not in METHODS:
            raise RuleError(_("There is no such choice."), field="payment_method")
        if self.state == "draft" and self.kind == "outgoing" and self.number:
            raise RuleError(_("It gets its number when it is issued."), field="number")
        if self.due is not None and self.issue_date is not None and self.due < self.issue_date:
            raise RuleError(_("This is before the date of issue."), field="due")
        if self.rounding is not None and (self.kind == "outgoing" or abs(self.rounding) > LARGEST_ROUNDING):
            raise RuleError(_("At most 1.00, and only on a supplier's invoice."), field="rounding")
        if self.bank_account is not None and self.kind == "incoming":
            raise RuleError(_("Our own accounts stand on our own invoices."), field="bank_account")

    def _check_incoming(self, session: Session) -> None:
        """A supplier's invoice has their number, once, and counts from now on."""
        self.number = (self.number or "").strip()
        if not self.number:
            raise RuleError(_("Give the number on the supplier's invoice."), field="number")
        if self.issue_date is None:
            raise RuleError(_("Please fill this in."), field="issue_date")
        if self.state == "draft":
            self.state = "issued"
        client_id = self.client.id if self.client else self.client_id
        if client_id is not None:
            # whoever enters the same one at the same time waits here
            session.execute(select(Client.id).where(Client.id == client_id).with_for_update(key_share=True))
        same = select(Invoice.id).where(
            Invoice.client_id == client_id, Invoice.kind == "incoming", Invoice.state != "cancelled",
            Invoice.number == self.number, Invoice.id != (self.id or 0),
        )  # fmt: skip
        if session.scalar(same.limit(1)) is not None:
            raise RuleError(_("There is an invoice of this supplier with this number."), field="number")

    def put_lines_right(self, session: Session) -> None:
        if self.is_frozen and _value_before(self, "state") != "draft":
            return
        super().put_lines_right(session)
        if self.rounding:
            self.vat, self.gross = self.vat + self.rounding, self.gross + self.rounding

    def _refuse_changes(self, session: Session, allowed: frozenset[str], message: str) -> None:
        changed = {a.key for a in inspect(type(self)).column_attrs if has_changed(self, a.key)}
        touched = any(
            line in session.new or line in session.deleted or is_changed(line)
            for line in (*session.new, *session.dirty, *session.deleted)
            if isinstance(line, InvoiceLine) and line.invoice is self
        )
        moved = has_changed(self, "client") or has_changed(self, "lines")
        reopened = "state" in changed and self.state != "cancelled"
        if changed - allowed or moved or touched or reopened:
            raise RuleError(message)

    def before_delete(self, session: Session) -> None:
        if self.kind == "outgoing" and _value_before(self, "state") != "draft":
            raise RuleError(_("An issued invoice is not deleted: correct or cancel it."))
        if self.paid:
            raise RuleError(_("There are payments on this invoice. Remove them first."))

    @classmethod
    def before_undo(cls, connection: Connection, changes: list[Row[Any]]) -> None:
        hold_unissued(connection, {change.row_id for change in changes})

    @classmethod
    def before_purge(cls, connection: Connection, client_ids: Iterable[int]) -> None:
        table = cls.__table__
        mine = table.c.client_id.in_(client_ids) & _is_issued(table)
        if connection.scalar(select(table.c.id).where(mine).limit(1)) is not None:
            raise StateConflict(_("Invoices were issued to this client, and those are kept for good."))

    def told_to(self, client_id: int) -> str:
        return f"{self} · {self.gross:.2f} {self.currency}"

    def __str__(self) -> str:
        return self.number or _("Draft %(number)s", number=self.id or "")


def _value_before(invoice: Invoice, name: str) -> Any:
    """What the database has of a column."""
    history = changes_of(invoice, name)
    return next(iter(history.deleted or history.unchanged or ()), None)


def _is_issued(table: Any) -> Any:
    return (table.c.kind == "outgoing") & (table.c.state != "draft")


def hold_unissued(connection: Connection, ids: Iterable[int]) -> None:
    """Hold these invoices as they are. Raises StateConflict where one is issued: then nothing of it is undone."""
    table = Invoice.__table__
    asked = select(table.c.number, table.c.kind, table.c.state).where(table.c.id.in_(set(ids)))
    for number, kind, state in connection.execute(asked.order_by(table.c.id).with_for_update()):
        if kind == "outgoing" and state != "draft":
            raise StateConflict(
                _("Invoice %(number)s has been issued. Correct or cancel it instead.", number=number)
            )
