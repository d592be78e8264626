"""How long the card of a client takes with ten and with very many notes, deals and tasks.

    .venv/bin/python bench/card.py [rows]     100,000 of each where nothing is said

Makes a database of its own, on CRM_TEST_POSTGRES_URL where it is set (in a new database), else SQLite.
"""

import logging
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import insert, text

from bench.pages import counted, database
from crm import create_app
from crm.demo.generate import make_demo
from crm.extensions import db
from crm.models import Client, Deal, Note, Task
from crm.models.types import utc_now
from crm.security.visibility import as_system
from crm.services.setup import initialise

TIMES = 15
FEW = 10
PARTS = (
    "/crm/clients/show/{}", "/crm/clients/boxes/{}", "/crm/clients/tab/{}/tasks", "/crm/clients/tab/{}/sales",
    "/crm/clients/timeline/{}", "/crm/deals/list/?client={}", "/crm/deals/kanban/?client={}",
)  # fmt: skip


def main(rows: int) -> None:
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CRM_INSTANCE"] = folder
        app = create_app(WTF_CSRF_ENABLED=False, RATELIMIT_ENABLED=False, **database())
        with app.app_context(), as_system():
            initialise()
            make_demo(200, 1, lambda done: None)
            clients = {number: add_client(number) for number in (FEW, rows)}
            db.session.execute(text("ANALYZE"))
            db.session.commit()
        for name in ("admin", "alice"):
            browser = app.test_client()
            browser.post("/login/", data={"username": name, "password": "demo"})
            print(f"\n{name:<36}" + "".join(f"{f'{number:,} rows':>24}" for number in clients))
            for part in PARTS:
                cells = [measured(browser, part.format(client)) for client in clients.values()]
                print(f"{part:<36}" + "".join(f"{cell:>24}" for cell in cells))


def add_client(number: int) -> int:
    """A client with so many notes, deals and tasks, seen by Alice; its id."""
    alice = db.session.execute(text("SELECT id FROM ab_user WHERE username = 'alice'")).scalar()
    client = Client(name=f"Client with {number:,}", email="many@example.com")
    client.assignee_links = []
    db.session.add(client)
    db.session.flush()
    db.session.execute(
        text("INSERT INTO client_assignee (client_id, user_id, position) VALUES (:client, :user, 0)"),
        {"client": client.id, "user": alice},
    )
    stamp: dict[str, Any] = {
        "client_id": client.id, "created_at": utc_now(), "changed_at": utc_now(), "version": 1,
    }  # fmt: skip
    for model, values in (
        (Note, lambda n: {"text": f"note {n}", "pinned": False}),
        (Deal, lambda n: {"title": f"deal {n}", "amount": n, "currency": "EUR", "stage": "new",
                          "stage_changed_at": stamp["created_at"]}),
        (Task, lambda n: {"title": f"task {n}", "priority": "normal", "done": n % 2 == 0}),
    ):  # fmt: skip
        for start in range(0, number, 10_000):
            some = [{**stamp, **values(n)} for n in range(start, min(start + 10_000, number))]
            db.session.connection().execute(insert(model.__table__), some)
    db.session.commit()
    return client.id


def measured(browser: Any, page: str) -> str:
    """The median time of a page, and how many queries it took."""
    took = []
    for _time in range(TIMES):
        begin = time.perf_counter()
        with counted() as statements:
            status = browser.get(page).status_code
        took.append(1000 * (time.perf_counter() - begin))
    if status != 200:
        return f"({status})"
    return f"{statistics.median(took):.0f} ms, {len(statements)} queries"


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 100_000)
