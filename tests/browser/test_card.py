"""The card in a real browser: what is saved in place, tabs, endless scroll, suggestions."""

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from crm.models import Client, Contact, Note, Tag, Task, TaskAssignee
from crm.models.types import utc_now


@pytest.fixture
def acme(make_client: Any, system: Any, people: dict[str, int]) -> int:
    """A client with a contact, a late task and 45 notes."""
    number = make_client("Acme", assignees=["alice"], email="info@acme.example", phone="22 123 45 67")
    with system() as session:
        session.add(Contact(client_id=number, first_name="Ewa", last_name="Wąsik", is_primary=True))
        task = Task(client_id=number, title="Call back", due=utc_now() - timedelta(days=2))
        task.assignee_links = [TaskAssignee(user_id=people["alice"])]
        session.add(task)
        session.commit()
        for n in range(45):
            session.add(Note(client_id=number, text=f"note {n}", created_at=utc_now() - timedelta(minutes=n)))
        session.commit()
    return number


def test_saved_in_place(open_as: Any, acme: int, system: Any, axe: Any) -> None:
    page = open_as("alice", f"/crm/clients/show/{acme}")
    supplier = page.get_by_role("button", name="Supplier")
    supplier.click()
    expect(supplier).to_have_attribute("aria-pressed", "true")
    expect(supplier).to_be_focused()
    tick = page.get_by_role("checkbox", name="Done: Call back")
    tick.press("Enter")
    expect(tick).to_have_attribute("aria-checked", "true")
    expect(tick).to_be_focused()
    with page.expect_response("**/change_bulk_option.json"):
        page.get_by_role("button", name="2 stars").click()
    expect(page.locator(".stars .on")).to_have_count(2)
    assert axe(page) == []
    page.reload()
    expect(page.get_by_role("checkbox", name="Done: Call back")).to_have_attribute("aria-checked", "true")
    with system() as session:
        client = session.get(Client, acme)
        assert client.is_supplier and client.stars == 2
        assert session.get(Task, 1).done


def test_two_clicks_before_the_first_is_answered(open_as: Any, acme: int, system: Any) -> None:
    with system() as session:
        session.get(Client, acme).tags = [Tag(name="Wholesale"), Tag(name="Spring fair"), Tag(name="Bridal")]
        session.commit()
    page = open_as("alice", f"/crm/clients/show/{acme}")
    held: list[Any] = []
    page.route(
        f"**/crm/clients/tags/{acme}", lambda route: held.append(route) if not held else route.continue_()
    )
    page.get_by_role("button", name="Remove tag Wholesale").click()
    with page.expect_response(f"**/crm/clients/tags/{acme}"):
        page.get_by_role("button", name="Remove tag Bridal").click()
    held[0].continue_()
    tags = page.locator(".crm-tag-edit")
    expect(tags).to_have_text(re.compile("^Spring fair +Tag$"))


def test_tabs_and_endless_timeline(open_as: Any, acme: int, axe: Any) -> None:
    page = open_as("alice", f"/crm/clients/show/{acme}")
    page.get_by_role("link", name="Tasks & events").click()
    expect(page.get_by_role("heading", name=re.compile("Tasks"))).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?tab=tasks$"))
    page.get_by_role("link", name="Timeline").click()
    lines = page.locator(".crm-timeline > li")
    expect(lines.first).to_contain_text("note 0")
    assert axe(page) == []
    for begins_the_next in ("note 20", "note 44"):
        page.locator(".crm-timeline-more").scroll_into_view_if_needed()
        expect(page.get_by_text(begins_the_next, exact=True)).to_be_visible()
    expect(lines.last).to_contain_text("note 44")
    page.get_by_role("link", name="Everything").click()
    expect(page.get_by_role("link", name="Everything")).to_have_attribute("aria-current", "true")


def test_quick_note_and_add_on_a_phone(open_as: Any, acme: int) -> None:
    page = open_as("alice", f"/crm/clients/show/{acme}", phone=True)
    page.get_by_label("Write a note").fill("Rang, call back on Monday")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Rang, call back on Monday")).to_be_visible()
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("link", name="Deal", exact=True).click()
    expect(page).to_have_url(re.compile(f"client={acme}"))
    expect(page.locator(".ts-control").first).to_contain_text("Acme")


def test_suggestions_by_keyboard(open_as: Any, acme: int, axe: Any) -> None:
    page = open_as("alice", "/")
    page.get_by_role("combobox", name="Search clients and records").focus()
    page.keyboard.type("wasik")
    option = page.get_by_role("option").first
    expect(option).to_contain_text("via contact Ewa Wąsik")
    assert axe(page) == []
    page.keyboard.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"/crm/clients/show/{acme}$"))


def test_suggestions_close(open_as: Any, acme: int) -> None:
    page = open_as("alice", "/")
    box = page.get_by_role("combobox", name="Search clients and records")
    box.fill("acme")
    expect(page.get_by_role("option").first).to_be_visible()
    box.press("Escape")
    expect(page.get_by_role("option").first).to_be_hidden()
