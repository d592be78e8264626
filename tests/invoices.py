"""Invoices and payments for tests, made as the system in the current session."""

from decimal import Decimal
from typing import Any

from crm.extensions import db
from crm.models import Invoice, InvoiceLine, Transaction
from crm.models.types import today
from crm.services.sales.invoicing import issue


def line(price: Any = "100", rate: str = "23", **values: Any) -> InvoiceLine:
    """A line of an invoice."""
    return InvoiceLine(**{"description": "Ring", "price": Decimal(price), "vat_rate": rate, **values})


def draft(client_id: int, *lines: InvoiceLine, **values: Any) -> Invoice:
    """A stored draft, of 123.00 PLN where nothing else is said."""
    invoice = Invoice(client_id=client_id, lines=list(lines) or [line()], **{"currency": "PLN", **values})
    db.session.add(invoice)
    db.session.commit()
    return invoice


def issued(client_id: int, *lines: InvoiceLine, **values: Any) -> Invoice:
    """A stored, issued invoice."""
    invoice = draft(client_id, *lines, **values)
    issue(invoice)
    db.session.commit()
    return invoice


def incoming(client_id: int, *lines: InvoiceLine, **values: Any) -> Invoice:
    """A stored invoice of a supplier."""
    return draft(client_id, *lines, **{"kind": "incoming", "number": "S 1", "issue_date": today(), **values})


def pay(invoice: Invoice, amount: Any, direction: str = "", **values: Any) -> Transaction:
    """A stored payment of an invoice; of a refund give the direction."""
    paid = Transaction(
        client_id=invoice.client_id, invoice=invoice, currency=invoice.currency, amount=Decimal(amount),
        direction=direction or ("in" if invoice.kind == "outgoing" else "out"), **values,
    )  # fmt: skip
    db.session.add(paid)
    db.session.commit()
    return paid
