"""How long a merge of 100,000 rows and its undo take.

    python bench/merge.py [--rows N] [--url postgresql+psycopg://…]

Uses a database of its own: a temporary SQLite file, or the empty one at the URL.
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


def timed(what: str, work: Callable[[], Any]) -> Any:
    from crm.extensions import db

    began = time.perf_counter()
    result = work()
    db.session.commit()
    print(f"{what:<40} {time.perf_counter() - began:7.2f} s", flush=True)
    return result


def fill(rows: int) -> tuple[int, int]:
    """Two clients, the first with so many notes and links; and as many clients more."""
    from sqlalchemy import insert, select

    from crm.extensions import db
    from crm.models import Client, ClientTag, Note, SearchEntry, Tag, TimelineEntry
    from crm.models.types import utc_now

    source, target = Client(name="Source"), Client(name="Target")
    db.session.add_all([source, target])
    db.session.commit()
    now, connection = utc_now(), db.session.connection()
    pair = source.id, target.id
    notes = [{"client_id": pair[0], "text": f"note {n}"} for n in range(rows)]
    connection.execute(insert(Note.__table__), notes)
    ids = connection.scalars(select(Note.__table__.c.id)).all()
    entry = {"client_id": pair[0], "at": now, "kind": "note", "table_name": "note", "summary": "note"}
    connection.execute(insert(TimelineEntry.__table__), [entry | {"row_id": n} for n in ids])
    word = {"client_id": pair[0], "table_name": "note", "title": "note", "name_key": "note", "words": "note",
            "secret_words": ""}  # fmt: skip
    connection.execute(insert(SearchEntry.__table__), [word | {"row_id": n} for n in ids])
    tags = [{"name": f"tag {n}", "name_key": f"tag {n}"} for n in range(rows // 10)]
    connection.execute(insert(Tag.__table__), tags)
    numbers = connection.scalars(select(Tag.__table__.c.id)).all()
    both = [{"client_id": pair[0], "tag_id": n} for n in numbers]
    both += [{"client_id": pair[1], "tag_id": n} for n in numbers[::2]]
    connection.execute(insert(ClientTag.__table__), both)
    clients = [{"name": f"Client {n}", "name_key": f"client {n}"} for n in range(rows)]
    connection.execute(insert(Client.__table__), clients)
    db.session.commit()
    return pair


def run(rows: int) -> None:
    from crm.extensions import db
    from crm.services.merging.merge import merge
    from crm.services.setup import initialise
    from crm.services.undo.operation import undo

    initialise()
    source, target = fill(rows)
    print(f"{db.engine.dialect.name}, {rows:,} notes, {rows // 10:,} tags, {rows:,} clients")
    number = timed("merge", lambda: merge(source, target))
    timed("undo of the merge", lambda: undo(number))


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
