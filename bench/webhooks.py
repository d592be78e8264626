"""What webhooks cost: whoever writes, without one and with one, and the worker, with 100,000 clients changed at once.

    python bench/webhooks.py [--rows N] [--url postgresql+psycopg://…]

Uses a database of its own: a temporary SQLite file, or the empty one at the URL, and a receiver of its own.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.bulk import fill, timed

SAVED, SENT = 300, 2_000


def save_one_by_one(ids: list[int]) -> float:
    """Milliseconds of CPU for one change of one client."""
    from crm.extensions import db
    from crm.models import Client

    began = time.process_time()
    for number in ids:
        db.session.get_one(Client, number).notes = f"saved at {time.perf_counter()}"
        db.session.commit()
    return (time.process_time() - began) / len(ids) * 1000


def run(rows: int) -> None:
    from flask_appbuilder.security.sqla.models import User
    from sqlalchemy import func, select, update

    from crm.extensions import db
    from crm.integrations.webhooks import sending, subscriptions
    from crm.integrations.webhooks.expanding import expand
    from crm.models import Client, Webhook, WebhookDelivery
    from crm.services.bulk.change import change_many
    from crm.services.setup import initialise
    from tests.webhooks.receiver import Receiver

    initialise()
    fill(rows)
    print(f"{db.engine.dialect.name}, {rows:,} clients", flush=True)
    ids = list(db.session.scalars(select(Client.id)))
    save_one_by_one(ids[:50])
    print(f"one client saved, without a webhook  {save_one_by_one(ids[:SAVED]):8.2f} ms of CPU")
    print(f"all changed, without a webhook       {timed(lambda: change_many(ids, 'stars', 1))[1]:8.2f} s")
    with Receiver() as receiver:
        hook = Webhook(name="Bench", url=receiver.url, events=["client.update"],
                       user=db.session.scalars(select(User).filter_by(username="office")).one())  # fmt: skip
        subscriptions.add(hook)
        db.session.commit()
        number = hook.id
        print(f"one client saved, with a webhook     {save_one_by_one(ids[:SAVED]):8.2f} ms of CPU")
        print(f"all changed, with a webhook          {timed(lambda: change_many(ids, 'stars', 2))[1]:8.2f} s")
        began = time.perf_counter()
        while expand(db.session()):
            pass
        print(f"made deliveries of it                {time.perf_counter() - began:8.2f} s")
        waiting = db.session.scalar(select(func.count(WebhookDelivery.id)))
        print(f"deliveries                           {waiting:8,}")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began, cpu, sent = time.perf_counter(), time.process_time(), 0
        while sent < min(SENT, rows):
            sent += sending.send_wave(db.session.get_one(Webhook, number))
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(f"sent, receiver included              {sent / took:8.0f} a second")
        print(
            f"each                                 {cpu / sent * 1000:8.2f} ms of CPU, {grown:.0f} MB more memory"
        )
        db.session.execute(update(Webhook.__table__).values(active=False))
        db.session.commit()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--url")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CRM_INSTANCE"] = folder
        from crm import create_app
        from crm.security.visibility import as_system

        values: dict[str, Any] = {"CRM_WEBHOOKS_ALLOW_PRIVATE": True}
        url = options.url or f"sqlite:///{Path(folder) / 'bench.db'}"
        app = create_app(SQLALCHEMY_DATABASE_URI=url, **values)
        with app.app_context(), as_system():
            run(options.rows)


if __name__ == "__main__":
    main()
