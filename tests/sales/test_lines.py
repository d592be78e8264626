"""Lines in a form and over the API: written, put in order, refused with all that was typed, merged, undone."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from crm.extensions import db
from crm.models import Change, Product, Sale, SaleLine
from crm.security.visibility import as_system
from crm.services.undo.operation import undo
from tests.filled_form import FilledForm, opened

ADD = "/crm/sales/add?kind=quote"


def row(number: int, **cells: str) -> dict[str, str]:
    """What a form sends of one row."""
    values = {"quantity": "1", "vat_rate": "23", **cells}
    return {f"lines-{number}-{name}": value for name, value in values.items()}


@pytest.fixture
def acme(make_client: Any) -> int:
    return make_client("Acme", assignees=["alice", "bob"], email="a@b.pl")


@pytest.fixture
def make_sale(app: Any, acme: int) -> Callable[..., int]:
    """Adds a quote with a line for each (description, quantity, price)."""

    def make(*lines: tuple[str, int, str], kind: str = "quote") -> int:
        with app.app_context(), as_system():
            sale = Sale(client_id=acme, kind=kind)
            sale.lines = [
                SaleLine(description=what, quantity=Decimal(many), price=Decimal(price), vat_rate="23")
                for what, many, price in lines
            ]
            db.session.add(sale)
            db.session.commit()
            number = sale.id
            db.session.remove()
            return number

    return make


def the_sale(session: Any) -> Sale:
    return session.scalars(select(Sale)).one()


def written(session: Any) -> list[tuple[str, Decimal]]:
    """Description and quantity of each line, in order."""
    return [(line.description, line.quantity) for line in the_sale(session).lines]


def test_a_form_writes_lines_in_the_order_in_which_they_stand(sign_in: Any, system: Any, acme: int) -> None:
    alice = sign_in("alice")
    sent = {"client": acme, "date": "2026-11-22", "currency": "PLN", "lines": "yes",
            **row(7, description="Ring", quantity="2", price="1 100,50", unit="pcs"),
            **row(2, description="Box", price="10", discount="50", vat_rate="8"),
            **row(3)}  # fmt: skip
    assert alice.post(ADD, data=sent).status_code == 302
    with system() as session:
        sale = the_sale(session)
        assert written(session) == [("Ring", 2), ("Box", 1)]
        assert [line.position for line in sale.lines] == [0, 1]
        assert [line.net for line in sale.lines] == [Decimal("2201.00"), Decimal("5.00")]
        assert (sale.net, sale.vat, sale.gross) == (Decimal("2206.00"), Decimal("506.63"), Decimal("2712.63"))
        assert {line.client_id for line in sale.lines} == {acme}
    page = alice.get("/crm/sales/show/1").text
    assert "Ring" in page
    assert "2,712.63" in page


def test_a_refused_form_keeps_every_typed_line(sign_in: Any, system: Any, acme: int) -> None:
    alice = sign_in("alice")
    sent = {"client": acme, "date": "", "currency": "PLN", "lines": "yes",
            **row(0, description="Ring", quantity="many", price="10"),
            **row(1, description="Box", price="", discount="150"),
            **row(2, price="5", vat_rate="23")}  # fmt: skip
    answer = alice.post(ADD, data=sent)
    assert answer.status_code == 422
    kept = FilledForm(answer.text).values
    assert [kept[f"lines-{n}-description"] for n in range(3)] == [["Ring"], ["Box"], [""]]
    assert kept["lines-0-quantity"] == ["many"]
    for message in ("This is not a number.", "From 0 to 100 %.", "Please fill this in."):
        assert message in answer.text
    assert 'id="lines-0-quantity-error"' in answer.text
    assert 'id="lines-2-description-error"' in answer.text
    with system() as session:
        assert session.scalars(select(Sale)).all() == []


def test_a_product_fills_what_is_left_blank(sign_in: Any, system: Any, acme: int) -> None:
    with system() as session:
        session.add(Product(name="Gold ring", sale_price=Decimal("99.99"), currency="PLN", vat_rate="8"))
        session.commit()
    alice = sign_in("alice")
    found = alice.get("/crm/products/choices?q=gold").json["results"][0]
    assert found["line"] == {"description": "Gold ring", "unit": None, "vat_rate": "8", "currency": "PLN",
                             "price": "99.99"}  # fmt: skip
    sent = {"client": acme, "date": "2026-11-22", "currency": "PLN", "lines": "yes",
            **row(0, product="1", quantity="3", vat_rate="8")}  # fmt: skip
    assert alice.post(ADD, data=sent).status_code == 302
    with system() as session:
        line = the_sale(session).lines[0]
        assert (line.description, line.price, line.net) == ("Gold ring", Decimal("99.99"), Decimal("299.97"))
    answer = sign_in("office").post("/crm/products/delete/1", follow_redirects=True)
    assert "in use" in answer.text


def test_lines_are_changed_removed_and_put_in_order(sign_in: Any, system: Any, make_sale: Any) -> None:
    number = make_sale(("Ring", 1, "10"), ("Box", 1, "5"), ("Bag", 1, "2"))
    alice, url = sign_in("alice"), f"/crm/sales/edit/{number}"
    values = opened(alice, url).values
    bag, ring = ({k: v for k, v in values.items() if k.startswith(f"lines-{n}-")} for n in (2, 0))
    rest = {k: v for k, v in values.items() if not k.startswith("lines-")}
    ring["lines-0-quantity"] = ["4"]
    assert alice.post(url, data={**rest, **bag, **ring}).status_code == 302
    with system() as session:
        assert written(session) == [("Bag", 1), ("Ring", 4)]
        assert the_sale(session).net == Decimal("42.00")
        assert session.scalars(select(Change.action).where(Change.table_name == "sale_line").order_by(Change.id)).all()[
            3:
        ].count("delete") == 1  # fmt: skip


def test_a_form_without_lines_leaves_them(sign_in: Any, system: Any, make_sale: Any) -> None:
    number = make_sale(("Ring", 1, "10"))
    alice = sign_in("alice")
    assert alice.post(f"/crm/sales/edit/{number}", data={"notes": "Call"}).status_code == 302
    with system() as session:
        assert written(session) == [("Ring", 1)]
        assert the_sale(session).notes == "Call"


# -- two people


def test_changes_of_different_cells_and_lines_both_stand(sign_in: Any, system: Any, make_sale: Any) -> None:
    url = f"/crm/sales/edit/{make_sale(('Ring', 1, '10'), ('Box', 1, '5'), ('Bag', 1, '2'))}"
    alice, bob = sign_in("alice"), sign_in("bob")
    hers, his = opened(alice, url), opened(bob, url)
    sent = hers.change(**{"lines-0-quantity": "2", **row(8, description="Chain", price="7")})
    for name in [name for name in sent if name.startswith("lines-2-")]:
        sent.pop(name)
    assert alice.post(url, data=sent).status_code == 302
    sent = his.change(
        **{"lines-0-price": "11", "lines-1-description": "Gift box", **row(9, description="Card", price="1")}
    )
    assert bob.post(url, data=sent).status_code == 302
    with system() as session:
        assert written(session) == [("Ring", 2), ("Gift box", 1), ("Card", 1), ("Chain", 1)]
        assert the_sale(session).net == Decimal("35.00")


def test_the_same_cell_shows_both_values(sign_in: Any, system: Any, make_sale: Any) -> None:
    url = f"/crm/sales/edit/{make_sale(('Ring', 1, '10'))}"
    alice, bob = sign_in("alice"), sign_in("bob")
    hers, his = opened(alice, url), opened(bob, url)
    assert alice.post(url, data=hers.change(**{"lines-0-price": "20"})).status_code == 302
    answer = bob.post(url, data=his.change(**{"lines-0-price": "30", **row(5, description="Box", price="1")}))
    assert answer.status_code == 409
    assert "Changed meanwhile to “20.00”" in answer.text
    again = FilledForm(answer.text)
    assert again.values["lines-0-price"] == ["30"]
    assert bob.post(url, data=again.change()).status_code == 302
    with system() as session:
        assert written(session) == [("Ring", 1), ("Box", 1)]
        assert the_sale(session).lines[0].price == 30


def test_a_line_removed_meanwhile_and_one_changed_meanwhile(
    sign_in: Any, system: Any, make_sale: Any
) -> None:
    url = f"/crm/sales/edit/{make_sale(('Ring', 1, '10'), ('Box', 1, '5'))}"
    alice, bob = sign_in("alice"), sign_in("bob")
    hers, his = opened(alice, url), opened(bob, url)
    sent = hers.change(**{"lines-1-price": "6"})
    assert (
        alice.post(url, data={k: v for k, v in sent.items() if not k.startswith("lines-0-")}).status_code
        == 302
    )
    sent = his.change(**{"lines-0-price": "12"})
    answer = bob.post(url, data={k: v for k, v in sent.items() if not k.startswith("lines-1-")})
    assert answer.status_code == 409
    assert "This line was removed meanwhile" in answer.text
    assert "The line “Box” was changed meanwhile" in answer.text
    assert bob.post(url, data=FilledForm(answer.text).change()).status_code == 302
    with system() as session:
        assert [(line.description, line.price) for line in the_sale(session).lines] == [("Ring", 12)]


# -- API


def test_the_api_writes_lines_as_a_list(sign_in: Any, system: Any, acme: int) -> None:
    alice = sign_in("alice")
    lines = [
        {"description": "Ring", "quantity": 2, "price": "10.50"},
        {"description": "Box", "price": 1, "vat_rate": "exempt"},
    ]
    answer = alice.post("/api/v1/sales/", json={"client": acme, "kind": "order", "lines": lines})
    assert answer.status_code == 201, answer.text
    result = answer.json["result"]
    assert [(one["description"], one["net"], one["vat_rate"]) for one in result["lines"]] == [
        ("Ring", 21, "23"), ("Box", 1, "exempt"),
    ]  # fmt: skip
    assert (result["gross"], result["kind"], result["status"]) == (26.83, "order", "open")
    ring, box = result["lines"]
    url = f"/api/v1/sales/{result['id']}"
    changed = alice.put(url, json={"lines": [box, {"id": ring["id"], "quantity": 3}]})
    assert [(one["id"], one["quantity"]) for one in changed.json["result"]["lines"]] == [
        (box["id"], 1),
        (ring["id"], 3),
    ]
    assert changed.json["result"]["version"] > result["version"]
    # a whole answer can be sent back
    again = alice.put(url, json=changed.json["result"])
    assert again.status_code == 200
    assert again.json["result"]["version"] == changed.json["result"]["version"]


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ("Ring", "lines"),
        ([1], "lines"),
        ([{"description": "Ring", "price": 1, "colour": "red"}], "lines.0.colour"),
        ([{"description": "A", "price": 1}, {"description": "B", "price": "x"}], "lines.1.price"),
        ([{"description": "A", "price": 1, "quantity": 1.2345}], "lines.0.quantity"),
        ([{"description": "A", "price": 1, "vat_rate": "101"}], "lines.0.vat_rate"),
        ([{"description": "A", "price": 1, "product": 99}], "lines.0.product"),
        ([{"id": 99, "price": 1}], "lines.0.id"),
        ([{"description": "A"}], "lines"),
        ([{"price": 1}], "lines"),
        ([{"description": "A", "price": 10**13, "quantity": 10**14}], "lines"),
    ],
)  # fmt: skip
def test_the_api_says_what_is_wrong(sign_in: Any, acme: int, lines: Any, field: str) -> None:
    answer = sign_in("alice").post("/api/v1/sales/", json={"client": acme, "kind": "quote", "lines": lines})
    assert answer.status_code in (400, 422), answer.text
    assert field in answer.json["errors"]


# -- history


@pytest.mark.both_engines
def test_undo_brings_lines_and_totals_back(app: Any, system: Any, make_sale: Any) -> None:
    number = make_sale(("Ring", 1, "10"), ("Box", 1, "5"))
    with system() as session:
        session.delete(session.get(Sale, number))
        session.commit()
        assert session.scalars(select(SaleLine)).all() == []
        undo(session.scalar(select(Change.operation_id).order_by(Change.id.desc())))
        session.commit()
        assert written(session) == [("Ring", 1), ("Box", 1)]


@pytest.mark.both_engines
def test_undoing_one_of_two_changes_adds_up_again(app: Any, system: Any, make_sale: Any) -> None:
    number = make_sale(("Ring", 1, "10"), ("Box", 1, "5"))
    with system() as session:
        for at, quantity in ((0, 2), (1, 3)):
            session.get(Sale, number).lines[at].quantity = Decimal(quantity)
            session.commit()
        first = session.scalars(select(Change.operation_id).where(Change.action == "update")).first()
        undo(first)
        session.commit()
        assert written(session) == [("Ring", 1), ("Box", 3)]
        sale = the_sale(session)
        assert (sale.net, sale.vat, sale.gross) == (Decimal(25), Decimal("5.75"), Decimal("30.75"))
