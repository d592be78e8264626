"""Mailchimp's refusals of single members, told apart by its words, since it has no codes for them."""

from flask_babel import gettext as _
from sqlalchemy import update

from crm.extensions import db
from crm.integrations.mailchimp.suppress import suppress
from crm.models import MailchimpMember
from crm.models.mailchimp import FORGOTTEN, INVALID, OPTED_OUT
from crm.services.progress import Progress

EXISTS = "ERROR_CONTACT_EXISTS"
#: Part of the text -> why the address is not sent any more.
MEANINGS = {
    "compliance state": OPTED_OUT,
    "permanently deleted": FORGOTTEN,
    "forgotten email": FORGOTTEN,
    "fake or invalid": INVALID,
    "valid email address": INVALID,
}

members = MailchimpMember.__table__


def meaning(text: str) -> str | None:
    """Why an address that this was said about is never sent again; None where it may be."""
    return next((reason for part, reason in MEANINGS.items() if part in text.lower()), None)


def note_refusal(run: Progress, hash_: str, email: str, text: str) -> None:
    """Keep what Mailchimp said about an address."""
    if reason := meaning(text):
        suppress(hash_, reason, "Mailchimp")
    db.session.execute(update(members).where(members.c.hash == hash_).values(last_error=text[:300]))
    run.count("refused")
    run.note(_("%(email)s: Mailchimp refuses it (%(text)s)", email=email, text=text))
