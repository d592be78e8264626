"""How well and how fast duplicates are found among made-up clients of which it is known who is who.

    python -m bench.duplicates [--rows N] [--seed S] [--url postgresql+psycopg://…]

Uses a database of its own: a temporary SQLite file, or the empty one at the URL.
"""

import statistics
import time
from typing import Any

from sqlalchemy import DDL, func, insert, select

from bench._own import arguments, most_memory, own_crm
from bench.likenesses import Maker
from crm.extensions import db
from crm.models import Client, DuplicateKey, DuplicatePair
from crm.models.types import utc_now
from crm.security.visibility import as_system
from crm.services.duplicates.facts import typed_facts
from crm.services.duplicates.finding import find_likely
from crm.services.duplicates.keeping import rewrite_keys
from crm.services.duplicates.searching import look_at_portion

PORTION = 2_000


def fill(rows: list[dict[str, Any]]) -> dict[int, int]:
    """Add the clients with their keys; gives their places in the list by id."""
    now = utc_now()
    common = {"created_at": now, "changed_at": now, "status_changed_at": now, "last_activity_at": now, "version": 1,
              "stars": 0, "is_buyer": False, "is_supplier": False, "is_workshop": False, "use_delivery": False,
              "sensitive": False}  # fmt: skip
    table, names = Client.__table__, [c.name for c in Client.__table__.c if c.name != "id"]
    ids: dict[int, int] = {}
    for start in range(0, len(rows), PORTION):
        made = []
        for row in rows[start : start + PORTION]:
            client = Client(**row, **common)
            client.before_save(db.session())
            made.append({name: getattr(client, name) for name in names})
        db.session.connection().execute(insert(table), made)
        new = (
            db.session.connection()
            .scalars(select(table.c.id).order_by(table.c.id.desc()).limit(len(made)))
            .all()
        )
        ids |= {number: start + place for place, number in enumerate(reversed(new))}
        rewrite_keys(db.session(), new)
        db.session.commit()
    return ids


def shown(row: dict[str, Any]) -> str:
    left_out = ("billing_country", "first_name", "last_name")
    return ", ".join(str(value) for name, value in row.items() if value and name not in left_out)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=0, help="so many mistakes of each sort")
    asked = parser.parse_args()
    with own_crm(asked) as app, app.app_context(), as_system():
        rows, same = Maker(asked.seed).rows(asked.rows)
        ids = fill(rows)
        db.session.execute(DDL("ANALYZE"))
        db.session.commit()
        keys = db.session.scalar(select(func.count()).select_from(DuplicateKey.__table__))
        print(f"{len(ids):,} clients, {len(same):,} second entries, {keys:,} keys")
        before, began, used = most_memory(), time.perf_counter(), time.process_time()
        while look_at_portion():
            pass
        print(f"search of all   {time.perf_counter() - began:7.1f} s, {time.process_time() - used:.1f} s of our CPU, "
              f"{most_memory()} MB at most, {before} MB before")  # fmt: skip
        pairs = DuplicatePair.__table__
        found = {
            (ids[one], ids[other])
            for one, other in db.session.execute(select(pairs.c.client_id, pairs.c.other_id))
        }
        right = found & same
        print(f"precision {len(right) / len(found):.4f}   recall {len(right) / len(same):.4f}   "
              f"{len(found):,} pairs found")  # fmt: skip
        for what, wrong in (("missed", same - found), ("wrong", found - same)):
            for pair in sorted(wrong)[: asked.show]:
                print(what, *(shown(rows[place]) for place in pair), sep="\n    ")
        times = []
        for row in rows[:: max(len(rows) // 300, 1)]:
            facts = typed_facts({name: str(value or "") for name, value in row.items()})
            began, used = time.perf_counter(), time.process_time()
            find_likely(facts)
            times.append((1000 * (time.process_time() - used), 1000 * (time.perf_counter() - began)))
        db.session.rollback()
        for what, taken in zip(("CPU", "clock"), zip(*times, strict=True), strict=True):
            ordered = sorted(taken)
            middle, late = statistics.median(ordered), ordered[int(len(ordered) * 0.95)]
            print(f"while typing, {what:<6} {middle:6.1f} ms in the middle, {late:.1f} ms at 95 of 100, "
                  f"{ordered[-1]:.1f} ms at most")  # fmt: skip


if __name__ == "__main__":
    main()
