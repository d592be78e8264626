"""`kill -9` at random points of a merge and of its undo: all of it is there, or nothing of it.

Each run forks this process, which has everything loaded already, so that the kill falls into the work and
not into the start. Every fourth kills itself between two statements of the transaction.
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
from crm.models import Client, Operation
from crm.security.visibility import as_system
from crm.services.merging.merge import merge
from crm.services.undo.operation import undo
from tests.killing import alone, in_child, statements_of
from tests.merging.test_random import build
from tests.snapshots import differences, snapshot

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
