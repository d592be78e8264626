"""The board and the list in a real browser: drops by mouse, finger and keyboard, refusals, one-click changes."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from crm.models import Client, Status, Tag

MOVED = "**/change_bulk_option.json"


@pytest.fixture
def statuses(system) -> dict[str, int]:
    """Code -> id."""
    with system() as session:
        return dict(tuple(row) for row in session.execute(select(Status.code, Status.id)))


@pytest.fixture
def cards(make_client, statuses) -> list[int]:
    """Three clients of Alice's: two new, one VIP."""
    return [
        make_client("Acme", assignees=["alice"], status_id=statuses["new"], notes="Call before noon."),
        make_client("Blue River", assignees=["alice"], status_id=statuses["new"]),
        make_client("Copper", assignees=["alice"], status_id=statuses["vip"]),
    ]


@pytest.fixture
def status_of(system):
    def code(client: int) -> str | None:
        with system() as session:
            found = session.get(Client, client)
            return found.status.code if found.status else None

    return code


def column(page: Page, name: str) -> Locator:
    return page.locator(".kcol").filter(has=page.locator(".kcol-name", has_text=re.compile(f"^{name}$")))


def card(page: Page, name: str) -> Locator:
    return page.locator(f'.kcard[data-name="{name}"]')


def drag(page: Page, who: Locator, where: Locator) -> None:
    """SortableJS wants a press and some moves. The button is let go when the card has arrived."""
    number = who.get_attribute("data-id")
    start, end = who.bounding_box(), where.locator(".klist").bounding_box()
    assert start and end
    mouse = page.mouse
    mouse.move(start["x"] + 60, start["y"] + 10)
    mouse.down()
    mouse.move(start["x"] + 68, start["y"] + 18, steps=3)
    x, y = end["x"] + end["width"] / 2, end["y"] + 12
    mouse.move(x, y, steps=12)
    for n in range(60):
        if where.locator(f'[data-id="{number}"]').count():
            break
        mouse.move(x + n % 3, y + n % 5)
        page.wait_for_timeout(30)
    mouse.up()


def touch_drag(page: Page, who: Locator, where: Locator) -> None:
    """A finger that holds the card for a moment, moves and lets go."""
    devtools, number = page.context.new_cdp_session(page), who.get_attribute("data-id")
    start, end = who.bounding_box(), where.locator(".klist").bounding_box()
    assert start and end
    x, y = start["x"] + 60, start["y"] + 12
    to_x, to_y = min(end["x"] + 25, 385), end["y"] + 30

    def send(kind: str, *points: tuple[float, float]) -> None:
        devtools.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": a, "y": b} for a, b in points]}
        )

    send("touchStart", (x, y))
    page.wait_for_timeout(300)
    for n in range(1, 16):
        send("touchMove", (x + (to_x - x) * n / 15, y + (to_y - y) * n / 15))
        page.wait_for_timeout(16)
    for n in range(60):
        if where.locator(f'[data-id="{number}"]').count():
            break
        send("touchMove", (to_x + n % 3, to_y + n % 5))
        page.wait_for_timeout(30)
    send("touchEnd")


def test_a_drop_by_mouse_is_saved(open_as, cards, status_of):
    page = open_as("alice", "/crm/clients/kanban/")
    with page.expect_response(MOVED) as answer:
        drag(page, card(page, "Acme"), column(page, "Active"))
    assert answer.value.status == 200
    expect(column(page, "Active").locator(".n")).to_have_text("1")
    expect(column(page, "New").locator(".n")).to_have_text("1")
    expect(page.locator("#live")).to_contain_text("Acme moved to Active")
    assert status_of(cards[0]) == "active"
    page.reload()
    expect(column(page, "Active").locator(".kcard")).to_have_count(1)


def test_a_drop_by_finger_is_saved(open_as, cards, status_of):
    page = open_as("alice", "/crm/clients/kanban/", phone=True)
    with page.expect_response(MOVED) as answer:
        touch_drag(page, card(page, "Acme"), column(page, "Active"))
    assert answer.value.status == 200 and status_of(cards[0]) == "active"


