"""Who leaves the audience, and who moves within it. Counted before the first call; many need a yes."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask_babel import format_decimal
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update

from crm.extensions import db
from crm.integrations.mailchimp.client import Mailchimp
from crm.integrations.mailchimp.eligible import wanted
from crm.integrations.mailchimp.suppress import suppress, suppressed
from crm.integrations.mailchimp.wire import MailchimpError
from crm.models import Client, MailchimpMember
from crm.models.mailchimp import ACTIVE, CRM_OPTOUT
from crm.models.types import utc_now
from crm.services.progress import NeedsConfirmation, Progress

FREE, SHARE = 20, 0.05
CHUNK = 200

members = MailchimpMember.__table__
_other = wanted.alias()
_here = _other.c.hash == members.c.hash
is_active = members.c.status.in_(ACTIVE)
says_no = exists().where(_here, _other.c.consent.is_(False))
says_yes = exists().where(_here, _other.c.consent.is_(True), _other.c.in_use)
opted_out_before = exists().where(suppressed.c.hash == members.c.hash)
#: The one client that it was sent for is to be sent under another address, unknown there.
_target = members.alias()
moves = exists().where(
    wanted.c.client_id == members.c.sent_for_id,
    wanted.c.reason.is_(None),
    wanted.c.hash != members.c.hash,
    ~exists().where(_target.c.hash == wanted.c.hash, _target.c.status.is_not(None)),
)

opted_out_there = exists().where(suppressed.c.hash == members.c.hash, suppressed.c.reason != CRM_OPTOUT)
opted_out_here = exists().where(suppressed.c.hash == members.c.hash, suppressed.c.reason == CRM_OPTOUT)
#: The client that it was sent for, or whatever that was merged into, says no, and has another address by now; nor did
#: the person say yes by themselves since.
_sender, _heir = Client.__table__.alias(), Client.__table__.alias()
_sender_left = exists().where(
    _sender.c.id == members.c.sent_for_id,
    _heir.c.id == func.coalesce(_sender.c.merged_into_id, _sender.c.id),
    _heir.c.consent.is_(False),
    or_(
        members.c.opted_in_at.is_(None),
        _heir.c.consent_at.is_(None),
        members.c.opted_in_at <= _heir.c.consent_at,
    ),
)
#: Consent was withdrawn here: they are unsubscribed there, whoever had added them.
unsubscribes = and_(
    is_active,
    ~opted_out_there,
    or_(says_no, and_(~says_yes, or_(opted_out_here, and_(_sender_left, members.c.managed.is_(False))))),
)
#: Another client, who was not asked, has the address of one that is not in use any more.
_speaker = wanted.alias()
used_by_another = and_(
    exists().where(_here, _other.c.in_use),
    ~exists().where(_speaker.c.client_id == members.c.sent_for_id, _speaker.c.in_use),
)
#: Nobody in use has the address with consent: archived, if the CRM had added it.
leaves = and_(is_active, members.c.managed, ~says_no, ~says_yes, ~used_by_another, ~opted_out_before)
archives = and_(leaves, ~moves)
renames = and_(leaves, moves)


def check_amount(run: Progress) -> None:
    """Raises NeedsConfirmation when more would leave than max(20, 5 %) of the audience."""
    leaving = count(unsubscribes) + count(archives)
    audience = count(is_active)
    clients = db.session.scalar(select(func.count()).select_from(Client.__table__))
    db.session.rollback()
    question = _("%(leaving)s of %(audience)s members would leave the audience; nothing was changed.",
                 leaving=format_decimal(leaving), audience=format_decimal(audience))  # fmt: skip
    ask_if_many(run, "leaving", leaving, audience if clients else 0, question)
    if leaving and not clients and not run.options.get("confirm"):
        raise NeedsConfirmation(question)


def ask_if_many(run: Progress, what: str, number: int, audience: int, question: str) -> None:
    """Raises NeedsConfirmation for more than max(20, 5 %), unless a person agreed to so many of this kind.

    what: `leaving` or `gone`; the counter of this name tells what was asked.
    """
    run.counters[what] = number
    agreed = run.options.get("confirm")
    if agreed is True or (isinstance(agreed, dict) and number <= agreed.get(what, 0)):
        return
    if number > max(FREE, SHARE * audience):
        raise NeedsConfirmation(question)


def rename_members(mailchimp: Mailchimp, run: Progress) -> None:
    """Clients with a new address keep their member, with its history."""
    for row in find(renames):
        new = db.session.execute(
            wanted.select().where(wanted.c.client_id == row.sent_for_id, wanted.c.reason.is_(None))
        ).one_or_none()
        db.session.rollback()
        if new is None:
            continue
        try:
            mailchimp.patch_member(row.hash, email_address=new.email)
        except MailchimpError as error:
            if error.is_about_access:
                raise
            run.note(
                f"{row.email}: {error}"
            )  # the new address is there already: it is sent, the old one leaves
        else:
            # a row that an interrupted run began for the new address makes way
            db.session.execute(members.delete().where(members.c.hash == new.hash, members.c.status.is_(None)))
            moved = {"hash": new.hash, "email": new.email, "payload_hash": None}
            db.session.execute(update(members).where(members.c.id == row.id).values(moved))
            run.count("renamed")
        run.progress(_("Sending to Mailchimp"))


def remove_members(mailchimp: Mailchimp, run: Progress) -> None:
    """Unsubscribe who withdrew, archive who is nobody's client any more."""
    total, done = count(unsubscribes) + count(archives), 0
    for row in find(unsubscribes):
        _unsubscribe(mailchimp, run, row)
        done += 1
        run.progress(_("Taking members off"), done, total)
    for row in find(archives):
        # kept before the call: after a crash we know that it was us
        _change(row, archived_by_us_at=_there(mailchimp), payload_hash=None)
        mailchimp.archive_member(row.hash)
        _change(row, archived_by_us_at=_there(mailchimp), status="archived")
        run.count("archived")
        done += 1
        run.progress(_("Taking members off"), done, total)


def _unsubscribe(mailchimp: Mailchimp, run: Progress, row: Any) -> None:
    suppress(row.hash, CRM_OPTOUT, "CRM", _there(mailchimp))
    db.session.commit()
    try:
        mailchimp.patch_member(row.hash, status="unsubscribed")
    except MailchimpError as error:
        if error.is_about_access:
            raise
        if error.status != 404:  # not there any more is as good as unsubscribed
            run.count("errors")
            run.note(f"{row.email}: {error}")
            return
    _change(row, status="unsubscribed")
    run.count("unsubscribed")


def _change(row: Any, **values: Any) -> None:
    db.session.execute(update(members).where(members.c.id == row.id).values(values))
    db.session.commit()


def _there(mailchimp: Mailchimp) -> datetime:
    """The service's own time, which its later news are compared with."""
    return mailchimp.server_time or utc_now()


def find(condition: ColumnElement[bool]) -> Iterator[Any]:
    """The members that this is true of, looked up some at a time, with no transaction open meanwhile."""
    last = 0
    asked = members.select().where(condition).order_by(members.c.id).limit(CHUNK)
    while rows := list(db.session.execute(asked.where(members.c.id > last))):
        db.session.rollback()
        last = rows[-1].id
        yield from rows


def count(condition: ColumnElement[bool]) -> int:
    found = db.session.scalar(select(func.count()).select_from(members).where(condition))
    db.session.rollback()
    return found
