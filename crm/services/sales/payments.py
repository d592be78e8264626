"""Payments of invoices, and what a client owes us or we owe them."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import case, func, literal, select, union_all

from crm.extensions import db
from crm.models import Client, Invoice, Transaction
from crm.models.types import Exact, today

ZERO = Decimal("0.00")


def of_invoice(invoice: Invoice) -> list[Transaction]:
    """The payments and refunds of an invoice, oldest first."""
    asked = select(Transaction).where(Transaction.invoice_id == invoice.id)
    return list(db.session.scalars(asked.order_by(Transaction.day, Transaction.id)))


def payment_of(invoice: Invoice) -> dict[str, Any]:
    """The values of a transaction that pays what is open of an invoice, or gives back what was paid too much."""
    pays = "in" if invoice.kind == "outgoing" else "out"
    refunds = "out" if pays == "in" else "in"
    return {
        "client": invoice.client, "invoice": invoice, "currency": invoice.currency,
        "amount": abs(invoice.open_amount) or None, "method": invoice.payment_method,
        "direction": pays if invoice.open_amount >= 0 else refunds, "reference": invoice.number,
    }  # fmt: skip


@dataclass
class Balance:
    """What is open between a client and us in one currency.

    owed_to_us: open of our issued invoices, their corrections counted and their payments and refunds taken off.
    owed_by_us: the same of the client's invoices to us. overdue: what of each was due before today.
    on_account: what the client paid without naming an invoice, less what we paid so.
    """

    currency: str
    owed_to_us: Decimal = ZERO
    owed_by_us: Decimal = ZERO
    overdue_to_us: Decimal = ZERO
    overdue_by_us: Decimal = ZERO
    on_account: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """What the client owes us when all is counted together; below 0 where we owe them."""
        return self.owed_to_us - self.owed_by_us - self.on_account


def balances(client: Client) -> list[Balance]:
    """What is open between a client and us, by currency, in one statement; nothing where nothing is."""
    overdue = case(
        (~Invoice.settled & (Invoice.due < today()), Invoice.open_amount), else_=literal(0, Exact(2))
    )
    invoices = (
        select(Invoice.kind.label("what"), Invoice.currency.label("currency"),
               func.sum(Invoice.open_amount).label("amount"), func.sum(overdue).label("late"))
        .where(Invoice.client_id == client.id, Invoice.open_amount != 0)
        .group_by(Invoice.kind, Invoice.currency)
    )  # fmt: skip
    signed = case((Transaction.direction == "in", Transaction.amount), else_=-Transaction.amount)
    payments = (
        select(literal("on_account"), Transaction.currency, func.sum(signed), literal(0, Exact(2)))
        .where(Transaction.client_id == client.id, Transaction.invoice_id.is_(None))
        .group_by(Transaction.currency)
    )
    found: dict[str, Balance] = defaultdict(lambda: Balance(""))
    for what, currency, amount, late in db.session.execute(union_all(invoices, payments)):
        balance = found[currency]
        balance.currency = currency
        if what == "outgoing":
            balance.owed_to_us, balance.overdue_to_us = amount, late
        elif what == "incoming":
            balance.owed_by_us, balance.overdue_by_us = amount, late
        else:
            balance.on_account = amount
    return [found[currency] for currency in sorted(found)]
