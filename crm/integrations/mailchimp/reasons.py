"""Why a selected address is not sent after all: its other clients, the audience and the past. Set-based."""

from typing import Any

from sqlalchemy import func, select, update

from crm.extensions import db
from crm.integrations.mailchimp.eligible import payload_hash, wanted
from crm.models import EmailSuppression, MailchimpMember
from crm.models.mailchimp import CLEANED, OPTED_OUT

SHARED_OPT_OUT, SAME_ADDRESS, ARCHIVED_THERE, TRANSACTIONAL = (
    "shared_opt_out",
    "same_address",
    "archived_there",
    "transactional",
)
CHUNK = 500

members = MailchimpMember.__table__
suppressed = EmailSuppression.__table__


def apply_reasons() -> None:
    """Put a reason on every row of `mailchimp_wanted` that must not be sent."""
    _respect_opt_outs()
    _respect_audience()
    _respect_suppressions()
    _unite_addresses()


def count_reasons() -> dict[str, int]:
    """How many clients are left out, by reason."""
    query = (
        select(wanted.c.reason, func.count().label("number"))
        .where(wanted.c.reason.is_not(None))
        .group_by(wanted.c.reason)
    )
    found = {row.reason: row.number for row in db.session.execute(query)}
    db.session.rollback()
    return found


def _mark(reason: Any, *conditions: Any) -> None:
    db.session.execute(update(wanted).where(wanted.c.reason.is_(None), *conditions).values(reason=reason))
    db.session.commit()


def _respect_opt_outs() -> None:
    """One client's no counts for everybody with the address, even from the archive or the trash."""
    other = wanted.alias()
    _mark(SHARED_OPT_OUT, wanted.c.hash.in_(select(other.c.hash).where(other.c.consent.is_(False))))


def _respect_suppressions() -> None:
    reason = select(suppressed.c.reason).where(suppressed.c.hash == wanted.c.hash).scalar_subquery()
    _mark(reason, wanted.c.hash.in_(select(suppressed.c.hash)))


def _respect_audience() -> None:
    """Who left or was archived by others stays out; an archived member no longer shows an opt-out."""
    status = select(members.c.status).where(members.c.hash == wanted.c.hash).scalar_subquery()
    gone = select(members.c.hash).where(members.c.status.in_((OPTED_OUT, CLEANED, TRANSACTIONAL)))
    _mark(status, wanted.c.hash.in_(gone))
    archived = select(members.c.hash).where(
        members.c.status == "archived", members.c.archived_by_us_at.is_(None)
    )
    _mark(ARCHIVED_THERE, wanted.c.hash.in_(archived))


def _unite_addresses() -> None:
    """Of clients with one address the oldest is sent: blanks filled from the next, all tags together."""
    sendable = wanted.c.reason.is_(None)
    query = select(wanted.c.hash).where(sendable).group_by(wanted.c.hash).having(func.count() > 1)
    shared = db.session.scalars(query).all()
    for start in range(0, len(shared), CHUNK):
        rows = wanted.select().where(sendable, wanted.c.hash.in_(shared[start : start + CHUNK]))
        groups: dict[str, list[Any]] = {}
        for row in db.session.execute(rows.order_by(wanted.c.client_id)).all():
            groups.setdefault(row.hash, []).append(row)
        for first, *others in groups.values():
            _unite(first, others)
        db.session.commit()
    db.session.rollback()


def _unite(first: Any, others: list[Any]) -> None:
    fields, tags = dict(first.fields), set(first.tags.split("\n")) - {""}
    for other in others:
        fields = {**other.fields, **fields}
        tags |= set(other.tags.split("\n")) - {""}
    text = "\n".join(sorted(tags))
    united = {"fields": fields, "tags": text, "payload_hash": payload_hash(first.email, fields, text)}
    db.session.execute(update(wanted).where(wanted.c.id == first.id).values(united))
    ids = [other.id for other in others]
    db.session.execute(update(wanted).where(wanted.c.id.in_(ids)).values(reason=SAME_ADDRESS))
