"""Transactions: what they may be, what they do to the status of an invoice, and two at a time."""

import threading
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from crm.errors import RuleError, StateConflict
from crm.models import Invoice, Operation, Transaction
from crm.models.types import today
from crm.security.visibility import as_system
from crm.services.sales import invoicing
from crm.services.sales.payments import balances, payment_of
from crm.services.undo.operation import undo
from tests.invoices import draft, incoming, issued, line, pay

pytestmark = pytest.mark.both_engines


@pytest.fixture
def buyer(make_client) -> int:
    return make_client("Jubiler Nowak", assignees=["alice"], payment_period=7)


def test_the_status_follows_what_is_paid(system, buyer):
    with system() as session:
        invoice = issued(buyer)
        found = [invoice.status]
        for amount, direction in ((23, "in"), (100, "in"), (50, "in"), (50, "out"), (1, "out")):
            last = pay(invoice, amount, direction)
            found.append(invoice.status)
        assert found == ["issued", "part_paid", "paid", "paid", "paid", "part_paid"]
        assert (invoice.paid, invoice.open_amount) == (122, 1)
        last.amount = Decimal(3)
        session.commit()
        assert invoice.open_amount == 3
        session.delete(last)
        session.commit()
        assert (invoice.status, invoice.open_amount) == ("paid", 0)


def test_what_was_paid_too_much_is_shown_and_given_back(system, buyer, sign_in):
    with system():
        invoice = issued(buyer)
        pay(invoice, 150)
        assert (invoice.status, invoice.open_amount, invoicing.overpaid(invoice)) == ("paid", -27, 27)
        back = payment_of(invoice)
        assert (back["direction"], back["amount"]) == ("out", 27)
        number = invoice.id
    page = sign_in("alice").get(f"/crm/invoices/show/{number}").text
    assert "Paid too much" in page
    assert "Record refund" in page


def test_the_day_makes_it_overdue(system, buyer):
    with system() as session:
        late = issued(buyer, issue_date=today() - timedelta(days=9), due=today() - timedelta(days=2))
        now = issued(buyer, due=today())
        assert (late.status, now.status) == ("overdue", "issued")
        pay(late, 3)
        assert late.status == "overdue"
        pay(late, 120)
        assert late.status == "paid"
        assert session.scalars(select(Invoice.id).where(Invoice.status == "paid")).all() == [late.id]


def test_the_list_is_filtered_by_status(system, buyer, sign_in):
    past = {"issue_date": date(2026, 1, 1), "due": date(2026, 1, 8)}
    with system() as session:
        ids = {"draft": draft(buyer).id, "issued": issued(buyer).id, "overdue": issued(buyer, **past).id}
        paid, part, cancelled = issued(buyer, **past), issued(buyer), issued(buyer)
        pay(paid, 123)
        pay(part, 1)
        invoicing.cancel(cancelled)
        session.commit()
        ids |= {"paid": paid.id, "part_paid": part.id, "cancelled": cancelled.id}
        for invoice in session.scalars(select(Invoice)):
            assert ids[invoice.status] == invoice.id
    alice = sign_in("alice")
    for status, number in ids.items():
        assert alice.get(f"/api/v1/invoices/?status={status}").json["ids"] == [number]
        assert f"/crm/invoices/show/{number}" in alice.get(f"/crm/invoices/list/?status={status}").text
    both = alice.get("/api/v1/invoices/?status=paid&status=overdue").json["ids"]
    assert sorted(both) == sorted([ids["paid"], ids["overdue"]])
    assert alice.get("/api/v1/invoices/?status=lost").status_code == 400


def test_rules(system, buyer, make_client):
    other = make_client("Other", assignees=["alice"])
    with system() as session:
        invoice, unissued = issued(buyer), draft(buyer)
        cancelled = issued(buyer)
        invoicing.cancel(cancelled)
        correction = invoicing.correct(invoice)
        invoicing.issue(correction)
        session.commit()
        good = {"client_id": buyer, "amount": Decimal(1), "currency": "PLN", "invoice_id": invoice.id}
        for values, field in (
            ({"amount": Decimal(0)}, "amount"), ({"amount": Decimal(-1)}, "amount"),
            ({"direction": "up"}, "direction"), ({"method": "barter"}, "method"),
            ({"client_id": other}, "invoice"), ({"currency": "EUR"}, "currency"),
            ({"invoice_id": unissued.id}, "invoice"), ({"invoice_id": cancelled.id}, "invoice"),
            ({"invoice_id": correction.id}, "invoice"), ({"invoice_id": 999}, "invoice"),
        ):  # fmt: skip
            session.add(Transaction(**{**good, **values}))
            with pytest.raises(RuleError) as refused:
                session.commit()
            assert refused.value.field == field, values
            session.rollback()


