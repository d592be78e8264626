"""Work time: whose it is, how long, at what rate, approved; and one user works on one thing at a time."""

import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from crm.errors import RuleError
from crm.extensions import db
from crm.models import Operation, Task, TaskAssignee, WorkTime
from crm.models.types import utc_now
from crm.security.visibility import as_system
from crm.services.merging.merge import merge

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
PAST = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)


@pytest.fixture
def acme(make_client: Any) -> int:
    return make_client("Acme", assignees=["alice"], billing_currency="PLN")


def times(start: datetime, end: datetime) -> dict[str, str]:
    return {"start": start.isoformat(), "end": end.isoformat()}


@pytest.fixture
def work(sign_in: Any) -> Any:
    """`work(NINE, NINE + HOUR, client=1)` as Alice; gives the answer."""
    alice = sign_in("alice")
    return lambda start, end, **values: alice.post(
        "/api/v1/work-times/", json={**times(start, end), **values}
    )


def test_ones_own(acme: int, work: Any, sign_in: Any, people: dict[str, int]) -> None:
    made = work(NINE, NINE + HOUR, client=acme, description="Polishing")
    assert made.status_code == 201, made.text
    assert made.json["result"]["user"] == "alice"
    refused = work(NINE + HOUR, NINE + 2 * HOUR, user="bob")
    assert refused.json["errors"] == {"user": ["This cannot be changed."]}
    assert work(NINE + HOUR, NINE + 2 * HOUR, user="alice").status_code == 201
    alice, bob, office = sign_in("alice"), sign_in("bob"), sign_in("office")
    assert 'name="user"' not in alice.get("/crm/work-times/add").text
    sent = {"client": acme, "user": people["bob"], "start": "2026-03-02T12:00", "end": "2026-03-02T13:00"}
    assert alice.post("/crm/work-times/add", data=sent).status_code == 302
    assert alice.get("/api/v1/work-times/3").json["result"]["user"] == "alice"
    assert 'name="user"' in office.get("/crm/work-times/add").text
    other = office.post(
        "/api/v1/work-times/", json={**times(NINE, NINE + HOUR), "user": "bob", "client": acme}
    )
    assert other.status_code == 201
    # it is Bob's, who did not write it down
    assert bob.put(f"/api/v1/work-times/{other.json['id']}", json={"description": "x"}).status_code == 200
    assert alice.put(f"/api/v1/work-times/{other.json['id']}", json={"description": "x"}).status_code == 403


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (NINE, NINE, "The end must be after the start."),
        (NINE, NINE - HOUR, "The end must be after the start."),
        (NINE, NINE + 12 * HOUR + timedelta(seconds=1), "At most 12 hours at a time."),
        (utc_now() + 71 * HOUR, utc_now() + 73 * HOUR, "Not more than 3 days ahead."),
    ],
)
def test_limits(start: datetime, end: datetime, message: str, work: Any) -> None:
    assert work(start, end).json["errors"] == {"end": [message]}


def test_the_longest_and_farthest(work: Any) -> None:
    assert work(NINE, NINE + 12 * HOUR).status_code == 201
    assert work(utc_now() + 70 * HOUR, utc_now() + 71 * HOUR).status_code == 201


@pytest.mark.both_engines
def test_overlaps_are_refused_by_name(work: Any, sign_in: Any) -> None:
    assert work(NINE, NINE + HOUR, description="Polishing\nthe ring").status_code == 201
    for start, end in ((-0.5, 0.5), (0.5, 1.5), (0.25, 0.75), (-1, 2), (0, 1)):
        refused = work(NINE + start * HOUR, NINE + end * HOUR)
        assert refused.json["errors"] == {
            "start": ["There is work from 2 Mar, 09:00–10:00 already (Polishing)."]
        }
    assert work(NINE - HOUR, NINE).status_code == 201
    assert work(NINE + HOUR, NINE + 2 * HOUR).status_code == 201
    alice = sign_in("alice")
    refused = alice.put("/api/v1/work-times/3", json={"start": (NINE + HOUR / 2).isoformat()})
    assert refused.status_code == 422 and "09:00–10:00" in refused.json["message"]
    data = {"start": "2026-03-02T09:30", "end": "2026-03-02T09:45", "description": "typed"}
    page = alice.post("/crm/work-times/add", data=data)
    assert page.status_code == 422 and "09:00–10:00" in page.text and "typed" in page.text
    # another user may
    office = sign_in("office")
    assert office.post("/api/v1/work-times/", json=times(NINE, NINE + HOUR)).status_code == 201
    # given to somebody who worked then, it overlaps
    assert office.put("/api/v1/work-times/4", json={"user": "alice"}).status_code == 422


