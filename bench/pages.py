"""How long the main pages take, and how many queries, with many clients: for an admin and for a rep.

python -m bench.pages [--rows N] [--url postgresql+psycopg://…]
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from sqlalchemy import Engine, event, func, select

from bench._own import arguments, own_crm, signed_in
from crm.extensions import db
from crm.models import Client
from crm.security.visibility import as_user

PEOPLE = ("admin", "alice")
TIMES = 7


def main() -> None:
    asked = arguments(__doc__, 20_000).parse_args()
    with own_crm(asked, asked.rows) as app:
        for name in PEOPLE:
            measure(app, name)


def measure(app: Flask, name: str) -> None:
    browser = signed_in(app, name)
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
    main()
