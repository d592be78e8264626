"""Products: everybody's, but for who supplies them and for how much, which follows the supplier (G14).

Gems supplies the ring and is Alice's client alone; Charlie sees the ring, and must not learn the rest anywhere.
"""

import io
import json
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from crm.models import Change, Client, Product, Sale, SaleLine
from crm.security.visibility import including_hidden
from crm.services.merging.merge import merge
from tests.filled_form import opened

SUPPLIER, PRICE = "Gems of Antwerp", "41.17"


@pytest.fixture
def ring(make_client: Any, system: Any) -> int:
    gems = make_client(SUPPLIER, assignees=["alice"], is_supplier=True, email="a@b.pl")
    with system() as session:
        product = Product(client_id=gems, name="Ring with a sapphire", sku="R-7", sale_price=Decimal("99.99"),
                          purchase_price=Decimal(PRICE), currency="EUR", vat_rate="23", unit="pcs")  # fmt: skip
        session.add(product)
        session.commit()
        return product.id


def in_sheet(answer: Any) -> str:
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    return json.dumps([[str(value) for value in row] for row in book.active.iter_rows(values_only=True)])


SURFACES = [
    "/crm/products/list/",
    "/crm/products/show/{ring}",
    "/crm/products/edit/{ring}",
    "/crm/products/choices?q=sapphire",
    "/crm/products/export?format=csv",
    "/crm/products/export?format=xlsx",
    "/api/v1/products/",
    "/api/v1/products/{ring}",
    "/crm/search?q=sapphire",
    "/crm/search?q=R-7",
    "/crm/sales/show/{sale}",
    "/crm/sales/edit/{sale}",
    "/api/v1/sales/{sale}",
    "/crm/operations/",
]


@pytest.mark.parametrize("surface", SURFACES)
def test_charlie_sees_the_product_without_its_supplier(
    sign_in: Any, make_client: Any, system: Any, ring: int, surface: str
) -> None:
    own = make_client("Own", assignees=["charlie"])
    with system() as session:
        line = SaleLine(product_id=ring, quantity=Decimal(1))
        sale = Sale(client_id=own, kind="quote", lines=[line])
        session.add(sale)
        session.commit()
        url = surface.format(ring=ring, sale=sale.id)
    for name, knows in (("charlie", False), ("alice", True), ("office", True)):
        if "sale" in surface and name == "alice":
            continue
        answer = sign_in(name).get(url)
        if answer.status_code == 403:  # reps export nothing
            continue
        assert answer.status_code == 200, (name, url)
        said = in_sheet(answer) if "xlsx" in url else answer.text
        answer.close()
        if "operations" not in url:
            assert "sapphire" in said, (name, url)
        if not knows:
            assert SUPPLIER not in said
            assert PRICE not in said
            assert f'"client": {1}' not in said
        elif "products" in url and "choices" not in url:
            assert PRICE in said or PRICE.replace(".", ",") in said


def test_charlie_is_told_of_no_hidden_supplier_by_lists(sign_in: Any, ring: int, system: Any) -> None:
    with system() as session:
        gems = session.get(Product, ring).client_id
    alice, charlie = sign_in("alice"), sign_in("charlie")
    for url in (f"/api/v1/products/?client={gems}", f"/crm/products/list/?client={gems}",
                f"/crm/products/choices?client={gems}"):  # fmt: skip
        assert "sapphire" in alice.get(url).text
        assert "sapphire" not in charlie.get(url).text
    for sort in ("purchase_price", "client"):
        assert charlie.get(f"/api/v1/products/?sort={sort}").status_code == 400
        assert alice.get(f"/api/v1/products/?sort={sort}").status_code == 400
    assert charlie.get("/api/v1/products/?sort=sale_price").status_code == 200
    assert charlie.get("/api/v1/products/?purchase_price=41.17").status_code == 400


def test_charlie_edits_the_rest_and_leaves_the_supplier(sign_in: Any, ring: int, system: Any) -> None:
    charlie, url = sign_in("charlie"), f"/crm/products/edit/{ring}"
    form = opened(charlie, url)
    assert not {"client", "purchase_price"} & set(form.values)
    sent = {**form.change(name="Ring with a ruby"), "client": [""], "purchase_price": ["1"]}
    assert charlie.post(url, data=sent).status_code == 302
    with system() as session:
        product = session.get(Product, ring)
        assert (product.name, product.purchase_price) == ("Ring with a ruby", Decimal(PRICE))
        assert str(product.client) == SUPPLIER


@pytest.mark.parametrize(
    "sent", [{"purchase_price": 1}, {"purchase_price": 41.17}, {"client": None}, {"client": 2}]
)
def test_charlie_can_neither_change_nor_guess_it(
    sign_in: Any, ring: int, make_client: Any, system: Any, sent: dict[str, Any]
) -> None:
    make_client("Own", assignees=["charlie"])
    charlie, url = sign_in("charlie"), f"/api/v1/products/{ring}"
    answer = charlie.put(url, json=sent)
    if sent == {"client": None}:
        # what he was told is what stands there
        assert answer.status_code == 200
    else:
        assert answer.status_code == 422
        assert next(iter(sent)) in answer.json["errors"]
    with system() as session:
        product = session.get(Product, ring)
        assert (product.purchase_price, str(product.client)) == (Decimal(PRICE), SUPPLIER)


