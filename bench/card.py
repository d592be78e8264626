"""How long the card of a client takes with ten and with very many notes, deals and tasks.

python -m bench.card [--rows N] [--url postgresql+psycopg://…]
"""

import statistics
import time
from typing import Any

from sqlalchemy import insert, text

from bench._own import arguments, own_crm, signed_in
from bench.pages import counted
from crm.extensions import db
from crm.models import Client, Deal, Note, Task
from crm.models.types import utc_now
from crm.security.visibility import as_system

TIMES = 15
FEW = 10
PARTS = (
    "/crm/clients/show/{}", "/crm/clients/boxes/{}", "/crm/clients/tab/{}/tasks", "/crm/clients/tab/{}/sales",
    "/crm/clients/timeline/{}", "/crm/deals/list/?client={}", "/crm/deals/kanban/?client={}",
)  # fmt: skip


def main() -> None:
    asked = arguments(__doc__).parse_args()
    with own_crm(asked, demo=200) as app:
        with app.app_context(), as_system():
            clients = {number: add_client(number) for number in (FEW, asked.rows)}
            db.session.execute(text("ANALYZE"))
            db.session.commit()
        for name in ("admin", "alice"):
            browser = signed_in(app, name)
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
    main()
