"""Killing a process in the middle of its work, as `kill -9` does, and what follows."""

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import event, text

from crm.extensions import db
from crm.security.visibility import as_system


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
