"""How long changes of 100,000 clients take, as the background does them, and to take them back.

    python bench/bulk.py [--rows N] [--url postgresql+psycopg://…]

Uses a database of its own: a temporary SQLite file, or the empty one at the URL. A change that nobody else
touched must be gone after its undo.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

CHANGES = (
    ("status_id", 2),
    ("stars", 3),
    ("add_tag", ["New"]),
    ("remove_tag", ["Old"]),
    ("add_assignee", ["office"]),
    ("consent", "yes"),
    ("archive", None),
    ("task", {"title": "Call before Christmas", "assignee": "office"}),
    ("delete", None),
)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    from crm.extensions import db

    began = time.perf_counter()
    result = work()
    db.session.commit()
    return result, time.perf_counter() - began


def fill(rows: int) -> None:
    from sqlalchemy import insert, select

    from crm.extensions import db
    from crm.models import Client, ClientAssignee, ClientTag, Tag
    from crm.services.users import add_user

    add_user("office", "Office admin", "a long password 1")
    alice = add_user("alice", "Sales rep", "a long password 2")
    old = Tag(name="Old")
    db.session.add(old)
    db.session.commit()
    clients = [{"name": f"Client {n}", "name_key": f"client {n}"} for n in range(rows)]
    connection = db.session.connection()
    connection.execute(insert(Client.__table__), clients)
    ids = connection.scalars(select(Client.__table__.c.id)).all()
    connection.execute(insert(ClientTag.__table__), [{"client_id": i, "tag_id": old.id} for i in ids])
    links = [{"client_id": i, "user_id": alice.id, "position": 0} for i in ids]
    connection.execute(insert(ClientAssignee.__table__), links)
    db.session.commit()


def run(rows: int) -> None:
    from sqlalchemy import select

    from crm.extensions import db
    from crm.models import Client
    from crm.services.bulk.change import change_many
    from crm.services.setup import initialise
    from crm.services.undo.operation import undo

    initialise()
    fill(rows)
    print(f"{db.engine.dialect.name}, {rows:,} clients{'':<14} change     undo", flush=True)
    ids = list(db.session.scalars(select(Client.id)))
    for type, value in CHANGES:
        result, there = timed(lambda type=type, value=value: change_many(ids, type, value))
        assert result.changed == rows, result
        report, back = timed(lambda number=result.operation_id: undo(number))
        assert not report.left, report.left[:3]
        print(f"{type:<38} {there:6.2f} s {back:6.2f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--url")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CRM_INSTANCE"] = folder
        from crm import create_app
        from crm.security.visibility import as_system

        app = create_app(SQLALCHEMY_DATABASE_URI=options.url or f"sqlite:///{Path(folder) / 'bench.db'}")
        with app.app_context(), as_system():
            run(options.rows)


if __name__ == "__main__":
    main()
