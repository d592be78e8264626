"""How long the list and the board of clients take.

    python -m bench.board [--rows N] [--url postgresql+psycopg://…]

Prints the median of some requests in milliseconds, as an admin who sees all clients and as a rep who sees a third.
"""

import statistics
import time

from flask.testing import FlaskClient

from bench._own import arguments, own_crm, signed_in

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


def main() -> None:
    asked = arguments(__doc__).parse_args()
    with own_crm(asked, asked.rows) as app:
        browsers = [signed_in(app, who) for who in ("admin", "alice")]
        print(f"{'milliseconds':52}{'admin':>9}{'alice':>9}")
        for page in PAGES:
            print(f"{page:52}" + "".join(f"{measured(browser, page):>9}" for browser in browsers))


def measured(browser: FlaskClient, page: str) -> str:
    """The median time of a page, or the status where it is refused."""
    times = []
    for _ in range(TIMES):
        started = time.perf_counter()
        status = browser.get(page).status_code
        times.append(time.perf_counter() - started)
    return f"{statistics.median(times) * 1000:.0f}" if status == 200 else f"({status})"


if __name__ == "__main__":
    main()
