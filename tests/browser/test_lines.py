"""Lines as a person writes them: by mouse and by keys, on a wide screen and on a phone."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from crm.models import Product, Sale, SaleLine

Open = Callable[..., Page]


@pytest.fixture
def acme(make_client: Any, system: Any) -> int:
    number = make_client(
        "Acme", assignees=["alice"], email="a@b.pl", billing_currency="EUR", discount=Decimal(10)
    )
    with system() as session:
        for name, price, rate in (("Gold ring", "100.50", "8"), ("Silver chain", "20", "23")):
            session.add(
                Product(name=name, sale_price=Decimal(price), currency="EUR", vat_rate=rate, unit="pcs")
            )
        session.commit()
    return number


def total(page: Page, text: str) -> None:
    expect(page.locator("[data-totals] .crm-totals-gross dd")).to_have_text(re.compile(text))


def choose_product(page: Page, row: int, typed: str, name: str) -> None:
    box = page.locator("[data-line]").nth(row)
    box.get_by_role("combobox", name="Product").press_sequentially(typed)
    page.get_by_role("option", name=name).click()


@pytest.mark.parametrize("phone", [False, True], ids=["wide", "phone"])
def test_totals_follow_as_one_types(open_as: Open, system: Any, acme: int, phone: bool) -> None:
    page = open_as("alice", f"/crm/sales/add?kind=quote&client={acme}", phone=phone)
    rows = page.locator("[data-line]")
    expect(rows).to_have_count(1)
    choose_product(page, 0, "gold", "Gold ring")
    first = rows.nth(0)
    expect(first.get_by_label("Description")).to_have_value("Gold ring")
    expect(first.get_by_label("Net price")).to_have_value("100.50")
    first.get_by_label("Quantity").fill("2")
    # 2 × 100.50 less the client's 10 % is 180.90, with 8 % VAT
    expect(first.locator("[data-net]")).to_have_text(re.compile("180.90"))
    total(page, "195.37")
    page.get_by_role("button", name="Add line").click()
    second = rows.nth(1)
    second.get_by_label("Description").fill("Engraving")
    second.get_by_label("Net price").fill("1 000,00")
    second.get_by_label("Discount").fill("0")
    total(page, "1,425.37")
    second.get_by_label("Net price").fill("many")
    total(page, "195.37")
    second.get_by_label("Net price").fill("1000")
    page.get_by_label("Discount in %").fill("")
    total(page, "1,447.08")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text("Acme")
    with system() as session:
        sale = session.scalars(select(Sale)).one()
        assert (sale.gross, [line.description for line in sale.lines]) == (
            Decimal("1447.08"), ["Gold ring", "Engraving"],
        )  # fmt: skip


def test_lines_by_keyboard_alone(open_as: Open, system: Any, acme: int) -> None:
    page = open_as("alice", f"/crm/sales/add?kind=order&client={acme}")
    page.locator("[data-line]").get_by_role("combobox", name="Product").focus()
    page.keyboard.type("silver")
    expect(page.get_by_role("option", name="Silver chain")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Quantity")).to_be_focused()
    page.keyboard.type("3")
    total(page, "66.42")
    page.keyboard.press("Enter")
    rows = page.locator("[data-line]")
    expect(rows).to_have_count(2)
    expect(rows.nth(1).get_by_role("combobox", name="Product")).to_be_focused()
    page.keyboard.press("Tab")
    expect(rows.nth(1).get_by_label("Description")).to_be_focused()
    page.keyboard.type("Box")
    rows.nth(1).get_by_label("Net price").focus()
    page.keyboard.type("5")
    rows.nth(1).locator("[data-grip]").focus()
    page.keyboard.press("ArrowUp")
    expect(rows.nth(0).get_by_label("Description")).to_have_value("Box")
    expect(page.locator("#live")).to_have_text("Box is number 1 of 2")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.locator("h1")).to_have_text("Acme")
    with system() as session:
        lines = session.scalars(select(SaleLine).order_by(SaleLine.position)).all()
        assert [line.description for line in lines] == ["Box", "Silver chain"]


def test_lines_are_removed_and_dragged(open_as: Open, system: Any, acme: int) -> None:
    with system() as session:
        lines = [
            SaleLine(description=what, price=Decimal(1), vat_rate="0") for what in ("One", "Two", "Three")
        ]
        session.add(Sale(client_id=acme, kind="quote", lines=lines))
        session.commit()
    page = open_as("alice", "/crm/sales/edit/1")
    rows = page.locator("[data-line]")
    rows.nth(1).get_by_role("button", name="Remove this line").click()
    expect(rows).to_have_count(2)
    total(page, "2.00")
    rows.nth(1).locator("[data-grip]").drag_to(rows.nth(0), target_position={"x": 5, "y": 5})
    expect(rows.nth(0).get_by_label("Description")).to_have_value("Three")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text("Acme")
    with system() as session:
        lines = session.scalars(select(SaleLine).order_by(SaleLine.position)).all()
        assert [line.description for line in lines] == ["Three", "One"]


def test_a_refused_form_comes_back_with_all_lines(open_as: Open, axe: Any, acme: int) -> None:
    page = open_as("alice", f"/crm/sales/add?kind=repair&client={acme}")
    first = page.locator("[data-line]").nth(0)
    first.get_by_label("Description").fill("New clasp")
    first.get_by_label("Net price").fill("ten")
    page.get_by_role("button", name="Save").click()
    price = page.locator("[data-line]").nth(0).get_by_label("Net price")
    expect(price).to_have_accessible_description("This is not a number.")
    expect(price).to_have_value("ten")
    assert axe(page) == []


def test_terms_come_with_the_client_that_is_chosen(open_as: Open, acme: int) -> None:
    page = open_as("alice", "/crm/sales/add?kind=quote")
    page.get_by_role("combobox", name=re.compile("^Client")).press_sequentially("acm")
    page.get_by_role("option", name="Acme").click()
    expect(page.get_by_label("Discount in %")).to_have_value("10")
    expect(page.locator("#currency")).to_have_value("EUR")


def test_the_pages_are_for_everybody(check_looks: Any, system: Any, acme: int) -> None:
    with system() as session:
        line = SaleLine(product_id=1, quantity=Decimal("1.5"), discount=Decimal(5))
        session.add(
            Sale(client_id=acme, kind="repair", lines=[line], item="A chain", fault="Torn", notes="Call")
        )
        session.commit()
    check_looks(
        "office", "/crm/sales/list/", "/crm/sales/add?kind=quote", "/crm/sales/show/1", "/crm/sales/edit/1",
        "/crm/products/list/", "/crm/products/add", "/crm/products/show/1", f"/crm/clients/show/{acme}?tab=sales",
    )  # fmt: skip
