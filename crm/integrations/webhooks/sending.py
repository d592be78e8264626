"""Deliveries on their way: one signed POST each, tried again with growing pauses, in order for each record.

What a receiver has heard is written down after it has answered, so that a worker that dies in between tells it
twice; the number of the delivery is the same then.
"""

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, Select, bindparam, func, literal, or_, select, update

from crm.extensions import db
from crm.integrations.outbound import Refused, Unreachable, guarded_post
from crm.integrations.webhooks.payload import payloads
from crm.integrations.webhooks.signing import signed_headers
from crm.models import Webhook, WebhookDelivery
from crm.models.types import utc_now
from crm.models.webhook import FAILED, FAILING, GONE, NO_SECRET, NO_USER, SENT, SKIPPED, WAITING
from crm.services.secret_settings import get_secret

#: From one attempt to the next; after the last one a delivery has failed for good.
PAUSES = (
    timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(hours=12),
    timedelta(days=1), timedelta(days=1),
)  # fmt: skip
#: A receiver that took none of a wave is left alone so long; after days of it, it is left alone for good.
BREATHER, GIVE_UP = timedelta(minutes=5), timedelta(days=3)
#: So long nothing was to be sent, and a failure is the first again.
LULL = timedelta(days=2)
#: Deliveries at once, and how many of them at the same time; one, while the last wave failed.
WAVE, THREADS = 40, 5
SECONDS = 10.0
LONGEST_ANSWER, LONGEST_ERROR = 500, 300

table, hooks = WebhookDelivery.__table__, Webhook.__table__