def test_a_payment_on_account_needs_no_invoice(buyer, sign_in):
    alice = sign_in("alice")
    sent = {"client": buyer, "amount": 50, "currency": "PLN", "reference": "deposit"}
    answer = alice.post("/api/v1/transactions/", json=sent)
    assert answer.status_code == 201, answer.json
    assert answer.json["result"]["direction"] == "in"
    page = alice.get(f"/crm/clients/show/{buyer}?tab=transactions").text
    assert "deposit" in page


def test_a_foreign_invoice_is_not_paid(system, buyer, sign_in, make_client):
    with system():
        number = issued(make_client("Foreign", assignees=["charlie"])).id
    alice = sign_in("alice")
    assert alice.get(f"/crm/transactions/add?invoice={number}").status_code == 404
    sent = {"client": buyer, "amount": 50, "currency": "PLN", "invoice": number}
    assert alice.post("/api/v1/transactions/", json=sent).status_code == 422


def test_undo_of_a_payment_leaves_later_ones_counted(system, buyer):
    with system() as session:
        invoice = issued(buyer)
        pay(invoice, 10)
        operation = session.scalar(select(Operation.id).order_by(Operation.id.desc()))
        pay(invoice, 20)
        undo(operation)
        session.commit()
        assert (invoice.paid, invoice.open_amount) == (20, 103)


def test_a_deleted_payment_comes_back_but_not_to_a_cancelled_invoice(system, buyer):
    with system() as session:
        for cancelled in (False, True):
            invoice = issued(buyer)
            payment = pay(invoice, 10)
            session.delete(payment)
            session.commit()
            operation = session.scalar(select(Operation.id).order_by(Operation.id.desc()))
            if cancelled:
                invoicing.cancel(invoice)
                session.commit()
                with pytest.raises(StateConflict):
                    undo(operation)
                session.rollback()
            else:
                undo(operation)
                session.commit()
                assert invoice.paid == 10


def test_eight_payments_at_once_are_all_counted(app, system, buyer):
    with system():
        number = issued(buyer).id

    def worker() -> None:
        with app.app_context(), as_system() as session:
            pay(session.get(Invoice, number), 5)
            session.remove()

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with system() as session:
        assert session.get(Invoice, number).paid == 40
        assert session.get(Invoice, number).open_amount == 83


# -- balance


def test_the_balance_of_a_client_by_currency(system, buyer):
    with system() as session:
        long_ago = {"issue_date": today() - timedelta(days=60), "due": today() - timedelta(days=30)}
        late, euros = issued(buyer, **long_ago), issued(buyer, currency="EUR")
        supplied = incoming(buyer, line("10", "exempt"))
        draft(buyer)
        invoicing.cancel(issued(buyer))
        pay(late, 23)
        pay(supplied, 4)
        corrected = issued(buyer)
        correction = invoicing.correct(corrected)
        invoicing.issue(correction)
        session.add(Transaction(client_id=buyer, amount=Decimal(30), currency="PLN"))
        session.add(Transaction(client_id=buyer, amount=Decimal(5), currency="PLN", direction="out"))
        session.commit()
        in_euros, in_zloty = balances(euros.client)
        assert (in_euros.currency, in_euros.owed_to_us, in_euros.overdue_to_us) == ("EUR", 123, 0)
        assert (in_zloty.owed_to_us, in_zloty.overdue_to_us) == (100, 100)
        assert (in_zloty.owed_by_us, in_zloty.overdue_by_us) == (6, 0)
        assert (in_zloty.on_account, in_zloty.total) == (25, 69)


def test_it_stands_on_the_card(system, buyer, sign_in):
    with system():
        issued(buyer, issue_date=today() - timedelta(days=60), due=today() - timedelta(days=30))
    page = sign_in("alice").get(f"/crm/clients/show/{buyer}?tab=invoices").text
    assert "Owes us" in page
    assert "overdue" in page
