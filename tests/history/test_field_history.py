"""Who changed what when, on every record; and an old value put back by the rules of an edit."""

import html
import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import event, select

from crm.extensions import db
from crm.models import (
    AttributeDefinition,
    AttributeOption,
    AttributeValue,
    Change,
    Client,
    Contact,
    Deal,
    Invoice,
    Operation,
    Product,
    Sale,
    SaleLine,
    Status,
    Tag,
    Task,
)
from crm.security.masking import MASK
from crm.services.attributes.values import set_attributes
from crm.services.history.log import operation
from crm.services.undo.operation import undo

FORM = re.compile(r'name="change" value="(\d+)"><input type="hidden" name="field" value="([^"]+)"')


def told(browser: FlaskClient, address: str) -> str:
    """What a history says, without marks."""
    page = browser.get(address)
    assert page.status_code == 200, address
    main = page.text.split("</form>", 2)[-1].split("<main")[-1]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


def put_back(browser: FlaskClient, address: str, field: str, which: int = 0) -> str:
    """Put back one of the values of a field that the page offers; gives what the page says then."""
    found = [number for number, name in FORM.findall(browser.get(address).text) if name == field]
    answer = browser.post(
        f"{address.partition('?')[0]}/put-back", data={"change": found[which], "field": field}
    )
    assert answer.status_code == 302
    return told(browser, answer.location)


@pytest.fixture
def acme(system: Any, make_client: Any) -> int:
    """A client of Alice's, of whom everything was changed, each thing in an operation of its own."""
    number = make_client("Acme", assignees=["alice"], email="old@example.com", phone="600 100 200")
    with system() as session:
        size = AttributeDefinition(label="Size", key="size", type="word")
        size.options = [AttributeOption(label="Small"), AttributeOption(label="Large")]
        note = AttributeDefinition(label="Note", key="note", type="text")
        price = AttributeDefinition(label="Price", key="price", type="money", currency="EUR")
        session.add_all([size, note, price, Tag(name="Gold"), Tag(name="Silver")])
        session.commit()
        client = session.get(Client, number)
        vip = session.scalars(select(Status).where(Status.code == "vip")).one()
        gold = session.scalars(select(Tag).where(Tag.name == "Gold")).one()
        bob = session.scalars(select(User).where(User.username == "bob")).one()

        def change(**values: Any) -> None:
            for name, value in values.items():
                setattr(client, name, value)
            session.commit()

        change(phone="600 300 400", email="new@example.com")
        change(status=vip)
        change(billing_amount=Decimal("1250.5"), billing_currency="PLN")
        change(billing_city="Kraków", billing_country="PL")
        change(tags=[gold])
        change(assignees=[*client.assignees, bob])
        for value in (
            {"size": "Small"},
            {"size": "Large"},
            {"note": "first"},
            {"note": "second"},
            {"price": "12.5"},
        ):
            set_attributes(client, value)
            session.commit()
    return number


@pytest.mark.both_engines
def test_a_client_in_words(acme: int, sign_in: Any) -> None:
    alice, address = sign_in("alice"), f"/crm/clients/history/{acme}"
    text = told(alice, address)
    for words in (
        "E-mail old@example.com → new@example.com", "Phone 600 100 200 → 600 300 400", "Status – → VIP",
        "Billing amount – → PLN 1,250.50", "City – → Kraków", "Country – → Poland", "Tags – → Gold",
        "Assignees – → B Bob", "Size – → Small", "Size Small → Large", "Note first → second",
        "Price – → €12.50",
    ):  # fmt: skip
        assert words in text, (words, text)
    assert text.index("first → second") < text.index("Small → Large") < text.index("old@example.com")
    assert "_id" not in text and "e164" not in text and text.count("first → second") == 1
    phone = told(alice, f"{address}?field=phone")
    assert "600 100 200 → 600 300 400" in phone and "Kraków" not in phone
    assert "Kraków" in told(alice, f"{address}?field=billing")
    size = told(alice, f"{address}?field=attr.size")
    assert "Small → Large" in size and "second" not in size
    assert alice.get(f"{address}?field=nonsense").status_code == 400
    assert sign_in("charlie").get(address).status_code == 404
    assert f"/crm/clients/history/{acme}?field=phone" in alice.get(f"/crm/clients/show/{acme}").text


