"""The webhook's address: a secret of its own stands in it, since Mailchimp signs nothing."""

import hmac
import secrets
from collections.abc import Callable

from flask import current_app
from flask_babel import gettext as _

from crm.extensions import db
from crm.integrations.mailchimp.account import Refused, ask
from crm.integrations.mailchimp.client import Mailchimp
from crm.integrations.mailchimp.news import forget_hints
from crm.integrations.mailchimp.settings import HOOK, get_audience, get_key
from crm.services.secret_settings import forget_secret, get_secret, keep_secret

PATH = "/mailchimp/hook/"


def is_on() -> bool:
    """Whether news are awaited."""
    return get_secret(HOOK) is not None


def fits(secret: str) -> bool:
    """Whether an address that was called is the one of the webhook."""
    kept = get_secret(HOOK)
    return kept is not None and hmac.compare_digest(kept.encode(), secret.encode())


def turn_on() -> None:
    """Have Mailchimp tell news, at an address that is new each time. Raises Refused. Commits."""
    secret = secrets.token_urlsafe(32)
    keep_secret(HOOK, secret)
    db.session.commit()  # Mailchimp looks at the address before it keeps it

    def register(mailchimp: Mailchimp) -> None:
        _delete_ours(mailchimp)
        mailchimp.create_webhook(_begins() + secret)

    try:
        _ask(register)
    except Refused:
        forget_secret(HOOK)
        db.session.commit()
        raise


def turn_off() -> bool:
    """Await no news any more; gives whether Mailchimp could be told. Commits."""
    was_on = is_on()
    forget_secret(HOOK)
    forget_hints()
    if not was_on:
        return True
    try:
        _ask(_delete_ours)
    except Refused:
        return False
    return True


def _ask(question: Callable[[Mailchimp], None]) -> None:
    config = current_app.config
    key, audience = get_key(config), get_audience(config)
    if not key or not audience:
        raise Refused(_("Choose an audience first."), "hook")
    try:
        ask(key, audience, question)
    except Refused as refused:
        raise Refused(str(refused), "hook") from refused


def _delete_ours(mailchimp: Mailchimp) -> None:
    for webhook in mailchimp.webhooks():
        if str(webhook.get("url", "")).startswith(_begins()):
            mailchimp.delete_webhook(webhook["id"])


def _begins() -> str:
    return str(current_app.config["CRM_URL"]).rstrip("/") + PATH
