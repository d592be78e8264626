"""The board of deals in a real browser: moves by mouse, finger, keyboard and menu; totals that follow; refusals."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from crm.models import Deal
from tests.browser.test_board import card, column, drag, touch_drag

MOVED = "**/api/v1/deals/*/stage"


@pytest.fixture
def deals(make_client: Any, system: Any) -> list[int]:
    """Two new deals, of 100 and of 20 euros."""
    acme = make_client("Acme", assignees=["alice"])
    with system() as session:
        found = [Deal(client_id=acme, title=title, amount=amount, currency="EUR")
                 for title, amount in (("Rings", 100), ("Chain", 20))]  # fmt: skip
        session.add_all(found)
        session.commit()
        return [deal.id for deal in found]


@pytest.fixture
def stage_of(system: Any) -> Any:
    def stage(number: int) -> str:
        with system() as session:
            return session.get(Deal, number).stage

    return stage


def test_a_drop_by_mouse_is_saved_and_the_totals_follow(
    open_as: Any, deals: Any, stage_of: Any, axe: Any
) -> None:
    page = open_as("alice", "/crm/deals/kanban/")
    expect(column(page, "New").locator(".kcol-totals")).to_have_text("€120.00")
    with page.expect_response(MOVED) as answer:
        drag(page, card(page, "Rings"), column(page, "Won"))
    assert answer.value.status == 200
    expect(column(page, "Won").locator(".kcol-totals")).to_have_text("€100.00")
    expect(column(page, "New").locator(".kcol-totals")).to_have_text("€20.00")
    expect(column(page, "New").locator(".n")).to_have_text("1")
    expect(page.locator("#live")).to_contain_text("Rings moved to Won")
    assert stage_of(deals[0]) == "won"
    assert axe(page) == []


def test_moves_by_finger_keyboard_and_menu(open_as: Any, deals: Any, stage_of: Any) -> None:
    phone = open_as("alice", "/crm/deals/kanban/", phone=True)
    with phone.expect_response(MOVED):
        touch_drag(phone, card(phone, "Rings"), column(phone, "Qualified"))
    assert stage_of(deals[0]) == "qualified"
    page = open_as("alice", "/crm/deals/kanban/")
    card(page, "Chain").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    with page.expect_response(MOVED):
        page.keyboard.press("Space")
    assert stage_of(deals[1]) == "proposal"
    page.get_by_role("button", name="Move to …: Chain").click()
    with page.expect_response(MOVED):
        card(page, "Chain").get_by_role("button", name="Lost").click()
    assert stage_of(deals[1]) == "lost"


def test_a_refused_move_goes_back_and_shows_where_it_is(open_as: Any, deals: Any, system: Any) -> None:
    page = open_as("alice", "/crm/deals/kanban/")
    with system() as session:
        session.get(Deal, deals[0]).stage = "lost"
        session.commit()
    drag(page, card(page, "Rings"), column(page, "Won"))
    expect(page.locator(".crm-toast.is-error")).to_contain_text("meanwhile")
    expect(column(page, "Lost").locator(".kcard")).to_have_count(1)


def test_filters_and_the_switch_to_the_list(open_as: Any, deals: Any) -> None:
    page = open_as("alice", "/crm/deals/kanban/")
    page.get_by_label("Responsible").select_option("me")
    expect(page).to_have_url(re.compile(r"kanban/\?.*responsible=me"))
    expect(column(page, "New").locator(".n")).to_have_text("0")
    expect(page.locator(".kcard")).to_have_count(0)
    page.get_by_role("link", name="List", exact=True).click()
    expect(page).to_have_url(re.compile(r"list/\?.*responsible=me"))
