"""What webhooks cost: whoever writes, without one and with one, and the worker, with 100,000 clients changed at once.

    python -m bench.webhooks [--rows N] [--url postgresql+psycopg://…]

Uses a database of its own: a temporary SQLite file, or the empty one at the URL, and a receiver of its own.
"""

import time

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import func, select, update

from bench._own import arguments, most_memory, own_crm, timed
from bench.bulk import fill
from crm.extensions import db
from crm.integrations.webhooks import sending, subscriptions
from crm.integrations.webhooks.expanding import expand
from crm.models import Client, Webhook, WebhookDelivery
from crm.security.visibility import as_system
from crm.services.bulk.change import change_many
from tests.webhooks.receiver import Receiver

SAVED, SENT = 300, 2_000


def save_one_by_one(ids: list[int]) -> float:
    """Milliseconds of CPU for one change of one client."""
    began = time.process_time()
    for number in ids:
        db.session.get_one(Client, number).notes = f"saved at {time.perf_counter()}"
        db.session.commit()
    return (time.process_time() - began) / len(ids) * 1000


def run(rows: int) -> None:
    fill(rows)
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
        before = most_memory()
        began, cpu, sent = time.perf_counter(), time.process_time(), 0
        while sent < min(SENT, rows):
            sent += sending.send_wave(db.session.get_one(Webhook, number))
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        grown = most_memory() - before
        print(f"sent, receiver included              {sent / took:8.0f} a second")
        print(
            f"each                                 {cpu / sent * 1000:8.2f} ms of CPU, {grown} MB more memory"
        )
        db.session.execute(update(Webhook.__table__).values(active=False))
        db.session.commit()


def main() -> None:
    asked = arguments(__doc__).parse_args()
    with own_crm(asked, CRM_WEBHOOKS_ALLOW_PRIVATE=True) as app, app.app_context(), as_system():
        run(asked.rows)


if __name__ == "__main__":
    main()