@pytest.mark.both_engines
def test_old_values_are_put_back(acme: int, sign_in: Any, system: Any) -> None:
    alice, address = sign_in("alice"), f"/crm/clients/history/{acme}"
    for field in (
        "phone", "email", "status_id", "billing_amount", "billing_city", "tag_links", "assignee_links", "attr.note",
        "attr.size",
    ):  # fmt: skip
        assert "The old value stands there again." in put_back(alice, address, field), field
    with system() as session:
        client = session.get(Client, acme)
        assert (client.phone, client.email, client.status) == ("600 100 200", "old@example.com", None)
        assert client.phone_e164 == "+48600100200"
        assert (client.billing_amount, client.billing_city, client.billing_currency) == (None, None, "PLN")
        assert not client.tags and [user.username for user in client.assignees] == ["alice"]
        values = {row.definition.key: row for row in session.scalars(select(AttributeValue))}
        assert (values["note"].text, values["size"].option.label) == ("first", "Small")
        last = session.scalars(select(Operation).order_by(Operation.id.desc())).first()
        assert (last.kind, last.client_id) == ("put_back", acme)
        # each is an operation like others, and taken back like others
        undo(last.id)
        session.commit()
        session.expire_all()
        assert session.get(AttributeValue, values["size"].id).option.label == "Large"


def test_what_cannot_be_put_back_says_why(acme: int, sign_in: Any, system: Any) -> None:
    alice, address = sign_in("alice"), f"/crm/clients/history/{acme}"
    with system() as session:
        client = session.get(Client, acme)
        client.status = session.scalars(select(Status).where(Status.code == "active")).one()
        client.assignees = client.assignees[:1]
        client.tags = []
        session.commit()
        set_attributes(client, {"size": None})
        session.commit()
        vip = session.scalars(select(Status).where(Status.code == "vip")).one()
        session.delete(vip)
        session.delete(session.scalars(select(Tag).where(Tag.name == "Gold")).one())
        session.delete(session.scalars(select(AttributeOption).where(AttributeOption.label == "Large")).one())
        session.scalars(select(User).where(User.username == "bob")).one().active = False
        session.commit()
    for field, why in (
        ("status_id", "This status is no longer there."), ("tag_links", "no longer there"),
        ("attr.size", "This word is no longer in the list."), ("assignee_links", "is not active any more"),
    ):  # fmt: skip
        assert why in put_back(alice, address, field), field
    text = told(alice, address)
    # what is gone keeps its name
    assert "VIP → Active" in text and "Gold → –" in text and "Large → –" in text
    # rules of an edit: a client is reached by something
    with system() as session:
        session.get(Client, acme).email = None
        session.commit()
    assert alice.post(f"{address}/put-back", data={"change": "1", "field": "phone"}).status_code == 404
    assert sign_in("vera").post(f"{address}/put-back", data={"change": "1", "field": "x"}).status_code == 403
    bob = sign_in("charlie")
    assert bob.post(f"{address}/put-back", data={"change": "1", "field": "phone"}).status_code == 404


def test_sensitive_values_are_not_told(acme: int, sign_in: Any, system: Any) -> None:
    with system() as session:
        session.add(AttributeDefinition(label="ID card", key="id_card", type="text", sensitive=True))
        session.commit()
        client = session.get(Client, acme)
        for value in ("ABA 300000", "XYZ 111111"):
            set_attributes(client, {"id_card": value})
            session.commit()
        client.sensitive = True
        contact = Contact(client_id=acme, first_name="Jan", email="jan@example.com")
        session.add(contact)
        session.commit()
        contact.email = "other@example.com"
        session.commit()
        number = contact.id
    alice, office, address = sign_in("alice"), sign_in("office"), f"/crm/clients/history/{acme}"
    text, of_contact = told(alice, address), told(alice, f"/crm/contacts/history/{number}")
    for value in ("old@example.com", "600 100 200", "jan@example.com", "other@example.com"):
        assert value not in text + of_contact
    assert f"E-mail {MASK} → {MASK}" in text and f"E-mail {MASK} → {MASK}" in of_contact
    assert "Kraków" in text
    offered = [name for _number, name in FORM.findall(alice.get(address).text)]
    assert "phone" not in offered and "billing_city" in offered
    assert "old@example.com → new@example.com" in told(office, address)
    for page in (text, told(office, address)):
        assert "ABA" not in page and "XYZ" not in page and "ID card changed, encrypted" in page
    # what was changed while it was sensitive stays hidden afterwards
    with system() as session:
        session.get(Client, acme).sensitive = False
        session.commit()
    assert "old@example.com → new@example.com" in told(alice, address)


def test_a_merge_and_its_undo_give_nothing_away(make_client: Any, sign_in: Any) -> None:
    source = make_client("Source", ["alice"], email="hush@example.com", phone="600 100 200", sensitive=True)
    target = make_client("Target", ["alice"], mobile="600 100 300")
    alice = sign_in("alice")
    sent = {"source_id": source, "target_id": target}
    number = alice.post("/crm/clients/merge_clients.json", json=sent).json["operation_id"]
    assert alice.post(f"/crm/operations/undo/{number}").status_code == 302
    text = told(alice, f"/crm/clients/history/{target}")
    assert f"E-mail – → {MASK}" in text and f"E-mail {MASK} → –" in text
    assert "hush@example.com" not in text and "600 100 200" not in text