def test_charlie_sends_back_what_he_was_told(sign_in: Any, ring: int, system: Any) -> None:
    charlie, url = sign_in("charlie"), f"/api/v1/products/{ring}"
    told = charlie.get(url).json["result"]
    assert (told["purchase_price"], told["client"]) == (None, None)
    assert charlie.put(url, json={**told, "unit": "piece"}).status_code == 200
    with system() as session:
        product = session.get(Product, ring)
        assert (product.unit, product.purchase_price) == ("piece", Decimal(PRICE))


def test_charlie_attaches_no_product_to_a_foreign_supplier(sign_in: Any, ring: int, system: Any) -> None:
    with system() as session:
        gems = session.get(Product, ring).client_id
    sent = {"name": "Chain", "currency": "EUR", "vat_rate": "23", "client": gems}
    assert sign_in("charlie").post("/api/v1/products/", json=sent).status_code == 422
    assert sign_in("charlie").get(f"/crm/products/add?client={gems}").status_code == 404
    assert sign_in("alice").post("/api/v1/products/", json=sent).status_code == 201


def test_charlie_undoes_what_he_did(sign_in: Any, ring: int, system: Any) -> None:
    charlie = sign_in("charlie")
    assert charlie.put(f"/api/v1/products/{ring}", json={"name": "Chain"}).status_code == 200
    with system() as session:
        change = session.scalars(select(Change).order_by(Change.id.desc())).first()
        assert change.client_id is None
    charlie.post(f"/crm/operations/undo/{change.operation_id}")
    with system() as session:
        product = session.get(Product, ring)
        assert (product.name, str(product.client)) == ("Ring with a sapphire", SUPPLIER)


def test_nobody_sees_products_signed_out(app: Any, ring: int) -> None:
    for url in ("/crm/products/list/", f"/api/v1/products/{ring}", "/crm/products/choices"):
        answer = app.test_client().get(url)
        assert answer.status_code in (302, 401)
        assert "sapphire" not in answer.text


def test_a_product_without_a_supplier_hides_nothing(sign_in: Any, system: Any) -> None:
    sent = {"name": "Chain", "currency": "EUR", "vat_rate": "23", "purchase_price": "5.5"}
    assert sign_in("bob").post("/api/v1/products/", json=sent).status_code == 201
    assert sign_in("charlie").get("/api/v1/products/1").json["result"]["purchase_price"] == 5.5
    assert "Chain" in sign_in("charlie").get("/crm/search?q=chain").text


def test_it_stands_in_the_tab_of_its_supplier(sign_in: Any, ring: int, system: Any, make_client: Any) -> None:
    with system() as session:
        gems = session.get(Product, ring).client_id
    alice = sign_in("alice")
    assert "sapphire" in alice.get(f"/crm/clients/show/{gems}?tab=products").text
    assert sign_in("charlie").get(f"/crm/clients/show/{gems}?tab=products").status_code == 404


@pytest.mark.both_engines
def test_merging_and_purging_the_supplier(
    app: Any, sign_in: Any, ring: int, system: Any, make_client: Any
) -> None:
    target = make_client("Target", assignees=["charlie"], is_supplier=True)
    with system() as session:
        merge(session.get(Product, ring).client_id, target)
        session.commit()
    assert PRICE in sign_in("charlie").get(f"/crm/products/show/{ring}").text
    admin = sign_in("admin")
    admin.post(f"/crm/clients/delete/{target}")
    # in the trash it is hidden from everybody, with what follows it
    assert PRICE not in admin.get(f"/crm/products/show/{ring}").text
    assert admin.post(f"/crm/clients/trash/purge/{target}", data={"name": "Target"}).status_code == 302
    with system() as session, including_hidden():
        assert session.scalars(select(Client)).all() == []
        assert session.get(Product, ring).client_id is None


def test_a_sku_is_there_once(sign_in: Any, ring: int) -> None:
    sent = {"name": "Chain", "currency": "EUR", "vat_rate": "23", "sku": "R-7"}
    charlie = sign_in("charlie")
    answer = charlie.post("/api/v1/products/", json=sent)
    assert answer.status_code == 422
    assert "sku" in answer.json["errors"]
    page = charlie.post("/crm/products/add", data=sent)
    assert page.status_code == 422
    assert "Another product has this SKU." in page.text
    for _ in range(2):
        assert charlie.post("/api/v1/products/", json={**sent, "sku": None}).status_code == 201


def test_what_is_not_active_is_not_offered(sign_in: Any, ring: int) -> None:
    alice = sign_in("alice")
    assert len(alice.get("/crm/products/choices?q=R-7").json["results"]) == 1
    assert alice.put(f"/api/v1/products/{ring}", json={"active": False}).status_code == 200
    assert alice.get("/crm/products/choices?q=R-7").json["results"] == []


@pytest.mark.parametrize(("name", "value"), [("sale_price", "-1"), ("vat_rate", "200"), ("currency", "XXXX")])
def test_what_makes_no_sense_is_refused(sign_in: Any, name: str, value: str) -> None:
    sent = {"name": "Chain", "currency": "EUR", "vat_rate": "23", name: value}
    answer = sign_in("alice").post("/api/v1/products/", json=sent)
    assert answer.status_code in (400, 422)
    assert name in answer.json["errors"]
    assert sign_in("alice").post("/crm/products/add", data=sent).status_code == 422
