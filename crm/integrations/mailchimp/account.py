"""Setting Mailchimp up from a page: the key tried, what the account offers, the audience, the merge fields.

Each call is one try of a few seconds, for somebody waits. Nothing of a database transaction is open meanwhile.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import update

from crm.extensions import db
from crm.integrations.calls import CallLog
from crm.integrations.mailchimp.client import Mailchimp
from crm.integrations.mailchimp.settings import (
    KEY,
    NotConfigured,
    Settings,
    address,
    chosen_fields,
    connect,
    get_audience,
    get_chosen,
    get_key,
    keep_chosen,
)
from crm.integrations.mailchimp.sources import TAKES, Source, sources
from crm.integrations.mailchimp.wire import MailchimpError, MailchimpUnreachable
from crm.models import MailchimpAudience
from crm.services.secret_settings import forget_secret, keep_secret

TAG = re.compile(r"[A-Z][A-Z0-9_]{0,9}")
#: Seconds to connect and to answer one call, and for all calls of a question.
PATIENCE, LONGEST = (3, 6), 10


class Refused(Exception):
    """It cannot be set up so. The message says why, `field` where."""

    def __init__(self, message: str, field: str = ""):
        super().__init__(message)
        self.field = field


def set_key(key: str) -> None:
    """Try a key and keep it, with what its account offers. Raises Refused. Commits."""
    offered = ask(key, "", _offer)
    keep_secret(KEY, key)
    _keep_offer(offered)


def remove_key() -> None:
    """Forget the account; its audience stays as it is, and what is known of it too. Commits."""
    forget_secret(KEY)
    db.session.commit()


def ask_again() -> None:
    """Read anew what the account offers. Raises Refused. Commits."""
    config = current_app.config
    _keep_offer(ask(get_key(config) or "", get_audience(config) or "", _offer))


def choose_audience(audience: str) -> None:
    """Sync with one of the account's audiences from now on. Raises Refused. Commits."""
    if audience not in [one["id"] for one in get_chosen().get("audiences", [])]:
        raise Refused(_("Choose one of the audiences."), "audience")
    fields = ask(get_key(current_app.config) or "", audience, lambda mailchimp: mailchimp.merge_fields())
    keep_chosen(audience=audience, merge_fields=fields)
    db.session.commit()


def choose_fields(chosen: Mapping[str, str], more: tuple[str, str] = ("", "")) -> None:
    """Say which merge field gets what: tag -> source, blank for none. Raises Refused. Commits.

    more: tag and source of a merge field that the audience does not have yet; the next sync makes it.
    """
    known = {source.name: source for source in sources()}
    there = {field["tag"]: field.get("type") or "text" for field in merge_fields()}
    fields: dict[str, str] = {}
    for tag, name in chosen.items():
        if name:
            if tag not in there or not takes(there[tag], known.get(name)):
                raise Refused(_("%(tag)s cannot be filled with this.", tag=tag[:20]), f"field.{tag}"[:40])
            fields[tag] = name
    tag, name = more[0].strip().upper(), more[1]
    if tag or name:
        fields[_new_tag(tag, there)] = name
        if name not in known:
            raise Refused(_("Choose what the new merge field gets."), "new_source")
    keep_chosen(fields=fields)
    # the whole audience is read before anything is sent in other fields, so that what stands there is known
    db.session.execute(update(MailchimpAudience).values(read_whole_at=None))
    db.session.commit()


def _new_tag(tag: str, there: Mapping[str, str]) -> str:
    if not TAG.fullmatch(tag):
        raise Refused(_("Up to ten of A-Z, 0-9 and _, beginning with a letter."), "new_tag")
    if tag in there:
        raise Refused(_("The audience has this merge field already."), "new_tag")
    return tag


def merge_fields() -> list[dict[str, Any]]:
    """The merge fields that can be chosen for: the audience's, and those that the next sync makes."""
    chosen = get_chosen()
    found = list(chosen.get("merge_fields") or [])
    tags = {field["tag"] for field in found}
    new = [tag for tag in chosen_fields() if tag not in tags]
    return [*found, *({"tag": tag, "name": "", "type": "text", "is_new": True} for tag in new)]


def takes(kind: str, source: Source | None) -> bool:
    """Whether a merge field of this type can show a source."""
    return source is not None and source.kind in TAKES.get(kind, ())


def _offer(mailchimp: Mailchimp) -> dict[str, Any]:
    """The audiences, and the merge fields of the one in use, or of the only one."""
    mailchimp.ping()
    audiences = [{"id": one["id"], "name": one.get("name", "")} for one in mailchimp.audiences()]
    ids = [one["id"] for one in audiences]
    current = get_audience(current_app.config)
    db.session.rollback()
    found: dict[str, Any] = {"audiences": audiences}
    if current in ids or len(ids) == 1:
        mailchimp.audience = current if current in ids else ids[0]
        found |= {"audience": mailchimp.audience, "merge_fields": mailchimp.merge_fields()}
    else:
        found |= {"audience": None, "merge_fields": []}
    return found


def _keep_offer(offered: dict[str, Any]) -> None:
    keep_chosen(**offered)
    db.session.commit()


def ask(key: str, audience: str, question: Callable[[Mailchimp], Any]) -> Any:
    """Put a question to an account, with a person waiting for the answer. Raises Refused."""
    calls, config = CallLog("mailchimp"), current_app.config
    try:
        found = Settings(address(config, key), key, audience, {})
    except NotConfigured as error:
        raise Refused(str(error), "key") from error
    mailchimp = connect(found, config, calls.add, timeout=PATIENCE, tries=1, seconds=LONGEST)
    db.session.rollback()
    try:
        return question(mailchimp)
    except MailchimpError as error:
        refused = _("Mailchimp refuses the key.") if error.is_about_access else str(error)
        raise Refused(refused, "key") from error
    except MailchimpUnreachable as error:
        raise Refused(_("Mailchimp does not answer: %(error)s", error=error), "key") from error
    finally:
        calls.write()
