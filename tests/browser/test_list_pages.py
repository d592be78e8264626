"""The list of clients in a browser: filters, columns, views, the way back; and the palette, by keys and on a phone."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from crm.models import ListMemory

USUAL = (
    "Name", "Status", "Tags", "Stars", "Assignees", "E-mail", "Phone", "City", "Country", "Last activity",
)  # fmt: skip
MINE = (
    "Name", "Stars", "Status", "Tags", "Assignees", "E-mail", "Phone", "City", "Country", "Last activity", "Mobile",
)  # fmt: skip


@pytest.fixture
def clients(make_client: Any) -> None:
    for name, stars in (("Acme", 3), ("Beta", 3), ("Gamma", 0)):
        make_client(name, assignees=["alice"], stars=stars, mobile="600 100 200", kind="company")


def names(page: Page, *wanted: str) -> None:
    expect(page.locator(".crm-clients .crm-title > a")).to_have_text(wanted)


def heads(page: Page, *wanted: str) -> None:
    """The columns, in their order, are these."""
    expect(page.locator(".crm-clients thead th").filter(has_text=re.compile(r"\w"))).to_have_text(wanted)


def test_filters_columns_and_views(open_as: Any, clients: None, axe: Any, system: Any) -> None:
    page = open_as("alice", "/crm/clients/list/")
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("Kind", exact=True).select_option("company")
    page.locator("#filter-stars").evaluate("select => { select.tomselect.addItem('3'); }")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".crm-chip")).to_have_text(["Kind: Company", "Stars: 3 stars"])
    names(page, "Acme", "Beta")
    # columns: one more, the last one first but for the name
    page.get_by_role("button", name="Columns").click()
    page.get_by_label("Find a column").fill("mobi")
    expect(page.locator("#more-columns label:visible")).to_have_count(1)
    page.get_by_label("Mobile").check()
    assert axe(page) == []
    grip = page.get_by_role("button", name=re.compile("Move “Stars”"))
    grip.focus()
    for _n in range(2):
        page.keyboard.press("ArrowUp")
    page.get_by_role("button", name="Apply").click()
    heads(page, *MINE)
    assert page.url.count("columns=") == 1
    # saved, it is a tab; elsewhere and back it is what it was
    page.get_by_role("button", name="Views").click()
    page.get_by_label("Save what is shown as").fill("Best")
    page.get_by_role("button", name="Save", exact=True).click()
    tab = page.get_by_role("navigation", name="Saved views").get_by_role("link", name="Best")
    expect(tab).to_have_attribute("aria-current", "page")
    page.get_by_role("link", name="Acme").click()
    page.wait_for_url(re.compile("/crm/clients/show/"))
    page.go_back()
    expect(page.locator(".crm-chip")).to_have_count(2)
    page.get_by_role("link", name="Board", exact=True).click()
    expect(page).to_have_url(re.compile("/crm/clients/kanban/"))
    expect(page.locator(".crm-chip")).to_have_count(2)
    page.get_by_role("link", name="List", exact=True).click()
    heads(page, *MINE)
    names(page, "Acme", "Beta")
    with page.expect_response(lambda to: "/remember" in to.url and "stars=3" not in to.request.post_data):
        page.get_by_role("link", name="Remove filter: Stars: 3 stars").click()
    expect(page.locator(".crm-chip")).to_have_text(["Kind: Company"])
    names(page, "Acme", "Beta", "Gamma")
    heads(page, *MINE)
    expect(tab).to_contain_text("(changed)")
    # the menu leads to what was looked at last
    page.get_by_role("link", name="My day").click()
    expect(page.get_by_role("heading", name="Hello, Alice")).to_be_visible()
    page.get_by_role("navigation", name="Main menu").get_by_role("link", name="Clients").click()
    expect(page.locator(".crm-chip")).to_have_text(["Kind: Company"])
    with system() as session:
        assert "kind=company" in session.scalar(select(ListMemory.query))
    page.get_by_role("link", name="All", exact=True).click()
    heads(page, *USUAL)
    expect(page.locator(".crm-chip")).to_have_count(0)


def test_the_palette(open_as: Any, clients: None, axe: Any) -> None:
    page = open_as("alice", "/")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option").first).to_be_visible()
    assert axe(page) == []
    page.keyboard.type("new cl")
    option = page.get_by_role("option").first
    expect(option).to_have_text("New client")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("Control+k")
    # quicker than the answer
    page.keyboard.type("gamma")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/crm/clients/show/"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Gamma")
    phone = open_as("alice", "/crm/clients/list/?stars=3", phone=True)
    for button in ("Filters", "Columns", "Views"):
        phone.get_by_role("button", name=button).click()
        expect(phone.locator("#panels .collapse.show form")).to_be_visible()
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390
        assert axe(phone) == []
    phone.get_by_role("button", name="Go to, do, find").click()
    phone.get_by_role("combobox", name="Go to, do, find").fill("statu")
    expect(phone.locator("#palette [role=option]")).to_have_text(["Search everywhere for “statu”"])
    phone.get_by_role("combobox", name="Go to, do, find").fill("deals")
    expect(phone.locator("#palette-list")).to_have_attribute("data-for", "deals")
    phone.get_by_role("option", name="Deals").first.tap()
    phone.wait_for_url(re.compile("/crm/deals/"))