def test_lines_money_and_links(acme: int, make_client: Any, sign_in: Any, system: Any) -> None:
    foreign = make_client("Foreign", assignees=["charlie"], email="f@example.com")
    with system() as session:
        sale = Sale(client_id=acme, kind="quote", currency="PLN", number="Q1")
        sale.lines = [
            SaleLine(client_id=acme, description="Ring", quantity=2, price=100, vat_rate="23"),
            SaleLine(client_id=acme, description="Pin", quantity=1, price=10, vat_rate="23"),
        ]
        product = Product(name="Gem", currency="PLN", vat_rate="23", purchase_price=5, client_id=foreign)
        deal = Deal(client_id=acme, title="Big", amount=100, currency="PLN", stage="new")
        task = Task(client_id=acme, title="Call")
        session.add_all([sale, product, deal, task])
        session.commit()
        sale.lines[0].quantity = Decimal(3)
        session.commit()
        del sale.lines[1]
        session.commit()
        product.purchase_price = Decimal(6)
        deal.currency = "EUR"
        session.commit()
        deal.amount, deal.stage, deal.expected_close = Decimal(200), "won", date(2026, 3, 1)
        task.done = True
        session.commit()
        ids = {"sales": sale.id, "products": product.id, "deals": deal.id, "tasks": task.id}
    alice = sign_in("alice")
    pages = {name: f"/crm/{name}/history/{number}" for name, number in ids.items()}
    text = told(alice, pages["sales"])
    assert "Lines Ring · Quantity 2 → 3" in text and "Lines Pin → –" in text
    text = told(alice, pages["deals"])
    assert "Worth" not in text and "Stage New → Won" in text and "€100.00 → €200.00" in text
    assert "Expected close – → 1 Mar 2026" in text and "PLN 100.00" in text and "Currency PLN → EUR" in text
    assert "Done No → Yes" in told(alice, pages["tasks"])
    text = told(alice, pages["products"])
    assert "Foreign" not in text and "5" not in text.split("Purchase price")[-1][:12]
    # lines come back too
    assert "stands there again" in put_back(alice, pages["sales"], "lines", 0)
    assert "stands there again" in put_back(alice, f"{pages['sales']}?field=lines", "lines", 2)
    with system() as session:
        sale = session.get(Sale, ids["sales"])
        assert {(line.description, line.quantity) for line in sale.lines} == {("Ring", 2), ("Pin", 1)}
        assert sale.net == 210


def test_an_issued_invoice_stays(acme: int, sign_in: Any, system: Any) -> None:
    with system() as session:
        invoice = Invoice(client_id=acme, kind="outgoing", currency="PLN", notes="one")
        session.add(invoice)
        session.commit()
        invoice.notes = "two"
        session.commit()
        invoice.state, invoice.number, invoice.issue_date = "issued", "2026/1", date(2026, 1, 2)
        session.commit()
        number = invoice.id
    address = f"/crm/invoices/history/{number}"
    alice = sign_in("alice")
    page = alice.get(address).text
    assert "put-back" not in page and "2026/1" in page
    with system() as session:
        change = session.scalars(select(Change.id).where(Change.table_name == "invoice")).all()[1]
    answer = alice.post(f"{address}/put-back", data={"change": change, "field": "notes"})
    assert answer.status_code == 403
    with system() as session:
        assert session.get(Invoice, number).notes == "two"


@pytest.mark.both_engines
def test_pages_folded_by_operation(app: Flask, acme: int, sign_in: Any, system: Any) -> None:
    with system() as session:
        client = session.get(Client, acme)
        for n in range(45):
            with operation("change", client_id=acme):
                client.notes = f"note {n}"
                session.flush()
                client.stars = n % 4
                session.commit()
    alice, address = sign_in("alice"), f"/crm/clients/history/{acme}"
    seen, pages = [], 0
    while address:
        page = alice.get(address).text
        pages += 1
        seen += re.findall(r"<ins>(note \d+)</ins>", page)
        found = re.search(r'href="([^"]+before=\d+[^"]*)"', page)
        address = html.unescape(found[1]) if found else ""
    assert seen == [f"note {n}" for n in range(44, -1, -1)]
    assert pages == 3
    with app.app_context():
        statements: list[str] = []
        event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    alice.get(f"/crm/clients/history/{acme}")
    assert len(statements) <= 30
