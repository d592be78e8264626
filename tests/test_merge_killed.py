"""`kill -9` at random points of a merge and of its undo: all of it is there, or nothing of it.

Each run forks this process, which has everything loaded already, so that the kill falls into the work and
not into the start. Every fourth kills itself between two statements of the transaction.
"""

import os
import random
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select, text

from crm.extensions import db
from crm.models import Client, Operation
from crm.security.visibility import as_system
from crm.services.merging.merge import merge
from crm.services.undo.operation import undo
from tests.snapshots import differences, snapshot
from tests.test_merge_random import build

GRAPH: dict[str, Any] = {
    "notes": [0] * 40 + [1] * 10,
    "contacts": [0, 0, 0, 1],
    "tags": {(0, 0), (0, 1), (1, 0)},
    "external": {(0, 0), (0, 1), (1, 0)},
    "values": {(0, 0), (0, 1), (1, 0)},
    "values of contacts": {(0, 0), (0, 1), (3, 0)},
    "assignees": {(0, "alice"), (0, "bob"), (1, "bob")},
    "links": {(0, 1, 0), (0, 2, 0), (1, 2, 0), (3, 0, 1)},
    "fields": [(0, "phone"), (0, "notes"), (1, "email")],
    "consent": [(0, False), (1, True)],
    "stars": [(0, 3), (1, 1)],
}


def in_child(app: Flask, work: Callable[[], None], last_statement: int | None) -> int:
    """Fork a process that does the work; gives its id. It kills itself before its n-th statement."""
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    pid = os.fork()
    if pid:
        return pid
    try:
        with app.app_context(), as_system():
            if last_statement is not None:
                kill_before(last_statement)
            work()
            db.session.commit()
    finally:
        os._exit(0)


def kill_before(number: int) -> None:
    left = [number]

    def count(*_: Any) -> None:
        left[0] -= 1
        if left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(db.engine, "before_cursor_execute", count)


def alone() -> None:
    """Wait until the database has noticed that the killed one is gone."""
    if db.engine.dialect.name == "sqlite":
        return
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    for _ in range(500):
        if not db.session.scalar(others):
            break
        db.session.rollback()
        time.sleep(0.02)
    db.session.rollback()


def statements_of(work: Callable[[], Any]) -> int:
    """How many statements some work takes; it is rolled back."""
    number = [0]

    def count(*_: Any) -> None:
        number[0] += 1

    event.listen(db.engine, "before_cursor_execute", count)
    work()
    event.remove(db.engine, "before_cursor_execute", count)
    db.session.rollback()
    return number[0]


def last_merge() -> int | None:
    asked = select(func.max(Operation.id)).where(Operation.kind == "merge", Operation.undone_by_id.is_(None))
    return db.session.scalar(asked)


@pytest.mark.both_engines
@pytest.mark.parametrize("runs", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_all_or_nothing(app: Flask, runs: int) -> None:
    chance = random.Random(runs)
    with app.app_context(), as_system():
        source, target = (client.id for client in build(GRAPH)[:2])
        apart = snapshot()
        number = statements_of(lambda: merge(source, target))
        began = time.monotonic()
        merge(source, target)
        db.session.commit()
        duration = time.monotonic() - began
        one = snapshot()
        back = statements_of(lambda: undo(last_merge()))
        undo(last_merge())
        db.session.commit()
        assert not differences(apart, snapshot())
        db.session.remove()
    outcomes = set()
    for run in range(runs):
        with app.app_context(), as_system():
            merged = last_merge()
            db.session.remove()
        work = (lambda: merge(source, target)) if merged is None else (lambda number=merged: undo(number))
        inside = run % 4 == 0
        steps = chance.randint(1, number if merged is None else back) if inside else None
        pid = in_child(app, work, steps)
        if not inside:
            time.sleep(chance.uniform(0, 1.3 * duration))
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        with app.app_context(), as_system():
            alone()
            now = snapshot()
            is_one = last_merge() is not None
            assert not differences(one if is_one else apart, now), (run, merged, steps)
            outcomes.add(is_one)
            tombstone = db.session.connection().scalar(
                select(Client.__table__.c.merged_into_id).where(Client.id == source)
            )
            assert tombstone == (target if is_one else None)
            db.session.remove()
    assert outcomes
