"""How long the card as of a date and the history of a client take after very many changes.

python -m bench.past [--rows CHANGES] [--url postgresql+psycopg://…]
"""

import time
from datetime import timedelta

from sqlalchemy import insert, select, text

from bench._own import arguments, own_crm
from crm.extensions import db
from crm.models import Change, Client, Operation
from crm.models.types import utc_now
from crm.registry import registry
from crm.security.visibility import as_system
from crm.services.clients.past import past_of
from crm.services.history import fields as field_history

TIMES = 5


def main() -> None:
    asked = arguments(__doc__, 10_000).parse_args()
    with own_crm(asked, demo=200) as app, app.test_request_context(), as_system():
        client = db.session.scalars(select(Client).order_by(Client.id).limit(1)).one()
        add_changes(client.id, asked.rows)
        db.session.execute(text("ANALYZE"))
        db.session.commit()
        yesterday = utc_now() - timedelta(days=1)
        record = registry()["client"]
        for name, work in (
            ("card as of yesterday", lambda: past_of(client.id, yesterday)),
            ("first page of the history", lambda: field_history.page(record, client)),
            ("history of one field", lambda: field_history.page(record, client, "notes")),
        ):
            taken = []
            for _time in range(TIMES):
                begin = time.process_time()
                work()
                taken.append(time.process_time() - begin)
            print(f"{name:<28}{min(taken) * 1000:8.0f} ms of CPU")


def add_changes(client_id: int, number: int) -> None:
    """So many changes of one client, ten to an operation."""
    operations, changes = Operation.__table__, Change.__table__
    first = (
        db.session.connection().scalar(select(operations.c.id).order_by(operations.c.id.desc()).limit(1)) or 0
    )
    ids = range(first + 1, first + 1 + number // 10)
    db.session.connection().execute(
        insert(operations),
        [{"id": i, "kind": "change", "at": utc_now(), "source": "web", "client_id": client_id} for i in ids],
    )
    rows = [
        {"operation_id": i, "step": step, "table_name": "client", "row_id": client_id, "client_id": client_id,
         "action": "update", "before": {"phone": f"600 {i} {step}", "notes": "what stood there before"},
         "after": {"phone": f"600 {i} {step + 1}", "notes": "what was written"}}
        for i in ids for step in range(10)
    ]  # fmt: skip
    db.session.connection().execute(insert(changes), rows)


if __name__ == "__main__":
    main()