@pytest.mark.both_engines
@settings(max_examples=25, deadline=None, suppress_health_check=PAST)
@given(steps=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 12), st.integers(0, 6)), max_size=12))
def test_whatever_is_written_nothing_overlaps(app: Flask, people: dict[str, int], steps: Any) -> None:
    """Entries are added and moved at random; what stands is apart, and what was refused would have overlapped."""
    with app.app_context(), as_system() as session:
        before = list(session.scalars(select(WorkTime)))
        for one in before:
            session.delete(one)
        session.commit()
        known: list[WorkTime] = []
        for start, length, which in steps:
            span = NINE + start * HOUR / 4, NINE + (start + length) * HOUR / 4
            entry = known[which] if which < len(known) else WorkTime(user_id=people["alice"])
            others = [(one.start, one.end) for one in known if one is not entry]
            overlaps = any(a < span[1] and span[0] < b for a, b in others)
            entry.start, entry.end = span
            session.add(entry)
            try:
                session.commit()
            except RuleError:
                session.rollback()
                assert overlaps
            else:
                assert not overlaps
                known += [] if entry in known else [entry]
        standing = session.execute(select(WorkTime.start, WorkTime.end).order_by(WorkTime.start)).all()
        assert len(standing) == len(known)
        assert all(a.end <= b.start for a, b in pairwise(standing))


