"""Webhooks as people set them up: made with a secret that is shown once, switched on and off, tried, asked again."""

from collections.abc import Iterable

from flask import current_app
from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from sqlalchemy import func, select, update

from crm.errors import RuleError
from crm.extensions import db
from crm.integrations.outbound import Refused, check_url
from crm.integrations.webhooks.payload import ping_payload
from crm.integrations.webhooks.sending import Sent, outcome, post, secret_key
from crm.integrations.webhooks.signing import new_secret
from crm.integrations.webhooks.words import in_words
from crm.models import Webhook, WebhookDelivery
from crm.models.types import utc_now
from crm.models.webhook import ACTIONS, BY_HAND, FAILED, PING, SENT, WAITING
from crm.registry import RecordType
from crm.security.viewer import viewer_of
from crm.services.history import audit
from crm.services.modules import records_on
from crm.services.outbox import JOB
from crm.services.secret_settings import forget_secret, get_secret, keep_secret
from crm.services.waking import wake_after

deliveries = WebhookDelivery.__table__


def offered() -> list[RecordType]:
    """The types of record that can be told of: the same as the API has."""
    return [record for record in records_on() if record.actions & {"list", "show"}]


def event_names() -> list[str]:
    """Every event there is: `client.create` and the like."""
    return [f"{record.key}.{action}" for record in offered() for action in ACTIONS]


def check_address(url: str) -> None:
    """Raises RuleError for an address that is never called, as far as its text tells."""
    try:
        check_url(url, bool(current_app.config["CRM_WEBHOOKS_ALLOW_PRIVATE"]))
    except Refused as error:
        raise RuleError(
            _("This address cannot be used: %(why)s.", why=in_words(str(error))), field="url"
        ) from None


def check_eyes(user: User | None, setter: User) -> None:
    """Raises RuleError where whoever sets a webhook up would see more through another user than by themselves."""
    if user is None:
        raise RuleError(_("Please fill this in."), field="user")
    if not user.is_active:
        raise RuleError(_("This user may not sign in."), field="user")
    if user.id == setter.id:
        return
    rights = current_app.appbuilder.sm.permissions_of
    if not viewer_of(setter.id).is_admin or not rights(user.id) <= rights(setter.id):
        raise RuleError(_("This user may see more than you do."), field="user")


def add(hook: Webhook) -> str:
    """Add a webhook; gives its secret. The caller commits."""
    db.session.add(hook)
    db.session.flush()
    audit.note_in_session("webhook.insert", name=hook.name, url=hook.url, events=hook.events)
    return renew_secret(hook)


def changed(hook: Webhook) -> None:
    """Write down what a webhook was changed to. The caller commits."""
    audit.note_in_session("webhook.update", name=hook.name, url=hook.url, events=hook.events)


def renew_secret(hook: Webhook) -> str:
    """A new secret in the place of the last one. The caller commits."""
    secret = new_secret()
    keep_secret(secret_key(hook.id), secret)
    return secret


def remove(hook: Webhook) -> None:
    """Take a webhook away, with its deliveries and its secret. The caller commits."""
    audit.note_in_session("webhook.delete", name=hook.name, url=hook.url)
    forget_secret(secret_key(hook.id))
    db.session.delete(hook)


def switch(hook: Webhook, on: bool) -> None:
    """Switch a webhook on, as if it had never failed, or off. The caller commits."""
    hook.active, hook.off_because = on, "" if on else BY_HAND
    hook.failing_since = hook.retry_at = None
    if on:
        db.session.execute(
            update(deliveries).where(deliveries.c.webhook_id == hook.id, deliveries.c.state == WAITING)
            .values(next_at=None)
        )  # fmt: skip
        wake_after(db.session(), JOB)


def send_again(delivery: WebhookDelivery) -> None:
    """Let a delivery be sent once more, from the first attempt. The caller commits."""
    delivery.state, delivery.attempts, delivery.next_at = WAITING, 0, None
    wake_after(db.session(), JOB)


def send_test(hook: Webhook) -> WebhookDelivery:
    """Send a word that means nothing, at once, and keep what came of it. Commits, since it may take seconds."""
    delivery = WebhookDelivery(webhook_id=hook.id, action=PING, state=FAILED)
    db.session.add(delivery)
    db.session.flush()
    url, secret, number = hook.url, get_secret(secret_key(hook.id)), delivery.id
    body = ping_payload(delivery)
    db.session.commit()
    if secret is None:
        sent = Sent(None, 0, "", "the secret cannot be read")
    else:
        sent = post(url, secret, number, body, bool(current_app.config["CRM_WEBHOOKS_ALLOW_PRIVATE"]))
    values = {**outcome(sent, 1, utc_now()), "state": SENT if sent.is_heard else FAILED, "next_at": None}
    db.session.execute(update(deliveries).where(deliveries.c.id == number).values(values))
    db.session.commit()
    return db.session.get_one(WebhookDelivery, number)


def switched_off_by_themselves() -> list[Webhook]:
    """The webhooks that are off though nobody wanted it."""
    off = select(Webhook).where(~Webhook.active, Webhook.off_because.not_in(("", BY_HAND)))
    return list(db.session.scalars(off.order_by(Webhook.id)))


def counts(ids: Iterable[int], state: str) -> dict[int, int]:
    """Webhook -> how many of its deliveries are in this state."""
    asked = select(deliveries.c.webhook_id, func.count()).where(
        deliveries.c.webhook_id.in_(list(ids)), deliveries.c.state == state
    )
    return dict(db.session.execute(asked.group_by(deliveries.c.webhook_id)).all())
