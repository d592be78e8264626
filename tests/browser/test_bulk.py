"""Many clients changed from the list in a real browser: ticks, ranges, all that match, the result, undo."""

import re
from typing import Any

import pytest
from playwright.sync_api import Route, expect
from sqlalchemy import func, select

from crm.models import Client, ClientTag

LIST = "/crm/clients/list/?kind=company&page_size=25"


@pytest.fixture
def many(make_client: Any) -> list[int]:
    return [make_client(f"Client {n:02}", assignees=["alice"]) for n in range(30)]


def tagged(system: Any) -> int:
    with system() as session:
        return session.scalar(select(func.count(ClientTag.id)))


def test_by_mouse_and_keys(open_as: Any, many: list[int], system: Any, axe: Any) -> None:
    page = open_as("alice", LIST)
    bar, boxes = page.locator("form.crm-bulk"), page.locator("[data-check]")
    count = bar.locator("[data-bulk-count]")
    expect(bar).to_be_hidden()
    boxes.nth(16).click()
    boxes.nth(19).click(modifiers=["Shift"])
    expect(count).to_have_text("4 selected")
    boxes.nth(17).focus()
    page.keyboard.press("Space")
    expect(count).to_have_text("3 selected")
    expect(bar.get_by_role("button", name="Merge")).to_be_hidden()
    page.keyboard.press("Space")
    expect(count).to_have_text("4 selected")
    assert axe(page) == []
    bar.get_by_role("button", name="Tags").click()
    bar.get_by_role("button", name="Add tags").click()
    expect(page.get_by_text("4 clients", exact=True)).to_be_visible()
    page.get_by_role("combobox", name="Tags").press_sequentially("Brand new")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_text("4 clients will be changed")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="Add tags").click()
    expect(page).to_have_url(re.compile(r"list/\?kind=company&page_size=25$"))
    done = page.locator("[data-bulk-done]")
    expect(done).to_contain_text("Tags added: Brand new")
    expect(done).to_be_in_viewport()
    expect(boxes.nth(19)).to_be_in_viewport()
    assert page.evaluate("scrollY") > 0 and tagged(system) == 4 and axe(page) == []
    late: list[Route] = []
    page.route("**/clients/total?*", lambda route: late.append(route))
    done.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone.")).to_be_visible()
    assert tagged(system) == 0
    page.locator("[data-check-all]").check()
    expect(count).to_have_text("25 selected")
    bar.get_by_role("button", name="Select all that match").click()
    expect(count).to_have_text("All that match: …")
    late[0].continue_()
    expect(count).to_have_text("All that match: 30 clients")
    bar.get_by_role("button", name="Status").click()
    expect(page.get_by_text("30 clients", exact=True)).to_be_visible()
    page.get_by_label("New status").select_option("VIP")
    page.get_by_role("button", name="Change status").click()
    expect(page.locator("[data-bulk-done]")).to_contain_text("30 clients changed")
    with system() as session:
        assert session.scalar(select(func.count(Client.id.distinct())).where(Client.status_id.is_(None))) == 0
    page.locator("[data-check]").nth(0).check()
    page.locator("[data-check]").nth(1).check()
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(page).to_have_url(re.compile("/crm/clients/merge/"))


def test_on_a_phone(open_as: Any, many: list[int], check_looks: Any) -> None:
    page = open_as("alice", LIST, phone=True)
    page.locator("[data-check]").nth(0).tap()
    page.get_by_role("button", name="Select this page").tap()
    expect(page.locator("[data-bulk-count]")).to_have_text("25 selected")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="More").last.tap()
    page.get_by_role("button", name="Archive").tap()
    expect(page.get_by_text("25 clients", exact=True)).to_be_visible()
    page.get_by_role("button", name="Archive").tap()
    done = page.locator("[data-bulk-done]")
    expect(done).to_contain_text("25 clients changed")
    done.get_by_role("link", name="Details").tap()
    expect(page.get_by_role("link", name="Back to the list")).to_be_visible()
    ask = "/crm/clients/bulk/?ids=1&ids=2&list=kind%3Dcompany&type="
    check_looks("office", *(ask + type for type in ("task", "document", "delete", "remove_assignee")))
