"""How long changes of 100,000 clients take, as the background does them, and to take them back.

    python -m bench.bulk [--rows N] [--url postgresql+psycopg://…]

Uses a database of its own: a temporary SQLite file, or the empty one at the URL. A change that nobody else
touched must be gone after its undo.
"""

from sqlalchemy import insert, select

from bench._own import arguments, own_crm, timed
from crm.extensions import db
from crm.models import Client, ClientAssignee, ClientTag, Tag
from crm.security.visibility import as_system
from crm.services.bulk.change import change_many
from crm.services.undo.operation import undo
from crm.services.users import add_user

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


def fill(rows: int) -> None:
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


def main() -> None:
    asked = arguments(__doc__).parse_args()
    with own_crm(asked) as app, app.app_context(), as_system():
        fill(asked.rows)
        print(f"{'':<38} change     undo", flush=True)
        ids = list(db.session.scalars(select(Client.id)))
        for type, value in CHANGES:
            result, there = timed(lambda type=type, value=value: change_many(ids, type, value))
            assert result.changed == asked.rows, result
            report, back = timed(lambda number=result.operation_id: undo(number))
            assert not report.left, report.left[:3]
            print(f"{type:<38} {there:6.2f} s {back:6.2f} s", flush=True)


if __name__ == "__main__":
    main()