def test_moves_by_keyboard(open_as, cards, status_of):
    page = open_as("alice", "/crm/clients/kanban/")
    acme = card(page, "Acme")
    acme.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    expect(column(page, "Active").locator(".kcard")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(column(page, "New").locator(".kcard")).to_have_count(2)
    assert status_of(cards[0]) == "new"
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    with page.expect_response(MOVED):
        page.keyboard.press("Space")
    expect(page.locator("#live")).to_contain_text("Acme moved to VIP")
    expect(acme).to_be_focused()
    assert status_of(cards[0]) == "vip"


def test_move_to_in_the_menu(open_as, cards, status_of):
    page = open_as("alice", "/crm/clients/kanban/")
    page.get_by_role("button", name="Move to …: Blue River").click()
    with page.expect_response(MOVED):
        card(page, "Blue River").get_by_role("button", name="Inactive").click()
    expect(column(page, "Inactive").locator(".kcard")).to_have_count(1)
    assert status_of(cards[1]) == "inactive"


def test_a_refused_drop_goes_back_and_says_why(open_as, cards, status_of, system, statuses):
    page = open_as("alice", "/crm/clients/kanban/")
    with system() as session:
        session.get(Status, statuses["active"]).selectable = False
        session.commit()
    with page.expect_response(MOVED) as answer:
        drag(page, card(page, "Acme"), column(page, "Active"))
    assert answer.value.status in (400, 422)
    expect(page.locator(".crm-toast")).to_contain_text("Acme stays where it was")
    expect(column(page, "New").locator(".kcard")).to_have_count(2)
    expect(column(page, "New").locator(".n")).to_have_text("2")
    assert status_of(cards[0]) == "new"


def test_the_second_of_two_who_move_a_card_is_told(open_as, cards, status_of):
    alice, bob = (open_as(who, "/crm/clients/kanban/") for who in ("alice", "bob"))
    with alice.expect_response(MOVED):
        drag(alice, card(alice, "Acme"), column(alice, "VIP"))
    with bob.expect_response(MOVED) as answer:
        drag(bob, card(bob, "Acme"), column(bob, "Active"))
    assert answer.value.status == 409
    expect(bob.locator(".crm-toast")).to_contain_text("moved it to “VIP” meanwhile")
    expect(column(bob, "VIP").locator('.kcard[data-name="Acme"]')).to_have_count(1)
    expect(column(bob, "New").locator(".n")).to_have_text("1")
    assert status_of(cards[0]) == "vip"


def test_a_folded_column_is_remembered_and_takes_drops(open_as, cards, status_of):
    page = open_as("alice", "/crm/clients/kanban/")
    page.get_by_role("button", name="Fold column: Active").click()
    expect(column(page, "Active")).to_have_class(re.compile("is-folded"))
    page.reload()
    expect(column(page, "Active")).to_have_class(re.compile("is-folded"))
    with page.expect_response(MOVED):
        drag(page, card(page, "Acme"), column(page, "Active"))
    assert status_of(cards[0]) == "active"


def test_more_cards_come_as_a_column_is_scrolled(open_as, system, make_client, statuses):
    make_client("Client 0", status_id=statuses["new"])
    with system() as session:
        session.add_all(Client(name=f"Client {n}", status_id=statuses["new"]) for n in range(1, 60))
        session.commit()
    page = open_as("admin", "/crm/clients/kanban/")
    new = column(page, "New")
    expect(new.locator(".kcard")).to_have_count(25)
    for expected in (50, 60):
        new.locator(".kmore").scroll_into_view_if_needed()
        expect(new.locator(".kcard")).to_have_count(expected)
    expect(new.locator(".kmore")).to_have_count(0)


def test_stars_and_status_on_the_list(open_as, cards, system, status_of):
    page = open_as("alice", "/crm/clients/list/")
    row = page.locator("tbody tr").filter(has_text="Acme")
    with page.expect_response(MOVED):
        row.get_by_role("button", name="2 stars").click()
    row.get_by_role("button", name="Status: New").click()
    with page.expect_response("**/crm/clients/status/*"):
        row.get_by_role("button", name="VIP").click()
    expect(row.get_by_role("button", name="Status: VIP")).to_be_focused()
    page.reload()
    expect(row.locator(".stars")).to_have_attribute("data-value", "2")
    assert status_of(cards[0]) == "vip"
    with page.expect_response(MOVED):
        row.get_by_role("button", name="2 stars").click()
    page.reload()
    expect(row.locator(".stars")).to_have_attribute("data-value", "0")


def test_two_ticked_rows_can_be_merged(open_as, cards):
    page = open_as("alice", "/crm/clients/list/")
    ticked = page.locator("#ticked")
    page.get_by_label("Select Acme").check()
    page.get_by_label("Select Copper").check()
    page.get_by_label("Select Blue River").check()
    merge = ticked.get_by_role("button", name="Merge")
    expect(merge).to_be_hidden()
    page.get_by_label("Select Blue River").uncheck()
    merge.click()
    expect(page).to_have_url(re.compile(r"/crm/clients/merge/\?.*ids=\d+&ids=\d+$"))


def test_tags_are_typed_onto_the_card(open_as, cards, system):
    with system() as session:
        session.add(Tag(name="Wholesale"))
        session.commit()
    page = open_as("alice", f"/crm/clients/show/{cards[0]}?tab=timeline")
    expect(page.locator("#timeline")).to_be_visible()
    tags = page.locator(".crm-tag-edit")
    for typed, offered in (("whole", "Wholesale"), ("Spring fair", "Spring fair")):
        tags.get_by_role("button", name="Tag", exact=True).click()
        box = tags.locator(".ts-control input")
        expect(box).to_be_focused()
        box.press_sequentially(typed)
        with page.expect_response("**/crm/clients/tags/*"):
            page.locator(".ts-dropdown").get_by_text(offered).first.click()
        expect(tags).to_contain_text(offered)
        expect(tags.get_by_role("button").first).to_be_focused()
    with page.expect_response("**/crm/clients/tags/*"):
        tags.get_by_role("button", name="Remove tag Wholesale").click()
    expect(tags).not_to_contain_text("Wholesale")
    with system() as session:
        assert [tag.name for tag in session.get(Client, cards[0]).tags] == ["Spring fair"]


def test_a_status_given_on_the_card_stands_on_its_timeline_at_once(open_as, cards, status_of):
    page = open_as("alice", f"/crm/clients/show/{cards[0]}")
    page.get_by_role("link", name="Timeline").or_(page.get_by_role("tab", name="Timeline")).first.click()
    timeline = page.locator("#timeline")
    expect(timeline).to_be_visible()
    page.get_by_role("button", name="Status: New").click()
    page.locator(".crm-status-menu").get_by_role("button", name="VIP").click()
    expect(timeline).to_contain_text("VIP")
    assert status_of(cards[0]) == "vip"


def test_filters_from_the_panel(open_as, cards):
    page = open_as("alice", "/crm/clients/list/")
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("Kind").select_option("company")
    page.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile(r"/crm/clients/list/\?(page=1&)?kind=company$"))
    expect(page.locator(".crm-chip")).to_contain_text("Kind: Company")
    page.get_by_role("link", name="Board").click()
    expect(page).to_have_url(re.compile(r"/crm/clients/kanban/\?(page=1&)?kind=company$"))
    page.get_by_role("link", name="Remove filter: Kind: Company").click()
    expect(page).to_have_url(re.compile(r"/crm/clients/kanban/(\?page=1)?$"))


def test_statuses_are_put_in_order(open_as, system):
    page = open_as("admin", "/crm/statuses/list/")
    page.get_by_role("button", name="Move VIP: arrow up, arrow down").focus()
    with page.expect_response("**/crm/statuses/order"):
        page.keyboard.press("ArrowUp")
    expect(page.locator("#live")).to_contain_text("VIP is number 2 of 4")
    page.reload()
    expect(page.locator("tbody .crm-title")).to_have_text(["New", "VIP", "Active", "Inactive"])


@pytest.mark.parametrize("phone", [False, True])
@pytest.mark.parametrize(
    "path", ["/crm/clients/list/?stars=0", "/crm/clients/kanban/", "/crm/statuses/list/", "/crm/tags/list/"]
)
def test_axe_finds_nothing(open_as, axe, cards, system, path, phone):
    with system() as session:
        session.get(Client, cards[0]).tags = [Tag(name="Wholesale", colour="#7c2d12")]
        session.commit()
    page = open_as("admin", path, phone=phone, dark=phone)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= (390 if phone else 1440)
