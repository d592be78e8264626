"""The board in a real browser: drops by mouse, finger, keyboard and menu; refused ones go back and say why."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from crm.models import Client, Status

BOARD = "/crm/clients/kanban/"
SAVED = re.compile("change_bulk_option.json$")


@pytest.fixture
def clients(make_client, system) -> dict[str, int]:
    """Two clients of Alice's in "New", one in "Active": name -> id."""
    made = {name: make_client(name, assignees=["alice"]) for name in ("Atlas", "Borealis", "Corona")}
    with system() as session:
        statuses = {s.code: s for s in session.scalars(select(Status))}
        for client in session.scalars(select(Client)):
            client.status = statuses["active" if client.name == "Corona" else "new"]
        session.commit()
    return made


@pytest.fixture
def status_of(system):
    """`status_of(name)`: the code of a client's status, as saved."""

    def code(name: str) -> str | None:
        with system() as session:
            client = session.scalars(select(Client).where(Client.name == name)).one()
            return client.status.code if client.status else None

    return code


def column(page: Page, name: str) -> Locator:
    return page.locator(".kcol").filter(has=page.get_by_role("heading", name=re.compile(rf"^{name}\b")))


def card(page: Page, name: str) -> Locator:
    return page.locator(f'.kcard[data-name="{name}"]')


def names(page: Page, of: str) -> list[str]:
    return column(page, of).locator(".kcard").evaluate_all("cards => cards.map(c => c.dataset.name)")


def count(page: Page, of: str) -> str:
    return column(page, of).locator(".n").inner_text()


def drag(page: Page, what: Locator, to: Locator) -> None:
    """Drag by mouse. Let go only when the card has arrived: a slow machine drops it in a list passed on the way."""
    name, start, end, mouse = (
        what.get_attribute("data-name"),
        what.bounding_box(),
        to.bounding_box(),
        page.mouse,
    )
    x, y = end["x"] + end["width"] / 2, end["y"] + 40
    mouse.move(start["x"] + 60, start["y"] + 14)
    mouse.down()
    mouse.move(start["x"] + 70, start["y"] + 24, steps=3)
    mouse.move(x, y, steps=12)
    for step in range(60):
        if to.locator(f'[data-name="{name}"]').count():
            break
        mouse.move(x + step % 3, y + step % 5)
        page.wait_for_timeout(30)
    mouse.up()


def test_a_drop_by_mouse_is_saved_and_counted(open_as, clients, status_of):
    page = open_as("alice", BOARD)
    with page.expect_response(SAVED):
        drag(page, card(page, "Atlas"), column(page, "Active").locator(".klist"))
    assert status_of("Atlas") == "active"
    assert (count(page, "New"), count(page, "Active")) == ("1", "2")
    page.reload()
    assert sorted(names(page, "Active")) == ["Atlas", "Corona"]


def test_a_drop_by_finger_is_saved(open_as, clients, status_of):
    page = open_as("alice", BOARD, phone=True)
    start, finger = card(page, "Atlas").bounding_box(), page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        places = [{"x": x, "y": y} for x, y in points]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    x, y = start["x"] + 60, start["y"] + 20
    touch("touchStart", (x, y))
    page.wait_for_timeout(350)  # a hold takes the card; a swipe scrolls the board
    for step in range(1, 13):
        touch("touchMove", (x + (370 - x) * step / 12, y + 5 * step))
        page.wait_for_timeout(30)
    with page.expect_response(SAVED):
        for wiggle in range(60):
            if "Atlas" in names(page, "Active"):
                break
            touch("touchMove", (370 + wiggle % 3, y + 60))
            page.wait_for_timeout(30)
        touch("touchEnd")
    assert status_of("Atlas") == "active"


def test_moves_by_keyboard_are_saved_announced_and_can_be_given_up(open_as, clients, status_of):
    page = open_as("alice", BOARD)
    card(page, "Atlas").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    assert "Atlas" in names(page, "New") and status_of("Atlas") == "new"
    expect(card(page, "Atlas")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    with page.expect_response(SAVED):
        page.keyboard.press("Space")
    expect(page.locator("#live")).to_contain_text("Atlas moved to VIP")
    expect(card(page, "Atlas")).to_be_focused()
    assert status_of("Atlas") == "vip"


def test_move_to_by_the_menu(open_as, clients, status_of):
    page = open_as("alice", BOARD)
    page.get_by_role("button", name="Move to …: Atlas").click()
    with page.expect_response(SAVED):
        card(page, "Atlas").get_by_role("button", name="Inactive").click()
    assert status_of("Atlas") == "inactive" and names(page, "Inactive") == ["Atlas"]


def test_a_refused_drop_goes_back_and_says_why(open_as, clients, system, status_of):
    page = open_as("alice", BOARD)
    with system() as session:
        session.delete(session.scalars(select(Status).where(Status.code == "vip")).one())
        session.commit()
    with page.expect_response(SAVED) as answer:
        drag(page, card(page, "Atlas"), column(page, "VIP").locator(".klist"))
    assert 400 <= answer.value.status < 500
    expect(page.locator(".crm-toast")).to_contain_text("Atlas stays where it was")
    assert "Atlas" in names(page, "New") and status_of("Atlas") == "new"
    assert (count(page, "New"), count(page, "VIP")) == ("2", "0")


def test_the_second_of_two_who_move_one_card_is_told(open_as, clients, status_of):
    first, second = open_as("alice", BOARD), open_as("bob", BOARD)
    with first.expect_response(SAVED):
        drag(first, card(first, "Atlas"), column(first, "Active").locator(".klist"))
    with second.expect_response(SAVED) as answer:
        drag(second, card(second, "Atlas"), column(second, "VIP").locator(".klist"))
    assert answer.value.status == 409
    expect(second.locator(".crm-toast")).to_be_visible()
    assert status_of("Atlas") == "active" and "Atlas" not in names(second, "VIP")


def test_a_folded_column_is_remembered_and_takes_drops(open_as, clients, status_of):
    page = open_as("alice", BOARD)
    page.get_by_role("button", name="Fold column: VIP").click()
    page.reload()
    expect(column(page, "VIP")).to_have_class(re.compile("is-folded"))
    with page.expect_response(SAVED):
        drag(page, card(page, "Atlas"), column(page, "VIP").locator(".klist"))
    assert status_of("Atlas") == "vip"


def test_stars_are_set_and_cleared_by_a_click(open_as, clients, system):
    page = open_as("alice", BOARD)
    for expected in (2, 0):
        with page.expect_response(SAVED):
            card(page, "Atlas").get_by_role("button", name="2 stars").click()
        with system() as session:
            assert session.get(Client, clients["Atlas"]).stars == expected


def test_more_cards_come_with_scrolling(open_as, make_client):
    for number in range(70):
        make_client(f"Client {number:02}", assignees=["alice"])
    page = open_as("alice", BOARD)
    waiting = page.locator(".kmore")
    before = page.locator(".kcard").count()
    waiting.first.scroll_into_view_if_needed()
    expect(page.locator(".kcard").nth(before)).to_be_attached()


def test_who_may_not_edit_drags_nothing(open_as, clients, status_of):
    page = open_as("vera", BOARD)
    expect(page.get_by_role("button", name=re.compile("Move to"))).to_have_count(0)
    page.locator(".kcard").first.press("Space")
    expect(page.locator(".grabbed")).to_have_count(0)


@pytest.mark.parametrize("phone", [False, True], ids=["wide", "phone"])
def test_the_board_is_accessible(open_as, axe, clients, phone):
    assert axe(open_as("alice", BOARD, phone=phone)) == []