@pytest.mark.both_engines
def test_two_at_once_make_one(app: Flask, sign_in: Any) -> None:
    browsers = [sign_in("alice") for _n in range(4)]
    gate, answers = threading.Barrier(len(browsers)), []

    def add(browser: Any) -> None:
        gate.wait()
        answers.append(browser.post("/api/v1/work-times/", json=times(NINE, NINE + HOUR)))

    threads = [threading.Thread(target=add, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422]
    assert all("09:00–10:00" in answer.json["message"] for answer in answers if answer.status_code == 422)


@pytest.mark.both_engines
def test_the_database_refuses_overlaps_too(work: Any, system: Any, people: dict[str, int]) -> None:
    work(NINE, NINE + HOUR)
    table = WorkTime.__table__
    row = {"user_id": people["alice"], "start": NINE + HOUR / 2, "end": NINE + 2 * HOUR, "seconds": 5400, "version": 1,
           "created_at": NINE, "changed_at": NINE, "billable": True, "approved": False, "cut_off": False}  # fmt: skip
    with system() as session:
        with pytest.raises(IntegrityError):
            session.connection().execute(insert(table).values(row))
        session.rollback()
        session.connection().execute(insert(table).values({**row, "start": NINE + HOUR}))
        with pytest.raises(IntegrityError):
            session.connection().execute(
                table.update().where(table.c.start == NINE + HOUR).values(start=NINE)
            )
        session.rollback()


@pytest.mark.both_engines
def test_an_undone_delete_does_not_bring_overlaps_back(work: Any, sign_in: Any, system: Any) -> None:
    work(NINE, NINE + HOUR)
    alice = sign_in("alice")
    assert alice.delete("/api/v1/work-times/1").status_code == 200
    work(NINE, NINE + HOUR)
    with system() as session:
        last = session.scalars(select(Operation.id).where(Operation.kind == "work_time.delete")).one()
    alice.post(f"/crm/operations/undo/{last}")
    with system() as session:
        assert [one.id for one in session.scalars(select(WorkTime))] == [2]


def test_the_rate_comes_from_the_entry_the_project_the_setting(acme: int, work: Any, sign_in: Any) -> None:
    alice, office = sign_in("alice"), sign_in("office")
    bare = work(NINE, NINE + HOUR).json["result"]
    assert (bare["hourly_rate"], bare["amount"]) == (None, None)
    assert office.post("/settings/work-time/", data={"rate": "80", "currency": "EUR"}).status_code == 302
    assert alice.post("/settings/work-time/", data={"rate": "800"}).status_code == 403
    project = alice.post(
        "/api/v1/projects/", json={"name": "Rings", "hourly_rate": 120.5, "client": acme}
    ).json["id"]
    by_default = work(NINE + HOUR, NINE + 2 * HOUR).json["result"]
    assert (by_default["amount"], by_default["currency"]) == (80, "EUR")
    by_project = work(NINE + 2 * HOUR, NINE + 3 * HOUR, project=project).json["result"]
    assert (by_project["amount"], by_project["currency"], by_project["client"]) == (120.5, "PLN", acme)
    own = work(NINE + 3 * HOUR, NINE + 3.5 * HOUR, project=project, hourly_rate=10).json["result"]
    assert (own["amount"], own["currency"]) == (5, "PLN")
    free = work(NINE + 4 * HOUR, NINE + 5 * HOUR, billable=False, hourly_rate=10).json["result"]
    assert free["amount"] is None
    # a third of an hour at 10.00 is 3.33, half a cent goes up
    assert work(NINE + 6 * HOUR, NINE + 6 * HOUR + HOUR / 3, hourly_rate=10).json["result"]["amount"] == 3.33
    odd = work(NINE + 7 * HOUR, NINE + 7 * HOUR + timedelta(seconds=18), hourly_rate=1).json["result"]
    assert odd["amount"] == 0.01


def test_approved_is_locked(acme: int, work: Any, sign_in: Any, people: dict[str, int]) -> None:
    work(NINE, NINE + HOUR, client=acme)
    refused = work(NINE + HOUR, NINE + 2 * HOUR, approved=True)
    assert refused.json["errors"] == {"approved": ["This cannot be changed."]}
    alice, office = sign_in("alice"), sign_in("office")
    assert alice.post("/crm/work-times/approve/1", data={"on": "yes"}).status_code == 403
    assert alice.put("/api/v1/work-times/1", json={"approved": True}).status_code == 422
    assert office.post("/crm/work-times/approve/1", data={"on": "yes"}).status_code == 302
    assert alice.put("/api/v1/work-times/1", json={"description": "x"}).status_code == 403
    assert alice.delete("/api/v1/work-times/1").status_code == 403
    assert alice.get("/crm/work-times/edit/1").status_code == 403
    assert alice.post("/crm/work-times/delete/1").status_code == 403
    assert office.put("/api/v1/work-times/1", json={"description": "checked"}).status_code == 200
    assert office.post("/crm/work-times/approve/1", data={"on": "no"}).status_code == 302
    assert alice.put("/api/v1/work-times/1", json={"description": "x"}).status_code == 200


def test_midnight_and_the_change_of_the_clock(make_app: Any, sign_in: Any, system: Any) -> None:
    alice = sign_in("alice", make_app(BABEL_DEFAULT_TIMEZONE="Europe/Warsaw"))
    for start, end, seconds, shown in (
        ("2026-03-02T22:30", "2026-03-03T01:15", 9900, "2 Mar, 22:30– 3 Mar, 01:15"),
        # at two the clocks went to three
        ("2026-03-29T00:00", "2026-03-29T06:00", 5 * 3600, "29 Mar, 00:00–06:00"),
        # at three they went back to two
        ("2025-10-26T00:00", "2025-10-26T06:00", 7 * 3600, "26 Oct 2025, 00:00–06:00"),
    ):
        assert alice.post("/crm/work-times/add", data={"start": start, "end": end}).status_code == 302
        with system() as session:
            entry = session.scalars(select(WorkTime).order_by(WorkTime.id.desc())).first()
            assert entry.seconds == seconds
        assert shown in alice.get(f"/crm/work-times/show/{entry.id}").text


def test_on_a_task_at_a_hidden_client(
    make_client: Any, work: Any, sign_in: Any, system: Any, people: Any
) -> None:
    hidden, other = (
        make_client("Hidden Ltd", assignees=["charlie"]),
        make_client("Third", assignees=["charlie"]),
    )
    with system() as session:
        task = Task(client_id=hidden, title="Help")
        task.assignee_links = [TaskAssignee(user_id=people["alice"])]
        session.add(task)
        session.commit()
    made = work(NINE, NINE + HOUR, task=1)
    assert made.status_code == 201, made.text
    with system() as session:
        assert session.get(WorkTime, 1).client_id == hidden
    assert "Hidden Ltd" in sign_in("alice").get("/crm/work-times/show/1").text
    assert "Help" in sign_in("charlie").get("/crm/work-times/show/1").text
    assert work(NINE + HOUR, NINE + 2 * HOUR, client=hidden).status_code == 422
    assert work(NINE + HOUR, NINE + 2 * HOUR, client=other, task=1).status_code == 422


def test_it_goes_with_the_merge(acme: int, work: Any, make_client: Any, app: Flask) -> None:
    target = make_client("Target", assignees=["alice"])
    work(NINE, NINE + HOUR, client=acme)
    with app.app_context(), as_system():
        merge(acme, target)
        db.session.commit()
        db.session.expire_all()
        assert db.session.get(WorkTime, 1).client_id == target
