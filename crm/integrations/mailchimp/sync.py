"""One run of the sync, the same code for the night, "Sync now", the command line and the dry run.

The audience is read before anything is sent, so that whoever left is known. Every step commits, every call
may be repeated: a run that was cut off is finished by the next one.
"""

from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import delete, insert, update

from crm.extensions import db
from crm.integrations.mailchimp import difference, removals
from crm.integrations.mailchimp.client import Mailchimp
from crm.integrations.mailchimp.connection import connected
from crm.integrations.mailchimp.consequences import follow
from crm.integrations.mailchimp.eligible import NO_EMAIL, select_again, select_all
from crm.integrations.mailchimp.forgotten import find_forgotten
from crm.integrations.mailchimp.news import forget_hints
from crm.integrations.mailchimp.preview import preview
from crm.integrations.mailchimp.pull import OVERLAP, forget_names, read_audience
from crm.integrations.mailchimp.push import Push
from crm.integrations.mailchimp.reasons import apply_reasons, count_reasons
from crm.integrations.mailchimp.settings import chosen_fields, get_audience, get_chosen, keep_chosen
from crm.integrations.mailchimp.sources import Fields
from crm.models import MailchimpAudience, MailchimpMember
from crm.models.types import utc_now
from crm.services.progress import NeedsConfirmation, Progress

WHOLE_EVERY = timedelta(days=7)
#: How often people who turn out to be there already may send the run back to reading.
MAX_TURNS = 3

audiences = MailchimpAudience.__table__
members = MailchimpMember.__table__


def sync(run: Progress) -> None:
    """Bring audience and clients together. Options: full, dry_run, confirm (True, or `leaving`/`gone` -> how many).

    Raises CannotWork, NeedsConfirmation, Stopped.
    """
    with connected(run) as (mailchimp, fields):
        _Sync(run, mailchimp, fields).go()


class _Sync:
    def __init__(self, run: Progress, mailchimp: Mailchimp, fields: Fields):
        self.run, self.mailchimp, self.fields = run, mailchimp, fields
        self.dry_run = bool(run.options.get("dry_run"))
        #: By our clock, and by the service's.
        self.started: datetime = utc_now()
        self.began = self.started
        self.audience: Any = None

    def go(self) -> None:
        self.run.progress(_("Asking Mailchimp"))
        self._prepare()
        whole = self._reads_whole()
        self.run.counters |= {"mode": "full" if whole else "delta", "read": 0}
        self.run.progress(_("Selecting clients"))
        difference.forget()
        without_email = select_all(self.fields)
        self._read(whole)
        self._select()
        self.run.counters["skipped"] = {NO_EMAIL: without_email, **count_reasons()}
        difference.note_unknown()
        if self.dry_run:
            preview(self.run)
            return
        self._ask_if_many_leave()
        self._send()
        removals.remove_members(self.mailchimp, self.run)
        forget_names()
        self._note_members()
        self.run.progress(_("Done"), 1, 1)

    def _prepare(self) -> None:
        """The account answers, the audience is there, and so is our row about it."""
        self.mailchimp.ping()
        found = self.mailchimp.get_audience()
        self.began = self.mailchimp.server_time or utc_now()
        name = self.mailchimp.audience
        self.audience = db.session.execute(
            audiences.select().where(audiences.c.audience == name)
        ).one_or_none()
        if self.audience is None:
            # what is known of another audience says nothing about this one; opt-outs stay
            db.session.execute(delete(audiences))
            db.session.execute(delete(members))
            db.session.execute(delete(difference.findings))
            db.session.execute(insert(audiences).values(audience=name, member_count=0, double_optin=False))
            self.audience = db.session.execute(audiences.select()).one()
        stats = found.get("stats") or {}
        values = {
            "double_optin": bool(found.get("double_optin")),
            "member_count": stats.get("member_count") or 0,
        }
        db.session.execute(update(audiences).where(audiences.c.audience == name).values(values))
        db.session.commit()
        self.double_optin = values["double_optin"]

    def _reads_whole(self) -> bool:
        last = self.audience.read_whole_at
        return bool(self.run.options.get("full")) or last is None or last < utc_now() - WHOLE_EVERY

    def _read(self, whole: bool) -> None:
        if whole:
            self._make_merge_fields()
            complete = read_audience(self.mailchimp, self.run, None, self.fields, mark=self.run.id)
            if complete:
                find_forgotten(self.mailchimp, self.run)
        else:
            complete = read_audience(
                self.mailchimp, self.run, self.audience.read_until - OVERLAP, self.fields
            )
        if complete:
            # a dry run has not prepared the merge fields, nor has one that others were chosen in the middle of:
            # the next run begins from the start again
            read: dict[str, Any] = {"read_until": self.began}
            if whole and not self.dry_run and chosen_fields() == self.fields.chosen:
                read["read_whole_at"] = utc_now()
            db.session.execute(update(audiences).values(read))
            db.session.commit()
            if not self.dry_run:
                forget_hints(self.started)

    def _make_merge_fields(self) -> None:
        """Those that something is to be sent in and that the audience lacks."""
        if self.dry_run:
            return
        found = self.mailchimp.merge_fields()
        there = {field["tag"] for field in found}
        for tag, source in self.fields.sources.items():
            if tag not in there and source is not None:
                found.append(self.mailchimp.create_merge_field(tag, str(source.label)[:50]))
        is_chosen = get_audience(current_app.config) == self.mailchimp.audience
        if is_chosen and found != get_chosen().get("merge_fields"):
            keep_chosen(merge_fields=found)  # the settings page shows them
        db.session.commit()

    def _select(self) -> None:
        if changed := follow(self.run, self.fields, self.dry_run):
            select_again(changed, self.fields)
        apply_reasons()

    def _ask_if_many_leave(self) -> None:
        try:
            removals.check_amount(self.run)
        except NeedsConfirmation:
            difference.note()  # so that it can be seen who they are
            raise

    def _send(self) -> None:
        removals.rename_members(self.mailchimp, self.run)
        for _turn in range(MAX_TURNS):
            push = Push(
                self.mailchimp, self.run, self.fields, "pending" if self.double_optin else "subscribed"
            )
            push.send()
            if not push.found_existing:
                return
            read_audience(self.mailchimp, self.run, self.began - OVERLAP, self.fields)
            self._select()

    def _note_members(self) -> None:
        """How many the audience has: it told before anything was sent."""
        db.session.execute(update(audiences).values(member_count=removals.count(removals.is_active)))
        db.session.commit()
