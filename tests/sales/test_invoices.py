"""Invoices: drafts, issuing, what is frozen then, cancelling, correcting, those of suppliers."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from crm.errors import RuleError, StateConflict
from crm.models import BankAccount, Client, Company, Invoice, Operation, TimelineEntry, VatRate
from crm.models.types import today
from crm.services.clients import trash
from crm.services.clients.archiving import move_to_trash
from crm.services.merging.merge import merge
from crm.services.sales import invoicing
from crm.services.undo.operation import undo
from tests.filled_form import opened
from tests.invoices import draft, incoming, issued, line, pay

pytestmark = pytest.mark.both_engines


@pytest.fixture
def buyer(make_client) -> int:
    return make_client(
        "Jubiler Nowak", assignees=["alice"], tax_id="PL1234563218", billing_street="Rynek 1",
        billing_city="Kraków", billing_postal_code="31-042", billing_country="PL", billing_currency="PLN",
        payment_period=7, discount=Decimal(10),
    )  # fmt: skip


def test_a_draft_has_no_number_and_an_issued_one_the_next(system, buyer):
    with system():
        one, two = draft(buyer), draft(buyer)
        assert (one.number, one.status, one.gross, one.open_amount) == (None, "draft", 123, 0)
        invoicing.issue(two)
        invoicing.issue(one)
        year = today().year
        assert [two.number, one.number] == [f"INV/{year}/0001", f"INV/{year}/0002"]
        assert (one.status, one.issue_date, one.sale_date) == ("issued", today(), today())
        assert one.due == today() + timedelta(days=7)


def test_it_is_issued_once(system, buyer):
    with system() as session:
        invoice = issued(buyer)
        number = invoice.number
        with pytest.raises(StateConflict):
            invoicing.issue(invoice)
        session.rollback()
        assert invoice.number == number


def test_what_lacks_something_is_not_issued(system, buyer):
    with system() as session:
        for invoice, field in (
            (draft(buyer, line("-5")), "lines"),
            (draft(buyer, issue_date=today() + timedelta(days=1)), "issue_date"),
        ):
            with pytest.raises(RuleError) as refused:
                invoicing.issue(invoice)
            assert refused.value.field == field
            session.rollback()
        empty = draft(buyer)
        empty.lines = []
        session.commit()
        with pytest.raises(RuleError):
            invoicing.issue(empty)
        session.rollback()
        assert issued(buyer).number.endswith("/0001")


def test_it_keeps_seller_buyer_lines_and_rates_as_issued(system, buyer):
    with system() as session:
        account = BankAccount(
            name="Main", number="PL61109010140000071219812874", currency="PLN", is_default=True
        )
        session.add(account)
        invoice = issued(buyer, line("100"), line("50", "exempt"))
        paper = invoice.as_issued
        session.get(Client, buyer).name = "Nowak i Synowie"
        session.get(Client, buyer).billing_city = "Gdańsk"
        session.scalars(select(Company)).one().name = "Somebody else"
        session.scalars(select(VatRate).where(VatRate.label == "23%")).one().label = "twenty-three"
        session.commit()
        session.expire_all()
        assert invoice.as_issued == paper
        assert (paper["buyer"]["name"], paper["buyer"]["city"]) == ("Jubiler Nowak", "Kraków")
        assert paper["account"]["number"].startswith("PL61")
        assert [(row["label"], row["gross"]) for row in paper["vat"]] == [("23%", "123.00"), ("zw", "50.00")]


def test_the_page_shows_it_as_issued(system, buyer, sign_in):
    with system() as session:
        number = issued(buyer).id
        session.get(Client, buyer).billing_street = "Somewhere else 9"
        session.commit()
    page = sign_in("alice").get(f"/crm/invoices/show/{number}").text
    assert "Rynek 1" in page
    assert "Somewhere else 9" not in page.split("crm-sheet")[1]
    assert "not an electronic invoice" in page


# -- nothing of an issued one changes


def test_no_attribute_and_no_line_of_it_changes(system, buyer):
    with system() as session:
        invoice = issued(buyer, line(), line("7"))

        def change_line():
            invoice.lines[0].price = Decimal(1)

        def remove_line():
            invoice.lines = invoice.lines[:1]

        def add_line():
            invoice.lines.append(line())

        changes = [
            change_line, remove_line, add_line,
            lambda: setattr(invoice, "notes", "x"), lambda: setattr(invoice, "number", "x"),
            lambda: setattr(invoice, "due", today()), lambda: setattr(invoice, "state", "draft"),
            lambda: session.delete(invoice), lambda: session.delete(invoice.lines[1]),
        ]  # fmt: skip
        for change in changes:
            change()
            with pytest.raises(RuleError):
                session.commit()
            session.rollback()
        assert (invoice.gross, len(invoice.lines), invoice.status) == (Decimal("131.61"), 2, "issued")


def test_neither_form_nor_api_changes_it(system, buyer, sign_in, make_client):
    other = make_client("Other", assignees=["alice"])
    with system():
        invoice = issued(buyer)
        number, one = invoice.id, invoice.lines[0].id
    alice = sign_in("alice")
    base = f"/crm/invoices/edit/{number}"
    assert alice.post(base, data={"notes": "x", "base": "{}"}).status_code == 403
    assert alice.post(f"/crm/invoices/delete/{number}").status_code == 403
    for data in (
        {"notes": "x"}, {"client": other}, {"lines": []}, {"lines": [{"id": one, "price": 1}]}, {"number": "X"},
    ):  # fmt: skip
        answer = alice.patch(f"/api/v1/invoices/{number}", json=data)
        assert answer.status_code in (403, 422), data
    assert alice.delete(f"/api/v1/invoices/{number}").status_code in (403, 422)
    with system() as session:
        invoice = session.get(Invoice, number)
        assert (invoice.notes, invoice.client_id, invoice.gross) == (None, buyer, 123)


def test_undoing_what_led_to_it_is_refused(system, buyer):
    with system() as session:
        invoice = draft(buyer)
        invoice.lines[0].quantity = Decimal(2)
        session.commit()
        invoice.lines.append(line("1"))
        session.commit()
        invoice.lines = invoice.lines[:1]
        session.commit()
        invoicing.issue(invoice)
        session.commit()
        operations = list(session.scalars(select(Operation.id).order_by(Operation.id.desc())))
        for number in operations[:5]:
            with pytest.raises(StateConflict) as refused:
                undo(number)
            assert "has been issued" in refused.value.description
            session.rollback()
        assert (invoice.status, invoice.gross, len(invoice.lines)) == ("issued", 246, 1)


def test_a_draft_can_be_undone(system, buyer):
    with system() as session:
        draft(buyer)
        undo(session.scalar(select(Operation.id).order_by(Operation.id.desc())))
        session.commit()
        assert session.scalar(select(Invoice.id)) is None


def test_a_merge_moves_the_link_and_an_unmerge_moves_it_back(system, buyer, make_client):
    target = make_client("Target", assignees=["alice"])
    with system() as session:
        invoice = issued(buyer)
        paper = invoice.as_issued
        pay(invoice, 23)
        number = merge(buyer, target)
        session.commit()
        session.expire_all()
        assert (invoice.client_id, invoice.as_issued, invoice.status) == (target, paper, "part_paid")
        assert invoice.lines[0].client_id == target
        undo(number)
        session.commit()
        session.expire_all()
        assert (invoice.client_id, invoice.status, invoice.open_amount) == (buyer, "part_paid", 100)


def test_its_client_is_not_purged(system, buyer):
    with system() as session:
        issued(buyer)
        move_to_trash(session.get(Client, buyer))
        session.commit()
        with pytest.raises(StateConflict):
            trash.purge(trash.find_trashed(buyer))


# -- cancel and correct


def test_a_cancelled_one_keeps_its_number_and_counts_no_more(system, buyer):
    with system() as session:
        invoice = issued(buyer)
        invoicing.cancel(invoice, " wrong client ")
        session.commit()
        assert (invoice.status, invoice.reason, invoice.open_amount) == ("cancelled", "wrong client", 0)
        assert issued(buyer).number.endswith("/0002")
        with pytest.raises(StateConflict):
            invoicing.cancel(invoice)
        session.rollback()
        operation = session.scalar(select(Operation.id).where(Operation.kind == "invoice_cancelled"))
        with pytest.raises(StateConflict):
            undo(operation)


def test_with_payments_or_corrections_it_is_not_cancelled(system, buyer):
    with system() as session:
        paid, corrected = issued(buyer), issued(buyer)
        pay(paid, 1)
        invoicing.correct(corrected)
        session.commit()
        for invoice in (paid, corrected):
            with pytest.raises(StateConflict):
                invoicing.cancel(invoice)
            session.rollback()


def test_a_correction_is_an_invoice_of_its_own(system, buyer):
    with system() as session:
        invoice = issued(buyer, line("100", quantity=Decimal(3)), line("50", discount=Decimal(20)))
        assert invoice.gross == Decimal("418.20")
        correction = invoicing.correct(invoice, "one ring came back")
        session.commit()
        assert (correction.gross, correction.corrects) == (-invoice.gross, invoice)
        assert invoicing.correct(invoice) is correction
        correction.lines = correction.lines[:1]
        correction.lines[0].quantity = Decimal(-1)
        session.commit()
        invoicing.issue(correction)
        session.commit()
        assert correction.number == f"CN/{today().year}/0001"
        assert correction.as_issued["corrects"] == invoice.number
        assert (invoice.corrected, invoice.to_pay, invoice.open_amount) == (
            -123,
            Decimal("295.20"),
            Decimal("295.20"),
        )
        assert (correction.status, correction.open_amount) == ("issued", 0)
        again = invoicing.correct(invoice)
        session.commit()
        assert again.gross == Decimal("-295.20")
        with pytest.raises(StateConflict):
            invoicing.correct(correction)
        session.rollback()


def test_no_more_is_taken_back_than_was_invoiced(system, buyer):
    with system() as session:
        invoice = issued(buyer)
        correction = invoicing.correct(invoice)
        correction.lines[0].quantity = Decimal(-2)
        session.commit()
        with pytest.raises(RuleError):
            invoicing.issue(correction)
        session.rollback()


def test_a_whole_correction_settles_it_and_its_cancelling_opens_it_again(system, buyer):
    with system() as session:
        invoice = issued(buyer)
        correction = invoicing.correct(invoice)
        invoicing.issue(correction)
        session.commit()
        assert (invoice.status, invoice.open_amount) == ("paid", 0)
        invoicing.cancel(correction)
        session.commit()
        assert (invoice.status, invoice.open_amount) == ("issued", 123)


# -- of suppliers


def test_an_incoming_one_counts_from_when_it_is_entered(system, buyer):
    with system():
        invoice = incoming(buyer, rounding=Decimal("0.01"))
        assert (invoice.status, invoice.vat, invoice.gross, invoice.open_amount) == (
            "issued", Decimal("23.01"), Decimal("123.01"), Decimal("123.01")
        )  # fmt: skip


def test_a_suppliers_number_comes_once(system, buyer, make_client):
    with system() as session:
        first = incoming(buyer)
        with pytest.raises(RuleError) as refused:
            incoming(buyer)
        assert refused.value.field == "number"
        session.rollback()
        incoming(make_client("Other supplier"))
        invoicing.cancel(first)
        session.commit()
        incoming(buyer)


def test_an_incoming_one_is_mended_until_it_is_paid(system, buyer):
    with system() as session:
        invoice = incoming(buyer)
        invoice.lines[0].price = Decimal(200)
        session.commit()
        assert invoice.open_amount == 246
        pay(invoice, 46)
        invoice.lines[0].price = Decimal(300)
        with pytest.raises(RuleError):
            session.commit()
        session.rollback()
        invoice.due, invoice.notes = today(), "asked for more time"
        session.commit()
        session.delete(invoice)
        with pytest.raises(RuleError):
            session.commit()


@pytest.mark.parametrize(("values", "field"), [
    ({"number": " "}, "number"), ({"issue_date": None}, "issue_date"), ({"rounding": Decimal(2)}, "rounding"),
    ({"payment_method": "barter"}, "payment_method"), ({"due": date(2020, 1, 1)}, "due"),
])  # fmt: skip
def test_mistakes_have_a_field(system, buyer, values, field):
    with system() as session:
        with pytest.raises(RuleError) as refused:
            incoming(buyer, **values)
        assert refused.value.field == field
        session.rollback()


# -- pages and API


def test_issue_pay_and_cancel_in_a_browser(system, buyer, sign_in):
    alice = sign_in("alice")
    answer = alice.post(
        f"/crm/invoices/add?client={buyer}",
        data={"client": buyer, "currency": "PLN", "payment_method": "transfer", "issue_date": "",
              "lines": "yes", "lines-0-id": "", "lines-0-description": "Chain", "lines-0-quantity": "2",
              "lines-0-price": "50", "lines-0-vat_rate": "23"},
    )  # fmt: skip
    assert answer.status_code == 302, answer.text
    url = answer.headers["Location"]
    assert "Issue this invoice" in alice.get(url).text
    pk = url.rsplit("/", 1)[1]
    assert alice.post(f"/crm/invoices/issue/{pk}").status_code == 302
    page = alice.get(url).text
    assert "INV/" in page
    assert "Record payment" in page
    form = alice.get(f"/crm/transactions/add?client={buyer}&invoice={pk}").text
    assert 'value="123.00"' in form
    paid = {"client": buyer, "invoice": pk, "direction": "in", "amount": "123", "currency": "PLN",
            "day": "2026-11-20", "method": "cash"}  # fmt: skip
    answer = alice.post(f"/crm/transactions/add?client={buyer}&invoice={pk}", data=paid)
    assert answer.headers["Location"].endswith(url.split("localhost")[-1])
    assert "Record payment" not in alice.get(url).text
    alice.post(f"/crm/invoices/cancel/{pk}", data={"reason": "x"})
    assert "There are payments on this invoice" in alice.get(url).text
    with system() as session:
        assert session.get(Invoice, int(pk)).status == "paid"


def test_an_account_that_is_gone_is_told_at_its_field(buyer, sign_in):
    url = f"/crm/invoices/add?client={buyer}"
    office = sign_in("office")
    for number in ("999", "²", "x", "-1"):
        refused = office.post(url, data=opened(office, url).change(bank_account=number, notes="as typed"))
        assert refused.status_code == 422, number
        assert "There is no such choice." in refused.text and "as typed" in refused.text


def test_a_new_one_takes_its_terms_from_the_client(buyer, sign_in, app):
    form = sign_in("alice").get(f"/crm/invoices/add?client={buyer}").text
    assert 'value="10"' in form
    assert (today_in(app) + timedelta(days=7)).isoformat() in form


def today_in(app):
    with app.app_context():
        return today()


def test_who_may_issue(system, buyer, sign_in):
    with system():
        number = draft(buyer).id
    vera, charlie, bob = sign_in("vera"), sign_in("charlie"), sign_in("bob")
    assert vera.post(f"/crm/invoices/issue/{number}").status_code == 403
    assert vera.post(f"/api/v1/invoices/{number}/issue").status_code == 403
    assert "Issue this invoice" not in vera.get(f"/crm/invoices/show/{number}").text
    assert charlie.post(f"/crm/invoices/issue/{number}").status_code == 404
    assert charlie.post(f"/api/v1/invoices/{number}/issue").status_code == 404
    assert bob.post(f"/api/v1/invoices/{number}/issue").json["result"]["status"] == "issued"


def test_the_api_answers_what_was_issued(system, buyer, sign_in):
    alice = sign_in("alice")
    sent = {"client": buyer, "lines": [{"description": "Chain", "price": 100, "vat_rate": "23"}]}
    made = alice.post("/api/v1/invoices/", json=sent)
    assert made.status_code == 201, made.json
    number = made.json["id"]
    answer = alice.post(f"/api/v1/invoices/{number}/issue").json["result"]
    assert answer["buyer"]["name"] == "Jubiler Nowak"
    expected = {"rate": "23", "label": "23%", "net": 90, "vat": 20.7, "gross": 110.7}
    assert answer["vat_by_rate"] == [expected]
    assert alice.post(f"/api/v1/invoices/{number}/issue").status_code == 409
    assert alice.post("/api/v1/invoices/", json={**sent, "number": "X"}).status_code == 422
    assert alice.patch(f"/api/v1/invoices/{number}", json=answer).status_code == 200
    corrected = alice.post(f"/api/v1/invoices/{number}/correct", json={"reason": "came back"})
    assert corrected.json["result"]["corrects"] == number
    listed = alice.get("/api/v1/invoices/?status=issued").json
    assert [row["id"] for row in listed["result"]] == [number]


def test_tax_id_of_a_sensitive_client_is_masked(system, buyer, sign_in):
    with system() as session:
        number = issued(buyer).id
        session.get(Client, buyer).sensitive = True
        session.commit()
    for browser, seen in ((sign_in("alice"), False), (sign_in("office"), True)):
        assert ("PL1234563218" in browser.get(f"/crm/invoices/show/{number}").text) == seen
        assert ("PL1234563218" in browser.get(f"/api/v1/invoices/{number}").text) == seen


def test_the_timeline_tells_when_it_was_issued(system, buyer):
    with system() as session:
        issued(buyer)
        kinds = set(session.scalars(select(TimelineEntry.kind).where(TimelineEntry.table_name == "invoice")))
        assert kinds == {"invoice", "invoice.issued"}
