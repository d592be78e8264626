"""Work in a real browser: ticks and progress on a project's page, the timer in the header, the form of an event."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from crm.models import Event, Project, Task, TaskList, WorkTime


@pytest.fixture
def acme(make_client: Any, system: Any) -> int:
    """A client with a project of one list with two tasks."""
    number = make_client("Acme", assignees=["alice"])
    with system() as session:
        project = Project(name="Rings", client_id=number, budget_hours=8)
        steps = TaskList(name="Steps", project=project, client_id=number)
        session.add_all(
            [steps, *(Task(title=t, task_list=steps, client_id=number) for t in ("Cast", "Polish"))]
        )
        session.commit()
    return number


@pytest.mark.parametrize("phone", [False, True])
def test_progress_follows_a_tick(open_as: Any, acme: int, axe: Any, phone: bool) -> None:
    page = open_as("alice", "/crm/projects/show/1", phone=phone, dark=phone)
    expect(page.locator("#progress-project-1")).to_have_text("0/2")
    page.get_by_role("checkbox", name="Done: Cast").click()
    expect(page.locator("#progress-project-1")).to_have_text("1/2")
    expect(page.locator("#progress-task_list-1")).to_have_text("1/2")
    assert axe(page) == []


def test_the_timer(open_as: Any, acme: int, axe: Any, system: Any) -> None:
    page = open_as("alice", f"/crm/clients/show/{acme}")
    timer = page.locator(".crm-timer > a")
    timer.click()
    panel = page.locator(".crm-timer-panel")
    expect(panel.locator(".ts-control .item")).to_have_text("Acme")
    expect(panel.get_by_label("Description")).to_be_focused()
    assert axe(page) == []
    panel.get_by_label("Description").fill("Polishing")
    panel.get_by_role("button", name="Start").click()
    clock = page.locator(".crm-timer-clock")
    expect(clock).to_have_text(re.compile(r"0:0\d:\d[1-9]"))
    expect(page).to_have_url(re.compile(f"/crm/clients/show/{acme}$"))
    page.goto("/crm/notes/list/")
    page.locator(".crm-timer > a").click()
    expect(panel.get_by_label("Description")).to_have_value("Polishing")
    assert axe(page) == []
    panel.get_by_role("button", name="Stop and save").click()
    expect(page.get_by_text("h of work saved.")).to_be_visible()
    expect(clock).to_have_count(0)
    with system() as session:
        entry = session.scalars(select(WorkTime)).one()
        assert (entry.client_id, entry.description) == (acme, "Polishing")


def test_an_event_of_whole_days(open_as: Any, acme: int, axe: Any, system: Any) -> None:
    page = open_as("alice", f"/crm/events/add?client={acme}")
    page.get_by_label("Title").fill("Fair")
    start, end = page.locator("[name=start]"), page.locator("[name=end]")
    start.fill("2026-12-01T10:00")
    end.fill("2026-12-01T12:00")
    start.fill("2026-12-02T09:00")
    start.blur()
    expect(end).to_have_value("2026-12-02T11:00")
    page.get_by_label("All day").check()
    expect(start).to_have_attribute("type", "date")
    end.fill("2026-12-03")
    assert axe(page) == []
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Event saved.")).to_be_visible()
    with system() as session:
        event = session.scalars(select(Event)).one()
        assert (event.all_day, event.start, event.end - event.start) == (
            True, datetime(2026, 12, 2, tzinfo=UTC), timedelta(days=1),
        )  # fmt: skip


def test_the_pages_are_for_everybody(acme: int, check_looks: Any, people: Any, system: Any) -> None:
    with system() as session:
        start = datetime(2026, 3, 2, 9, tzinfo=UTC)
        values = {"start": start, "end": start + timedelta(hours=1), "client_id": acme}
        session.add(WorkTime(user_id=people["alice"], project_id=1, approved=True, hourly_rate=60, **values))
        session.add(Event(title="Fitting", location="Workshop", **values))
        session.commit()
    pages = (
        "task-lists/list/", "task-lists/show/1", "task-lists/add", "projects/list/", "projects/edit/1", "events/list/",
        "events/show/1", "work-times/list/", "work-times/show/1", "work-times/add", "timer/",
        "work-times/billing?month=2026-03", f"clients/show/{acme}?tab=tasks",
    )  # fmt: skip
    check_looks("office", *(f"/crm/{path}" for path in pages))