@dataclass(frozen=True)
class Sent:
    """What became of one POST. status: None where nothing came back."""

    status: int | None
    milliseconds: int
    answer: str
    error: str

    @property
    def is_heard(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def secret_key(webhook_id: int) -> str:
    """Under what the secret of a webhook is kept."""
    return f"webhook.{webhook_id}"


def number_of(delivery_id: int) -> str:
    """As receivers know a delivery: the same each time it is sent."""
    return f"delivery_{delivery_id}"


def due(webhook_id: int | ColumnElement[int]) -> Select[Any]:
    """The deliveries of a webhook that can be sent now: none whose record has an earlier one waiting."""
    other = table.alias()
    # in words, not as a parameter: the indexes are of those that wait
    waiting = literal(WAITING, literal_execute=True)
    # looked up row by row, which no planner makes a join of all that waits
    first = (
        select(func.min(other.c.id)).where(
            other.c.webhook_id == table.c.webhook_id, other.c.state == waiting,
            other.c.record == table.c.record, other.c.row_id == table.c.row_id,
        ).scalar_subquery()
    )  # fmt: skip
    ripe = or_(table.c.next_at.is_(None), table.c.next_at <= utc_now())
    return select(table.c.id).where(
        table.c.webhook_id == webhook_id, table.c.state == waiting, ripe, table.c.id == first
    )


def send_wave(hook: Webhook) -> int:
    """Send the next deliveries of a webhook; commits. Gives how many were dealt with, 0 for none due."""
    if hook.user is None or not hook.user.is_active:
        switch_off(hook.id, NO_USER)
        return 0
    secret = get_secret(secret_key(hook.id))
    if secret is None:
        switch_off(hook.id, NO_SECRET)
        return 0
    size = 1 if hook.failing_since else WAVE
    # those never tried go first, so that one that is refused again and again keeps nobody waiting
    ids = db.session.scalars(due(hook.id).order_by(table.c.attempts, table.c.id).limit(size)).all()
    asked = select(WebhookDelivery).where(WebhookDelivery.id.in_(ids)).order_by(WebhookDelivery.id)
    rows = db.session.scalars(asked).all() if ids else []
    if not rows:
        return 0
    bodies = payloads(hook.user, rows)
    going = [(row.id, row.attempts, bodies[row.id]) for row in rows if row.id in bodies]
    silent = [row.id for row in rows if row.id not in bodies]
    hook_id, url = hook.id, hook.url
    _let_go()
    allow = bool(current_app.config["CRM_WEBHOOKS_ALLOW_PRIVATE"])
    with ThreadPoolExecutor(THREADS) as pool:
        results = list(pool.map(lambda one: post(url, secret, one[0], one[2], allow), going))
    _keep(hook_id, silent, going, results)
    return len(rows)


def post(url: str, secret: str, delivery_id: int, body: dict[str, Any], allow_private: bool) -> Sent:
    """Send one delivery. Knows no database: several are under way at once."""
    content = json.dumps(body, separators=(",", ":")).encode()
    number = number_of(delivery_id)
    headers = {"Content-Type": "application/json", **signed_headers(secret, number, content)}
    began = time.monotonic()
    status, answer, error = None, "", ""
    try:
        found = guarded_post(
            url, content, headers=headers, allow_private=allow_private, seconds=SECONDS,
            limit=4 * LONGEST_ANSWER, beginning=True,
        )  # fmt: skip
        status, answer = found.status, found.body.decode(errors="replace").replace("\0", "")
        if "content-encoding" in found.headers:  # packed, though nobody asked for that
            answer = ""
    except (Refused, Unreachable) as problem:
        error = str(problem)
    took = round((time.monotonic() - began) * 1000)
    return Sent(status, took, answer[:LONGEST_ANSWER], error[:LONGEST_ERROR])


def switch_off(webhook_id: int, because: str) -> None:
    """No more for this webhook until somebody switches it on. Commits."""
    values = {"active": False, "off_because": because}
    db.session.execute(update(hooks).where(hooks.c.id == webhook_id).values(values))
    _let_go(commit=True)


def _keep(
    hook_id: int, silent: Sequence[int], going: Sequence[tuple[int, int, Any]], results: Sequence[Sent]
) -> None:
    """Write down what became of a wave, and how the receiver is."""
    now = utc_now()
    connection = db.session.connection()
    connection.execute(update(table).where(table.c.id.in_(silent)).values(state=SKIPPED))
    outcomes = [
        {"number": number, **outcome(sent, attempts + 1, now)}
        for (number, attempts, _body), sent in zip(going, results, strict=True)
    ]
    if outcomes:
        connection.execute(update(table).where(table.c.id == bindparam("number")), outcomes)
    if any(sent.is_heard for sent in results):
        _note_hook(hook_id, {"failing_since": None, "retry_at": None})
    elif results:
        since = _failing_since(hook_id, now)
        _note_hook(hook_id, {"failing_since": since, "retry_at": now + BREATHER})
        if now - since >= GIVE_UP:
            switch_off(hook_id, FAILING)
    if any(sent.status == 410 for sent in results):
        switch_off(hook_id, GONE)
    _let_go(commit=True)


def _failing_since(webhook_id: int, now: datetime) -> datetime:
    """When the failures began of which there is one more now; what failed long before the last try is past."""
    asked = select(hooks.c.failing_since, hooks.c.retry_at).where(hooks.c.id == webhook_id)
    row = db.session.execute(asked).one_or_none()
    if row is None or row.failing_since is None or row.retry_at is None or now - row.retry_at > LULL:
        return now
    return row.failing_since


def outcome(sent: Sent, attempts: int, now: datetime) -> dict[str, Any]:
    """The new values of a delivery that was sent for the so-and-so-many-th time."""
    found: dict[str, Any] = {
        "attempts": attempts, "tried_at": now, "status": sent.status, "milliseconds": sent.milliseconds,
        "answer": sent.answer, "error": sent.error, "next_at": None,
    }  # fmt: skip
    if sent.is_heard:
        return {**found, "state": SENT}
    if attempts > len(PAUSES):
        return {**found, "state": FAILED}
    return {**found, "state": WAITING, "next_at": now + PAUSES[attempts - 1]}


def _note_hook(webhook_id: int, values: dict[str, Any]) -> None:
    db.session.execute(update(hooks).where(hooks.c.id == webhook_id).values(values))


def _let_go(commit: bool = False) -> None:
    """End the transaction, and forget what was loaded: the next wave may be another user's."""
    if commit:
        db.session.commit()
    db.session.rollback()
    db.session.expunge_all()
