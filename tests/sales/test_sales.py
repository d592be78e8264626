"""Quotes, orders and repairs: their numbers, what they take from the client, and one made out of another."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from crm.extensions import db
from crm.models import Client, Contact, Operation, Sale, SaleLine
from crm.security.visibility import as_system, including_hidden
from tests.filled_form import opened

DAY = "2026-11-22"


@pytest.fixture
def acme(make_client: Any) -> int:
    return make_client("Acme", assignees=["alice"], email="a@b.pl", billing_currency="EUR", payment_period=14,
                       discount=Decimal("7.5"))  # fmt: skip


@pytest.fixture
def make_sale(app: Flask, acme: int) -> Callable[..., int]:
    def make(kind: str = "quote", **values: Any) -> int:
        with app.app_context(), as_system():
            line = SaleLine(description="Ring", quantity=Decimal(2), price=Decimal("99.99"), vat_rate="23")
            sale = Sale(client_id=acme, kind=kind, lines=[line], **values)
            db.session.add(sale)
            db.session.commit()
            number = sale.id
            db.session.remove()
            return number

    return make


def test_each_kind_counts_its_own_numbers(sign_in: Any, acme: int) -> None:
    alice = sign_in("alice")
    numbers = [
        alice.post("/api/v1/sales/", json={"client": acme, "kind": kind, "date": day}).json["result"][
            "number"
        ]
        for kind, day in (
            ("quote", DAY),
            ("quote", DAY),
            ("order", DAY),
            ("repair", DAY),
            ("quote", "2027-01-02"),
        )
    ]
    assert numbers == ["QUO/2026/0001", "QUO/2026/0002", "ORD/2026/0001", "REP/2026/0001", "QUO/2027/0001"]


def test_a_form_opens_with_the_terms_of_the_client(sign_in: Any, acme: int) -> None:
    alice = sign_in("alice")
    values = opened(alice, f"/crm/sales/add?kind=order&client={acme}").values
    today = date.fromisoformat(values["date"][0])
    assert (values["currency"], values["discount"]) == (["EUR"], ["7.5"])
    assert values["due"] == [(today + timedelta(days=14)).isoformat()]
    told = alice.get(f"/crm/sales/terms/{acme}?kind=order&date={DAY}").json
    assert told == {"currency": "EUR", "discount": "7.5", "due": "2026-12-06"}


def test_the_terms_of_a_foreign_client_are_not_told(sign_in: Any, acme: int) -> None:
    charlie = sign_in("charlie")
    assert charlie.get(f"/crm/sales/terms/{acme}").status_code == 404
    assert charlie.post("/api/v1/sales/", json={"client": acme, "kind": "quote"}).status_code in (400, 422)


def test_the_api_takes_from_the_client_what_is_not_sent(sign_in: Any, acme: int) -> None:
    alice, line = sign_in("alice"), {"description": "Ring", "price": 100, "vat_rate": "0"}
    sent = {"client": acme, "kind": "order", "date": DAY, "lines": [line]}
    result = alice.post("/api/v1/sales/", json=sent).json["result"]
    assert (result["currency"], result["discount"], result["due"]) == ("EUR", 7.5, "2026-12-06")
    assert result["gross"] == 92.5
    result = alice.post("/api/v1/sales/", json={**sent, "discount": None, "currency": "PLN"}).json["result"]
    assert (result["currency"], result["discount"], result["gross"]) == ("PLN", None, 100)


def test_a_kind_asks_what_it_needs(sign_in: Any, acme: int) -> None:
    alice = sign_in("alice")
    quote, repair = (opened(alice, f"/crm/sales/add?kind={kind}") for kind in ("quote", "repair"))
    assert "fault" not in quote.values
    assert {"item", "fault", "estimate"} <= set(repair.values)
    page = alice.get("/crm/sales/add?kind=repair").text
    assert "Promised for" in page
    assert "Collected" in page
    assert "Declined" not in page
    assert alice.get("/crm/sales/add?kind=loan").status_code == 404


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"kind": "loan"}, "kind"),
        ({"kind": "quote", "status": "open"}, "status"),
        ({"kind": "quote", "date": DAY, "due": "2026-11-21"}, "due"),
        ({"kind": "quote", "discount": 101}, "discount"),
        ({"kind": "quote", "currency": "EURO"}, "currency"),
    ],
)
def test_what_makes_no_sense_is_refused(sign_in: Any, acme: int, sent: dict[str, Any], field: str) -> None:
    answer = sign_in("alice").post("/api/v1/sales/", json={"client": acme, **sent})
    assert answer.status_code in (400, 422)
    assert field in answer.json["errors"]


def test_a_sale_stays_of_its_kind(sign_in: Any, make_sale: Any) -> None:
    url = f"/api/v1/sales/{make_sale()}"
    assert sign_in("alice").put(url, json={"kind": "order"}).status_code == 422


def test_a_contact_is_one_of_the_client(sign_in: Any, acme: int, make_client: Any, system: Any) -> None:
    other = make_client("Other", assignees=["alice"])
    with system() as session:
        session.add(Contact(client_id=other, first_name="Eve"))
        session.commit()
    answer = sign_in("alice").post("/api/v1/sales/", json={"client": acme, "kind": "quote", "contact": 1})
    assert "contact" in answer.json["errors"]


# -- conversions


def test_a_quote_is_made_into_an_order_once(sign_in: Any, system: Any, make_sale: Any) -> None:
    number, alice = make_sale(notes="Before Christmas"), sign_in("alice")
    page = alice.get(f"/crm/sales/show/{number}").text
    assert "Make an order" in page
    answer = alice.post(f"/crm/sales/convert/{number}", data={"to": "order"})
    assert answer.status_code == 302
    with system() as session:
        quote, order = session.scalars(select(Sale).order_by(Sale.id)).all()
        assert (quote.status, order.kind, order.status) == ("accepted", "order", "open")
        assert order.converted_from is quote
        assert (order.currency, order.gross, order.notes) == (quote.currency, quote.gross, quote.notes)
        assert [line.description for line in order.lines] == ["Ring"]
        assert order.lines[0].id != quote.lines[0].id
        order_id = order.id
        assert session.scalars(select(Operation.kind).order_by(Operation.id.desc())).first() == "sale.convert"
    assert answer.location.endswith(f"/crm/sales/show/{order_id}")
    # a second click leads to what is there
    again = alice.post(f"/crm/sales/convert/{number}", data={"to": "order"})
    assert again.location == answer.location
    assert "Make an order" not in alice.get(f"/crm/sales/show/{number}").text
    assert "ORD/" in alice.get(f"/crm/sales/show/{number}").text
    assert "QUO/" in alice.get(f"/crm/sales/show/{order_id}").text


def test_a_conversion_can_be_undone(sign_in: Any, system: Any, make_sale: Any) -> None:
    number, alice = make_sale(), sign_in("alice")
    alice.post(f"/crm/sales/convert/{number}", data={"to": "order"})
    with system() as session:
        operation = session.scalars(select(Operation.id).order_by(Operation.id.desc())).first()
    assert alice.post(f"/crm/operations/undo/{operation}").status_code == 302
    with system() as session:
        quote = session.scalars(select(Sale)).one()
        assert (quote.id, quote.status) == (number, "draft")
        assert len(session.scalars(select(SaleLine)).all()) == 1


@pytest.mark.parametrize(("kind", "to", "status"), [("order", "order", 302), ("quote", "loan", 404)])
def test_no_such_conversion(
    sign_in: Any, system: Any, make_sale: Any, kind: str, to: str, status: int
) -> None:
    number, alice = make_sale(kind), sign_in("alice")
    assert alice.post(f"/crm/sales/convert/{number}", data={"to": to}).status_code == status
    with system() as session:
        assert len(session.scalars(select(Sale)).all()) == 1


def test_only_who_may_edit_converts(sign_in: Any, make_sale: Any) -> None:
    url = f"/crm/sales/convert/{make_sale()}"
    assert sign_in("vera").post(url, data={"to": "order"}).status_code == 403
    assert sign_in("charlie").post(url, data={"to": "order"}).status_code == 404


@pytest.mark.both_engines
def test_two_at_once_make_one(app: Flask, sign_in: Any, system: Any, make_sale: Any) -> None:
    number, browsers, answers = make_sale(), [sign_in("alice"), sign_in("office")], []
    start = Barrier(2)

    def press(browser: Any) -> None:
        start.wait()
        answers.append(browser.post(f"/crm/sales/convert/{number}", data={"to": "order"}))

    threads = [Thread(target=press, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [302, 302]
    assert len({answer.location for answer in answers}) == 1
    with system() as session:
        assert len(session.scalars(select(Sale)).all()) == 2


# -- with the client


@pytest.mark.both_engines
def test_lines_follow_their_sale_to_another_client(
    sign_in: Any, system: Any, make_sale: Any, make_client: Any
) -> None:
    number, other = make_sale(), make_client("Other", assignees=["alice"])
    assert sign_in("alice").put(f"/api/v1/sales/{number}", json={"client": other}).status_code == 200
    with system() as session:
        assert session.scalars(select(SaleLine.client_id)).all() == [other]


def test_the_card_shows_sections_and_badges(sign_in: Any, acme: int, make_sale: Any) -> None:
    make_sale(), make_sale("repair", item="A broken chain")
    alice = sign_in("alice")
    card = alice.get(f"/crm/clients/show/{acme}").text
    assert "QUO/" in card
    assert "Quote</span>" in card
    tab = alice.get(f"/crm/clients/show/{acme}?tab=sales").text
    for words in ("Quotes", "Orders", "Repairs", "A broken chain"):
        assert words in tab


def test_a_sale_is_found_by_its_lines(sign_in: Any, system: Any, make_sale: Any) -> None:
    number, alice = make_sale(), sign_in("alice")
    assert f"/crm/sales/show/{number}" in alice.get("/crm/search?q=rin").text
    with system() as session:
        session.get(Sale, number).lines[0].description = "Necklace"
        session.commit()
    assert f"/crm/sales/show/{number}" in alice.get("/crm/search?q=neckl").text
    assert f"/crm/sales/show/{number}" not in alice.get("/crm/search?q=ring").text
    assert f"/crm/sales/show/{number}" not in sign_in("charlie").get("/crm/search?q=neckl").text


def test_a_purged_client_takes_its_sales_along(sign_in: Any, system: Any, acme: int, make_sale: Any) -> None:
    make_sale()
    admin = sign_in("admin")
    admin.post(f"/crm/clients/delete/{acme}")
    assert admin.post(f"/crm/clients/trash/purge/{acme}", data={"name": "Acme"}).status_code == 302
    with system() as session, including_hidden():
        assert session.scalars(select(Client)).all() == []
        assert session.scalars(select(SaleLine)).all() == []
