"""Orders and repairs made into invoices: by one click, with their lines, once."""

import threading
from decimal import Decimal

import pytest
from sqlalchemy import select

from crm.models import Client, Invoice, Operation, Sale, SaleLine
from crm.security.visibility import as_system
from crm.services.sales import invoicing
from crm.services.sales.converting import CONVERSIONS, convert
from crm.services.undo.operation import undo
from tests.invoices import pay

pytestmark = pytest.mark.both_engines
TO_INVOICE = CONVERSIONS["invoice"]


@pytest.fixture
def order(system, make_client) -> int:
    client = make_client("Jubiler Nowak", assignees=["alice"], billing_currency="EUR", payment_period=14)
    with system() as session:
        lines = [
            SaleLine(description="Ring", quantity=Decimal(2), price=Decimal("99.99"), vat_rate="23"),
            SaleLine(description="Engraving", price=Decimal(40), discount=Decimal(50), vat_rate="exempt"),
        ]
        sale = Sale(client=session.get(Client, client), kind="order", discount=Decimal(10), lines=lines)
        session.add(sale)
        session.commit()
        return sale.id


def test_quote_to_order_to_invoice_by_one_click_each(sign_in, system, order):
    alice = sign_in("alice")
    with system() as session:
        quote = Sale(client_id=session.get(Sale, order).client_id, kind="quote",
                     lines=[SaleLine(description="Chain", price=Decimal(100), vat_rate="23")])  # fmt: skip
        session.add(quote)
        session.commit()
        number = quote.id
    made = alice.post(f"/crm/sales/convert/{number}", data={"to": "order"}).headers["Location"]
    assert "Make an invoice" in alice.get(made).text
    invoice = alice.post(made.replace("/show/", "/convert/"), data={"to": "invoice"}).headers["Location"]
    assert "/crm/invoices/show/" in invoice
    page = alice.get(invoice).text
    assert "Chain" in page
    assert made in page
    page = alice.get(made).text
    assert invoice in page
    assert "Make an invoice" not in page


def test_it_takes_over_what_was_ordered(system, order):
    with system() as session:
        sale = session.get(Sale, order)
        invoice, is_new = convert(sale, TO_INVOICE)
        session.commit()
        assert is_new
        assert (invoice.gross, invoice.currency, invoice.client_id) == (sale.gross, "EUR", sale.client_id)
        assert [line.description for line in invoice.lines] == ["Ring", "Engraving"]
        assert (invoice.status, (invoice.due - invoice.issue_date).days) == ("draft", 14)
        sale.lines[0].price = Decimal(1)
        session.commit()
        assert invoice.gross != sale.gross


def test_it_is_made_once_but_for_what_was_cancelled(system, order):
    with system() as session:
        sale = session.get(Sale, order)
        invoice, _new = convert(sale, TO_INVOICE)
        session.commit()
        assert convert(sale, TO_INVOICE) == (invoice, False)
        invoicing.issue(invoice)
        invoicing.cancel(invoice)
        session.commit()
        again, is_new = convert(sale, TO_INVOICE)
        session.commit()
        assert is_new
        assert again is not invoice
        invoicing.issue(again)
        correction = invoicing.correct(again)
        session.commit()
        assert correction.sale_id is None
        assert convert(sale, TO_INVOICE) == (again, False)


def test_eight_at_once_make_one(app, system, order):
    def worker() -> None:
        with app.app_context(), as_system() as session:
            convert(session.get(Sale, order), TO_INVOICE)
            session.commit()
            session.remove()

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with system() as session:
        assert len(session.scalars(select(Invoice.id)).all()) == 1


def test_undo_takes_the_draft_back_but_not_what_was_issued(system, order):
    with system() as session:
        sale = session.get(Sale, order)
        convert(sale, TO_INVOICE)
        session.commit()
        undo(session.scalar(select(Operation.id).order_by(Operation.id.desc())))
        session.commit()
        assert session.scalar(select(Invoice.id)) is None
        invoice, _new = convert(sale, TO_INVOICE)
        session.commit()
        operation = session.scalar(select(Operation.id).order_by(Operation.id.desc()))
        invoicing.issue(invoice)
        session.commit()
        pay(invoice, 5)
        with pytest.raises(Exception, match="409"):
            undo(operation)
        session.rollback()
        assert invoice.status == "part_paid"
