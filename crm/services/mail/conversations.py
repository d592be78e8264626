"""Mails as conversations: what belongs to one, an answer begun, and what a mail quotes of earlier ones."""

import re
from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from crm.extensions import db
from crm.models import Email
from crm.models.mail_addresses import people
from crm.models.sensitive import veil
from crm.security.masking import is_masked, shown

#: Of one conversation, so many mails are shown at most.
MOST = 200
ANSWER = re.compile(r"^(?:re|odp|aw|antw|sv)(?:\[\d+\])?:\s*", re.IGNORECASE)


def conversation(mail: Email) -> Sequence[Email]:
    """The mails of a mail's conversation that the viewer sees, oldest first, drafts last."""
    loaded = (selectinload(Email.attachments), selectinload(Email.other_client_links))
    asked = select(Email).where(Email.thread_key == mail.thread_key).options(*loaded)
    return list(db.session.scalars(asked.order_by(Email.at.is_(None), Email.at, Email.id).limit(MOST)))


def begin_answer(answer: Email, parent: Email, to_all: bool) -> None:
    """Fill in a new mail as the answer to another, as far as the viewer may see that one."""
    answer.parent, answer.direction = parent, "out"
    visible = [client for client in (parent.client, *parent.other_clients) if client is not None]
    answer.client = visible[0] if visible else None
    answer.other_clients = visible[1:]
    names = {"to": "from_address" if parent.direction == "in" else "to"} | ({"cc": "cc"} if to_all else {})
    for name, source in names.items():
        if not is_masked(parent, source):
            setattr(answer, name, getattr(parent, source))
    if parent.direction == "in" and not is_masked(parent, "to"):
        answer.from_address = parent.to if "," not in (parent.to or "") else answer.from_address
    subject = ANSWER.sub("", shown(parent, "subject") or "")
    answer.subject = f"Re: {subject}"[:500]
    quoted = "\n".join(f"> {line}".rstrip() for line in (shown(parent, "text") or "").splitlines())
    answer.text = (
        f"\n\n{_('They wrote:') if parent.direction == 'in' else _('We wrote:')}\n{quoted}" if quoted else ""
    )


def snippet_of(mail: Email) -> str:
    """The beginning of what a mail says, as far as the viewer may see it."""
    return veil(mail.snippet) if is_masked(mail, "text") else mail.snippet


def names_of(mail: Email, name: str) -> str:
    """The people in one list of a mail's addresses, as they are called, as far as the viewer may see them."""
    text = shown(mail, name) or ""
    return ", ".join(people(text)) if not is_masked(mail, name) else text


def own_and_quoted(text: str) -> tuple[str, str]:
    """(what a mail says itself, what it quotes at its end)."""
    lines = text.rstrip().splitlines()
    start = len(lines)
    while start and (not lines[start - 1].strip() or lines[start - 1].startswith(">")):
        start -= 1
    while start < len(lines) and not lines[start].strip():
        start += 1
    # the line above that says who wrote it
    if 0 < start < len(lines) and lines[start - 1].rstrip().endswith(":"):
        start -= 1
    return "\n".join(lines[:start]).rstrip(), "\n".join(lines[start:])
