"""`kill -9` at random points of a bulk change by the worker: all of it or nothing, and the next worker ends it once.

As in the test of merges, each run forks this process; every second kills itself between two statements.
"""

import os
import random
import signal
import time
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from crm.extensions import db
from crm.jobs.runs import run_here
from crm.models import BulkChange, ClientTag, JobRun, Operation, Tag, TimelineEntry
from crm.models.bulk_change import DONE, WAITING
from crm.models.job import RUNNING
from crm.security.visibility import as_system, as_user
from crm.services.bulk import runs as bulk_runs
from crm.services.bulk.runs import confirm, is_any_waiting, work_off
from crm.services.bulk.selection import Selection
from tests.killing import alone, in_child, statements_of
from tests.users import user

CLIENTS = 60


def work() -> None:
    run_here("bulk", work_off, {})


def ask(tag: str) -> int:
    """Alice asks for a tag on all of hers; gives the number of the bulk change."""
    with as_user(user("alice")):
        row = confirm(Selection(None), "add_tag", [tag])
        db.session.commit()
        return row.id


def told(tag: str) -> tuple[int, int, int]:
    """How many clients have the tag, how many operations gave it, and how many timelines tell it."""
    links, connection = ClientTag.__table__, db.session.connection()
    tagged = select(func.count(links.c.id)).join(Tag.__table__).where(Tag.__table__.c.name == tag)
    made = select(Operation.id).where(Operation.details["change"].as_string() == "add_tag")
    mine = connection.scalars(made.order_by(Operation.id.desc())).all()
    entries = select(func.count(TimelineEntry.id)).where(TimelineEntry.operation_id.in_(mine[:1]))
    return connection.scalar(tagged) or 0, len(mine), connection.scalar(entries) or 0


@pytest.mark.both_engines
@pytest.mark.parametrize("runs", [6, pytest.param(60, marks=pytest.mark.slow)])
def test_all_or_nothing_and_exactly_once(
    app: Flask, make_client: Any, monkeypatch: pytest.MonkeyPatch, runs: int
) -> None:
    monkeypatch.setattr(bulk_runs, "AT_ONCE", 1)
    chance, outcomes = random.Random(runs), set()
    for n in range(CLIENTS):
        make_client(f"Client {n}", assignees=["alice"])
    with app.app_context(), as_system():
        ask("first")
        number = statements_of(work)
        db.session.remove()
    for run in range(runs):
        tag, inside = f"tag {run}", run % 2 == 0
        with app.app_context(), as_system():
            row_id = ask(tag)
            db.session.remove()
        pid = in_child(app, work, chance.randint(1, number) if inside else None)
        if not inside:
            time.sleep(chance.uniform(0, 0.3))
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        with app.app_context(), as_system():
            alone()
            state = db.session.get_one(BulkChange, row_id).state
            assert told(tag)[0] == {WAITING: 0, DONE: CLIENTS}[state], (run, state)
            outcomes.add(state)
            work()
            assert (*told(tag), is_any_waiting()) == (CLIENTS, run + 2, CLIENTS, False), run
            assert db.session.get_one(BulkChange, row_id).state == DONE
            stuck = select(func.count(JobRun.id)).where(JobRun.state == RUNNING)
            assert db.session.scalar(stuck) == 0
            db.session.remove()
    assert outcomes
