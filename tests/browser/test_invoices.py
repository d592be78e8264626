"""An invoice in a browser: from the form to a payment; looked at on a desktop and on a phone."""

import re
from typing import Any

from playwright.sync_api import expect

from tests.invoices import issued, line, pay


def test_from_the_form_to_a_payment(open_as: Any, make_client: Any) -> None:
    client = make_client("Jubiler Nowak", assignees=["alice"], billing_currency="PLN", payment_period=7)
    page = open_as("alice", f"/crm/invoices/add?client={client}&kind=outgoing")
    page.get_by_label("Description").first.fill("Ring")
    page.get_by_label("Net price").first.fill("100")
    expect(page.locator("[data-totals]")).to_contain_text("123")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Issue").click()
    page.get_by_role("dialog").get_by_role("button", name="Issue").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("INV/")
    page.get_by_role("link", name="Record payment").click()
    expect(page.get_by_label("Amount")).to_have_value("123.00")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".crm-sheet-state")).to_have_text("Paid")
    expect(page.get_by_role("link", name=re.compile("Record"))).to_have_count(0)


def test_its_pages_can_be_used_by_everybody(check_looks: Any, make_client: Any, system: Any) -> None:
    client = make_client("Jubiler Nowak", assignees=["alice"], billing_city="Kraków")
    with system():
        invoice = issued(client, line(), line("50", "exempt"))
        pay(invoice, 23)
        number = invoice.id
    check_looks(
        "alice", f"/crm/invoices/show/{number}", "/crm/invoices/list/", "/crm/invoices/add?kind=incoming",
        f"/crm/clients/show/{client}?tab=invoices", f"/crm/invoices/cancel/{number}",
    )  # fmt: skip
    check_looks("office", "/settings/company")
