"""The background's run: what the outbox holds is made deliveries, and those that are due are sent."""

import time
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, exists, or_, select

from crm.extensions import db
from crm.integrations.webhooks.expanding import expand
from crm.integrations.webhooks.sending import due, send_wave
from crm.models import JobRun, Webhook, WebhookDelivery, WebhookOutbox
from crm.models.job import DONE, REFUSED
from crm.models.types import utc_now
from crm.security.visibility import as_system
from crm.services.outbox import JOB
from crm.services.progress import Progress

#: Seconds after which other background work gets its turn; the rest is asked for again.
LONGEST = 60
#: So long deliveries can be looked at, and sent again.
KEPT = timedelta(days=30)

outbox, hooks, deliveries = WebhookOutbox.__table__, Webhook.__table__, WebhookDelivery.__table__


def deliver(run: Progress) -> None:
    """Tell the webhooks what is due, wave by wave, each in its turn."""
    _tidy(run)
    began, sent, busy = time.monotonic(), 0, True
    with as_system():
        while busy and time.monotonic() - began < LONGEST:
            busy = expand(db.session()) > 0
            for number in db.session.scalars(
                select(hooks.c.id).where(_is_ready()).order_by(hooks.c.id)
            ).all():
                hook = db.session.get(Webhook, number)
                done = send_wave(hook) if hook is not None else 0
                busy, sent = busy or done > 0, sent + done
                run.count("deliveries", done)
                run.progress("", sent)


def is_any_due() -> bool:
    """Whether something waits to be told that can be told now."""
    wanted = or_(
        exists(select(outbox.c.id)),
        exists(select(hooks.c.id).where(_is_ready(), exists(due(hooks.c.id).correlate(hooks)))),
    )
    return bool(db.session.connection().scalar(select(wanted)))


def _is_ready() -> ColumnElement[bool]:
    return hooks.c.active & or_(hooks.c.retry_at.is_(None), hooks.c.retry_at <= utc_now())


def _tidy(run: Progress) -> None:
    """Old deliveries go; of the runs that came to a good end, of which there are many, the last one stays."""
    runs = JobRun.__table__
    db.session.execute(delete(deliveries).where(deliveries.c.created_at < utc_now() - KEPT))
    db.session.execute(
        delete(runs).where(runs.c.kind == JOB, runs.c.state.in_((DONE, REFUSED)), runs.c.id != (run.id or 0))
    )
    db.session.commit()
