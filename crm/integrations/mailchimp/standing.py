"""How one client stands in the audience."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from crm.extensions import db
from crm.integrations.mailchimp.client import subscriber_hash
from crm.models import Client, EmailSuppression, MailchimpMember


@dataclass(frozen=True)
class Standing:
    """status: of the member, None for none. kept_out: why the address is never sent, since when."""

    status: str | None
    sent_at: datetime | None
    kept_out: str | None
    since: datetime | None


def standing_of(client: Client) -> Standing | None:
    """None where Mailchimp has never had to do with the client's address."""
    if not client.email:
        return None
    hash_ = subscriber_hash(client.email)
    member, out = MailchimpMember.__table__, EmailSuppression.__table__
    known = db.session.execute(
        select(member.c.status, member.c.sent_at).where(member.c.hash == hash_)
    ).one_or_none()
    kept = db.session.execute(select(out.c.reason, out.c.since).where(out.c.hash == hash_)).one_or_none()
    if known is None and kept is None:
        return None
    return Standing(*(known or (None, None)), *(kept or (None, None)))
