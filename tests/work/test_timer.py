"""The timer in the header: started from everywhere, one per user, stopped into work time, never forgotten."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from crm.extensions import db
from crm.jobs import JOBS
from crm.jobs.runs import run_here
from crm.models import Task, TaskAssignee, Timer, WorkTime
from crm.models.types import utc_now
from crm.security.visibility import as_system
from crm.services.merging.merge import merge
from crm.services.work.timer import is_any_forgotten, stop_forgotten
from tests.filled_form import FilledForm

HOUR = timedelta(hours=1)


@pytest.fixture
def acme(make_client: Any) -> int:
    return make_client("Acme", assignees=["alice"])


@pytest.fixture
def started(system: Any) -> Any:
    """`started(3 * HOUR)`: all timers have been running for so long."""

    def back(age: timedelta) -> None:
        with system() as session:
            session.connection().execute(update(Timer.__table__).values(start=utc_now() - age))
            session.commit()

    return back


def test_start_show_stop(acme: int, sign_in: Any, started: Any, system: Any) -> None:
    alice = sign_in("alice")
    assert "crm-timer-clock" not in alice.get("/").text
    answer = alice.post("/crm/timer/start", data={"client": acme, "next": f"/crm/clients/show/{acme}"})
    assert answer.location == f"/crm/clients/show/{acme}"
    started(90 * timedelta(minutes=1))
    page = alice.get("/crm/clients/list/").text
    assert 'data-elapsed="5400"' in page or 'data-elapsed="5401"' in page
    assert "1:30" in page and '<span class="crm-timer-what">Acme</span>' in page
    panel = alice.get("/crm/timer/panel").text
    assert "Stop and save" in panel and "Acme" in panel
    # it survives signing out, and is nobody else's
    alice.post("/logout/")
    assert "crm-timer-clock" not in sign_in("bob").get("/").text
    alice = sign_in("alice")
    assert "crm-timer-clock" in alice.get("/").text
    stopped = alice.post(
        "/crm/timer/stop", data={"description": "Polishing", "billable": "y", "next": "/crm/notes/list/"}
    )
    assert stopped.location == "/crm/notes/list/"
    with system() as session:
        entry = session.scalars(select(WorkTime)).one()
        assert (entry.client_id, entry.description, entry.billable, entry.cut_off) == (
            acme,
            "Polishing",
            True,
            False,
        )
        assert 5400 <= entry.seconds <= 5410
        assert session.scalars(select(Timer)).all() == []
    assert "crm-timer-clock" not in alice.get("/").text
    assert alice.post("/crm/timer/stop", data={}).status_code == 302


def test_from_a_task_and_a_project(acme: int, sign_in: Any, system: Any, started: Any) -> None:
    alice = sign_in("alice")
    project = alice.post("/api/v1/projects/", json={"name": "Rings", "client": acme}).json["id"]
    task = alice.post("/api/v1/tasks/", json={"title": "Cast", "project": project}).json["id"]
    page = f"/crm/tasks/show/{task}"
    sent = FilledForm(alice.get(page).text, "crm-post").values
    assert sent["task"] == [str(task)]
    assert f'name="project" value="{project}"' in alice.get(f"/crm/projects/show/{project}").text
    assert alice.post("/crm/timer/start", data=sent).location == page
    assert 'action="/crm/timer/start"' not in alice.get(page).text
    started(HOUR)
    alice.post("/crm/timer/stop", data={"billable": "y"})
    with system() as session:
        entry = session.scalars(select(WorkTime)).one()
        assert (entry.task_id, entry.project_id, entry.client_id) == (task, project, acme)


@pytest.mark.both_engines
def test_one_per_user_also_of_two_at_once(app: Flask, sign_in: Any, system: Any) -> None:
    browsers = [sign_in("alice") for _n in range(3)]
    gate = threading.Barrier(len(browsers))

    def start(browser: Any) -> None:
        gate.wait()
        assert browser.post("/crm/timer/start", data={}).status_code == 302

    threads = [threading.Thread(target=start, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with system() as session:
        assert len(session.scalars(select(Timer)).all()) == 1
    answer = browsers[0].post("/crm/timer/start", data={}, follow_redirects=True)
    assert "is running since" in answer.text


def test_work_and_the_timer_do_not_overlap(sign_in: Any, started: Any, system: Any) -> None:
    alice, now = sign_in("alice"), utc_now()
    span = {"start": (now - HOUR).isoformat(), "end": (now + HOUR).isoformat()}
    assert alice.post("/api/v1/work-times/", json=span).status_code == 201
    refused = alice.post("/crm/timer/start", data={}, follow_redirects=True)
    assert "There is work from" in refused.text and "crm-timer-clock" not in refused.text
    alice.delete("/api/v1/work-times/1")
    later = {"start": (now + HOUR).isoformat(), "end": (now + 2 * HOUR).isoformat()}
    assert alice.post("/api/v1/work-times/", json=later).status_code == 201
    alice.post("/crm/timer/start", data={})
    refused = alice.post("/api/v1/work-times/", json=span)
    assert "A timer is running" in refused.text
    # stopped with other times, which overlap, it goes on running and the form comes back
    sent = {"start": "2026-03-02T09:00", "end": "2026-03-02T08:00", "description": "typed"}
    page = alice.post("/crm/timer/stop", data=sent)
    assert (
        page.status_code == 422 and "The end must be after the start." in page.text and "typed" in page.text
    )
    with system() as session:
        assert len(session.scalars(select(Timer)).all()) == 1


def test_discard(sign_in: Any, system: Any) -> None:
    alice = sign_in("alice")
    alice.post("/crm/timer/start", data={})
    assert alice.post("/crm/timer/discard", data={}).status_code == 302
    with system() as session:
        assert session.scalars(select(Timer)).all() == session.scalars(select(WorkTime)).all() == []


def test_after_twelve_hours_it_counts_twelve(sign_in: Any, started: Any, system: Any) -> None:
    alice = sign_in("alice")
    alice.post("/crm/timer/start", data={})
    started(30 * HOUR)
    assert 'data-elapsed="43200"' in alice.get("/").text
    assert "more than 12 hours" in alice.get("/crm/timer/").text
    stopped = alice.post("/crm/timer/stop", data={"billable": "y"})
    assert stopped.location.endswith("/crm/work-times/edit/1")
    with system() as session:
        entry = session.get(WorkTime, 1)
        assert (entry.seconds, entry.cut_off) == (12 * 3600, True)
    assert "Stopped by itself" in alice.get("/crm/work-times/show/1").text


@pytest.mark.both_engines
def test_the_worker_stops_forgotten_ones(
    app: Flask, sign_in: Any, started: Any, system: Any, people: Any
) -> None:
    assert any(job.kind == "timers" and job.is_wanted is is_any_forgotten for job in JOBS)
    for name in ("alice", "bob"):
        sign_in(name).post("/crm/timer/start", data={})
    started(11 * HOUR)
    with system():
        assert not is_any_forgotten()
    started(20 * HOUR)
    with app.app_context(), as_system() as session:
        # Bob had something else written down four hours into it
        timer = session.scalars(select(Timer).where(Timer.user_id == people["bob"])).one()
        began = timer.start
        session.delete(timer)
        session.flush()
        session.add(WorkTime(user_id=people["bob"], start=began + 4 * HOUR, end=began + 5 * HOUR))
        session.commit()
        session.connection().execute(Timer.__table__.insert().values(user_id=people["bob"], start=began))
        session.commit()
        assert is_any_forgotten()
    with app.app_context():
        run = run_here("timers", stop_forgotten, {})
        assert run is not None
        db.session.remove()
    with system() as session:
        assert not is_any_forgotten()
        cut = session.scalars(select(WorkTime).where(WorkTime.cut_off).order_by(WorkTime.user_id)).all()
        assert [(one.user_id, one.seconds) for one in cut] == [
            (people["alice"], 12 * 3600),
            (people["bob"], 4 * 3600),
        ]
        assert [one.created_by_id for one in cut] == [people["alice"], people["bob"]]


def test_it_goes_with_the_merge(acme: int, sign_in: Any, make_client: Any, app: Flask) -> None:
    target, alice = make_client("Target", assignees=["alice"]), sign_in("alice")
    alice.post("/crm/timer/start", data={"client": acme})
    with app.app_context(), as_system():
        merge(acme, target)
        db.session.commit()
    assert '<span class="crm-timer-what">Target</span>' in alice.get("/").text


def test_at_a_hidden_client(make_client: Any, sign_in: Any, system: Any, people: Any, started: Any) -> None:
    hidden, alice = make_client("Hidden Ltd", assignees=["charlie"]), sign_in("alice")
    assert alice.post("/crm/timer/start", data={"client": hidden}).status_code == 422
    with system() as session:
        task = Task(client_id=hidden, title="Help")
        task.assignee_links = [TaskAssignee(user_id=people["alice"])]
        session.add(task)
        session.commit()
    assert alice.post("/crm/timer/start", data={"task": 1}).status_code == 302
    started(HOUR)
    assert "Hidden Ltd" in alice.get("/crm/timer/panel").text
    assert alice.post("/crm/timer/stop", data={}).status_code == 302
    with system() as session:
        assert session.get(WorkTime, 1).client_id == hidden


def test_who_may(sign_in: Any, acme: int, system: Any) -> None:
    vera = sign_in("vera")
    assert "crm-timer" not in vera.get("/").text
    assert vera.get("/crm/timer/").status_code == 403
    assert vera.post("/crm/timer/start", data={}).status_code == 403
    alice = sign_in("alice")
    for path in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:x"):
        assert alice.post("/crm/timer/start", data={"next": path}).status_code == 400
    admin = sign_in("admin")
    admin.post("/settings/modules", data={"on": ["calendar", "sales"]})
    assert "crm-timer" not in alice.get("/").text
    assert alice.get("/crm/timer/").status_code in (403, 404)


def test_it_costs_no_query(sign_in: Any, count_queries: Any) -> None:
    alice = sign_in("alice")
    counts = []
    for _turn in range(2):
        alice.get("/crm/notes/list/")
        with count_queries() as statements:
            alice.get("/crm/notes/list/")
        counts.append(len(statements))
        alice.post("/crm/timer/start", data={})
    assert counts[0] == counts[1]
