"""News that Mailchimp tells by itself. It signs nothing, so that an event is a hint: the member is read again.

What a webhook says is kept as an address; a run soon after asks for the member and draws the consequences. A sync
that reads the audience makes older hints needless.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import delete, func, select, tuple_

from crm.database import insert_or_replace
from crm.extensions import db
from crm.integrations.mailchimp.client import Mailchimp, subscriber_hash
from crm.integrations.mailchimp.connection import connected
from crm.integrations.mailchimp.consequences import follow
from crm.integrations.mailchimp.eligible import select_again
from crm.integrations.mailchimp.pull import store
from crm.integrations.mailchimp.reasons import apply_reasons
from crm.integrations.mailchimp.settings import get_audience
from crm.integrations.mailchimp.sources import Fields
from crm.models import Client, MailchimpAudience, MailchimpNews
from crm.models.types import utc_now
from crm.services.progress import Progress

#: Named after the sync's kind: the two never run at the same time.
KIND = "mailchimp.news"
CHUNK = 100
LONGEST = 254

hints = MailchimpNews.__table__


def keep_hints(emails: Iterable[str]) -> int:
    """Remember addresses that something happened to; gives how many. The caller commits."""
    wanted = {subscriber_hash(email): email.strip() for email in emails if "@" in email[1:LONGEST]}
    for hash_, email in wanted.items():
        row = {"hash": hash_, "email": email[:LONGEST], "at": utc_now()}
        db.session.execute(insert_or_replace(db.session.connection(), hints, **row))
    return len(wanted)


def forget_hints(before: datetime | None = None) -> None:
    """Drop hints from before a moment; all without one. Commits."""
    older = delete(hints) if before is None else delete(hints).where(hints.c.at < before)
    db.session.execute(older)
    db.session.commit()


def is_any_waiting() -> bool:
    """Whether there is a hint that nobody has followed."""
    return db.session.scalar(select(hints.c.hash).limit(1)) is not None


def follow_news(run: Progress) -> None:
    """Read again whom the hints are about, and draw the consequences. Raises CannotWork, Stopped."""
    run.counters["read"] = 0
    known = db.session.scalar(select(MailchimpAudience.audience))
    if known is None or known != get_audience(current_app.config):
        forget_hints()  # the first sync with an audience reads all of it
        return
    with connected(run) as (mailchimp, fields):
        while is_any_waiting():  # some may come while conclusions are drawn
            while rows := _waiting():
                _read(mailchimp, fields, rows)
                run.count("read", len(rows))
                run.progress(_("Reading the audience"), run.counters["read"])
            if changed := follow(run, fields, dry_run=False):
                select_again(changed, fields)
        apply_reasons()


def _waiting() -> list[Any]:
    found = list(db.session.execute(hints.select().order_by(hints.c.at).limit(CHUNK)))
    db.session.rollback()
    return found


def _read(mailchimp: Mailchimp, fields: Fields, rows: list[Any]) -> None:
    found = [member for row in rows if (member := mailchimp.find_member(row.hash)) is not None]
    emails = {str(member.get("email_address", "")).strip().lower() for member in found}
    own = select(Client.id).where(
        func.lower(func.trim(Client.email)).in_(emails | {r.email.lower() for r in rows})
    )
    select_again(db.session.scalars(own).all(), fields)
    store(found, fields)
    # one that was told of again meanwhile is read again
    done = [(row.hash, row.at) for row in rows]
    db.session.execute(delete(hints).where(tuple_(hints.c.hash, hints.c.at).in_(done)))
    db.session.commit()
