"""How long the main pages take, and how many queries, with many clients: for an admin and for a rep.

    .venv/bin/python bench/pages.py [clients]     20,000 where nothing is said

Makes a database of its own, on CRM_TEST_POSTGRES_URL where it is set (in a new database), else SQLite.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask import Flask
from sqlalchemy import Engine, event, func, select

from crm import create_app
from crm.demo.generate import make_demo
from crm.extensions import db
from crm.models import Client
from crm.security.visibility import as_system, as_user
from crm.services.setup import initialise
from tests import pg

PEOPLE = ("admin", "alice")
TIMES = 7


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CRM_INSTANCE"] = folder
        app = create_app(WTF_CSRF_ENABLED=False, **database())
        with app.app_context(), as_system():
            initialise()
            begin = time.perf_counter()
            make_demo(count, 1, lambda done: None)
            print(f"{count:,} clients of demo data: {time.perf_counter() - begin:.1f} s")
        for name in PEOPLE:
            measure(app, name)


def database() -> dict[str, str]:
    server = os.environ.get("CRM_TEST_POSTGRES_URL")
    return {"SQLALCHEMY_DATABASE_URI": pg.fresh_database(server)} if server else {}


def measure(app: Flask, name: str) -> None:
    browser = app.test_client()
    browser.post("/login/", data={"username": name, "password": "demo"})
    print(f"\n{name:<40}{'median':>9}{'slowest':>9}{'queries':>9}{'kB':>7}")
    for path in pages(app, name):
        took = []
        for _ in range(TIMES):
            begin = time.perf_counter()
            with counted() as statements:
                answer = browser.get(path)
            took.append(1000 * (time.perf_counter() - begin))
        note = "" if answer.status_code == 200 else f"  {answer.status}"
        size = len(answer.data) // 1024
        print(
            f"{path:<40}{statistics.median(took):>6.0f} ms{max(took):>6.0f} ms{len(statements):>9}{size:>7}{note}"
        )


def pages(app: Flask, name: str) -> list[str]:
    with app.app_context():
        user = app.extensions["appbuilder"].sm.find_user(name)
        with as_user(user):
            client = db.session.scalar(select(func.max(Client.id)))
    return [
        "/",
        "/crm/clients/list/",
        "/crm/clients/list/?search=kow",
        "/crm/clients/list/?status=active&sort=name",
        "/crm/clients/list/?page=200",
        "/crm/clients/kanban/",
        f"/crm/clients/show/{client}",
        f"/crm/clients/timeline/{client}",
        "/crm/search?q=kow",
        "/crm/tasks/list/",
        "/api/v1/clients/?page_size=100",
    ]


@contextmanager
def counted() -> Iterator[list[str]]:
    statements: list[str] = []

    def count(connection, cursor, statement, *rest) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", count)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 20_000)
