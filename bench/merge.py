"""How long a merge of 100,000 rows and its undo take.

    python -m bench.merge [--rows N] [--url postgresql+psycopg://…]

Uses a database of its own: a temporary SQLite file, or the empty one at the URL.
"""

from sqlalchemy import insert, select

from bench._own import arguments, own_crm, timed
from crm.extensions import db
from crm.models import Client, ClientTag, Note, SearchEntry, Tag, TimelineEntry
from crm.models.types import utc_now
from crm.security.visibility import as_system
from crm.services.merging.merge import merge
from crm.services.undo.operation import undo


def fill(rows: int) -> tuple[int, int]:
    """Two clients, the first with so many notes and links; and as many clients more."""
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


def main() -> None:
    asked = arguments(__doc__).parse_args()
    with own_crm(asked) as app, app.app_context(), as_system():
        source, target = fill(asked.rows)
        number, took = timed(lambda: merge(source, target))
        print(f"merge {took:7.2f} s", flush=True)
        print(f"undo  {timed(lambda: undo(number))[1]:7.2f} s")


if __name__ == "__main__":
    main()
