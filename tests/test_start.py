"""The start page: my tasks, clients that need attention, latest activity."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from crm.extensions import db
from crm.models import Client, Note, Status, Task, TaskAssignee
from crm.models.types import utc_now
from crm.security.visibility import as_system
from crm.services.agenda import my_tasks
from crm.services.modules import switch_modules


def add_task(session: Any, title: str, user_id: int, **columns: Any) -> None:
    task = Task(title=title, **columns)
    task.assignee_links = [TaskAssignee(user_id=user_id)]
    session.add(task)
    session.commit()


@pytest.mark.parametrize("user", ["admin", "office", "alice", "vera"])
def test_empty(sign_in: Any, user: str) -> None:
    page = sign_in(user).get("/")
    assert page.status_code == 200
    assert "No clients yet" in page.text
    assert ("/crm/clients/add" in page.text) is (user != "vera")


@pytest.mark.both_engines
def test_my_tasks_overdue_first(
    make_client: Any, sign_in: Any, system: Any, people: dict[str, int], count_queries: Any
) -> None:
    acme, hidden = make_client("Acme", assignees=["alice"]), make_client("Hidden Ltd", assignees=["charlie"])
    with system() as session:
        now, alice_id = utc_now(), people["alice"]
        add_task(session, "no date", alice_id, client_id=acme)
        add_task(session, "later", alice_id, client_id=acme, due=now + timedelta(days=3))
        add_task(session, "late", alice_id, client_id=hidden, due=now - timedelta(days=3))
        add_task(session, "done already", alice_id, client_id=acme, done=True)
        add_task(session, "of Bob", people["bob"], client_id=acme)
    alice = sign_in("alice")
    with count_queries() as statements:
        page = alice.get("/").text
    assert len(statements) <= 19
    assert page.index("late") < page.index("later") < page.index("no date")
    assert "1 is overdue" in page
    assert "done already" not in page
    assert "of Bob" not in page
    # of a client that is hidden: the name, and nothing that leads there
    assert "Hidden Ltd" in page
    assert f"/crm/clients/show/{hidden}" not in page
    assert f"/crm/clients/show/{acme}" in page


def test_own_tasks_without_anybody(sign_in: Any, system: Any, people: dict[str, int]) -> None:
    with system() as session:
        session.add(Task(title="private", created_by_id=people["alice"]))
        session.commit()
    assert "private" in sign_in("alice").get("/").text
    assert "private" not in sign_in("bob").get("/").text


def test_tick_in_place(make_client: Any, sign_in: Any, system: Any, people: dict[str, int]) -> None:
    hidden = make_client("Hidden Ltd", assignees=["charlie"])
    with system() as session:
        add_task(session, "help", people["alice"], client_id=hidden)
    alice = sign_in("alice")
    row = alice.post("/crm/tasks/done/1?client=yes", data={"done": "yes"}, headers={"HX-Request": "true"})
    assert 'aria-checked="true"' in row.text
    assert "Hidden Ltd" in row.text
    assert f"/crm/clients/show/{hidden}" not in row.text
    assert "All done" in alice.get("/").text or "No clients yet" in alice.get("/").text


def test_needs_attention(make_client: Any, sign_in: Any, system: Any) -> None:
    with system() as session:
        new = session.scalars(select(Status).where(Status.code == "new")).one()
        new.alert_days = 7
        status = new.id
        session.commit()
    old = make_client("Waiting AG", assignees=["alice"], status_id=status)
    make_client("Fresh AG", assignees=["alice"], status_id=status)
    foreign = make_client("Foreign AG", assignees=["charlie"], status_id=status)
    archived = make_client("Archived AG", assignees=["alice"], status_id=status, archived_at=utc_now())
    with system() as session:
        ago = utc_now() - timedelta(days=8)
        clients = Client.__table__
        session.connection().execute(
            update(clients).where(clients.c.id.in_([old, foreign, archived])).values(status_changed_at=ago)
        )
        session.commit()
    page = sign_in("alice").get("/").text
    assert "Waiting AG" in page
    box = page[page.index("Needs attention") : page.index("Latest activity")]
    for gone in ("Fresh AG", "Foreign AG", "Archived AG"):
        assert gone not in box
    assert "Foreign AG" not in page and "Archived AG" not in page
    assert '<span class="crm-count">1</span>' in page
    assert "/crm/clients/list/?alert=yes" in page
    listed = sign_in("alice").get("/crm/clients/list/?alert=yes").text
    assert "Waiting AG" in listed and "Fresh AG" not in listed


def test_latest_activity(make_client: Any, sign_in: Any, system: Any) -> None:
    busy, quiet = make_client("Busy", assignees=["alice"]), make_client("Quiet", assignees=["alice"])
    make_client("Foreign", assignees=["charlie"])
    page = sign_in("alice").get("/").text
    assert page.index("Quiet") < page.index("Busy")
    with system() as session:
        session.add(Note(client_id=quiet, text="x", created_at=utc_now() - timedelta(days=2)))
        session.add(Note(client_id=busy, text="x"))
        session.commit()
    page = sign_in("alice").get("/").text
    assert page.index("Busy") < page.index("Quiet")
    assert "Foreign" not in page


def test_without_the_tasks_module(
    make_client: Any, sign_in: Any, system: Any, people: dict[str, int]
) -> None:
    acme = make_client("Acme", assignees=["alice"])
    with system() as session:
        add_task(session, "a task", people["alice"], client_id=acme)
        switch_modules([])
        session.commit()
    page = sign_in("alice").get("/").text
    assert "a task" not in page
    assert "My tasks" not in page


def test_my_tasks_are_found_without_looking_at_everybodys(
    app: Flask, count_queries: Any, people: Any
) -> None:
    with app.app_context(), as_system():
        with count_queries() as statements:
            my_tasks(people["alice"])
        for statement in statements:
            values = (1,) * statement.count("?")
            plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
            assert not [step for *_ids, step in plan if re.match(r"SCAN task(_\d)?\b", step)], plan
