"""How long the list and the board of clients take: `python bench/board.py [CLIENTS] [DATABASE_URL]`.

Makes demo data (100,000 clients, unless told) in a temporary folder or in the empty database named, and prints
the median of some requests in milliseconds, as an admin who sees all and as a rep who sees a third.
"""

import logging
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

PAGES = (
    "/crm/clients/list/",
    "/crm/clients/list/?page=400",
    "/crm/clients/list/?sort=stars&dir=desc",
    "/crm/clients/list/?sort=last_activity_at&dir=desc",
    "/crm/clients/list/?sort=country",
    "/crm/clients/list/?sort=status",
    "/crm/clients/list/?status=vip",
    "/crm/clients/list/?search=kowalski",
    "/crm/clients/list/?search=a",
    "/crm/clients/list/?assignee=none",
    "/crm/clients/list/?assignee=alice&stars=3&country=PL",
    "/crm/clients/list/?alert=yes",
    "/crm/clients/list/?archived=yes",
    "/crm/clients/list/?next_task=overdue",
    "/crm/clients/list/?role=workshop&consent=no",
    "/crm/clients/total",
    "/crm/clients/total?search=a",
    "/crm/clients/kanban/",
    "/crm/clients/kanban/1",
    "/crm/clients/kanban/?search=kowalski",
)
TIMES = 5


def main(count: int, url: str | None) -> None:
    os.environ["CRM_INSTANCE"] = tempfile.mkdtemp(prefix="crm-bench-")
    if url:
        os.environ["CRM_DATABASE_URL"] = url
    from crm import create_app
    from crm.demo.generate import make_demo
    from crm.extensions import db
    from crm.security.visibility import as_system
    from crm.services.setup import initialise

    logging.disable(logging.WARNING)
    app = create_app(WTF_CSRF_ENABLED=False, RATELIMIT_ENABLED=False)
    with app.app_context(), as_system():
        initialise()
        started = time.perf_counter()
        make_demo(count, 1)
        print(f"{count:,} clients on {db.engine.dialect.name} made in {time.perf_counter() - started:.0f} s")
    browsers = {}
    for who in ("admin", "alice"):
        browsers[who] = app.test_client()
        browsers[who].post("/login/", data={"username": who, "password": "demo"})
    print(f"{'milliseconds':52}{'admin':>9}{'alice':>9}")
    for page in PAGES:
        took = {who: measured(browser, page) for who, browser in browsers.items()}
        print(f"{page:52}" + "".join(f"{value:>9}" for value in took.values()))


def measured(browser, page: str) -> str:
    """The median time of a page, or the status where it is refused."""
    times = []
    for _ in range(TIMES):
        started = time.perf_counter()
        status = browser.get(page).status_code
        times.append(time.perf_counter() - started)
    return f"{statistics.median(times) * 1000:.0f}" if status == 200 else f"({status})"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, sys.argv[2] if len(sys.argv) > 2 else None)
