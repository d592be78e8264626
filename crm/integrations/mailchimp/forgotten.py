"""Who was deleted in Mailchimp for good: sent once, and in no status any more. They must not be sent again."""

from typing import Any

from flask_babel import format_decimal
from flask_babel import gettext as _
from sqlalchemy import and_, delete, or_

from crm.extensions import db
from crm.integrations.mailchimp import removals
from crm.integrations.mailchimp.client import Mailchimp
from crm.integrations.mailchimp.suppress import suppress
from crm.models import MailchimpMember
from crm.models.mailchimp import FORGOTTEN
from crm.services.progress import Progress

members = MailchimpMember.__table__
was_sent = or_(members.c.payload_hash.is_not(None), members.c.managed)


def find_forgotten(mailchimp: Mailchimp, run: Progress) -> None:
    """After a complete reading, marked with the run's number: each one missing is asked for once more.

    Raises NeedsConfirmation where they are many.
    """
    unseen = or_(members.c.read_in_run.is_(None), members.c.read_in_run != (run.id or 0))
    missing = and_(unseen, was_sent, members.c.status.is_not(None))
    number = removals.count(missing)
    question = _("%(number)s members are gone from the audience without a trace; nothing was changed.",
                 number=format_decimal(number))  # fmt: skip
    removals.ask_if_many(run, "gone", number, removals.count(removals.is_active), question)
    for row in removals.find(missing):
        if mailchimp.find_member(row.hash) is None:  # else it slipped through while pages were turned
            _forget(run, row)
    # members that are there no longer and were never the CRM's
    strangers = delete(members).where(unseen, members.c.payload_hash.is_(None), members.c.managed.is_(False))
    db.session.execute(strangers.where(members.c.adding_since.is_(None)))
    db.session.commit()


def _forget(run: Progress, row: Any) -> None:
    run.count("forgotten")
    run.note(_("%(email)s: deleted in Mailchimp for good", email=row.email or "–"))
    if not run.options.get("dry_run"):
        suppress(row.hash, FORGOTTEN, "Mailchimp")
        db.session.execute(delete(members).where(members.c.id == row.id))
        db.session.commit()
