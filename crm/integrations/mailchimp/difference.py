"""What a sync would change in the audience, member by member: the same questions as the real one asks.

It tells of the tables as the last run, or dry run, left them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, select

from crm.extensions import db
from crm.integrations.mailchimp import push, removals
from crm.integrations.mailchimp.eligible import wanted
from crm.integrations.mailchimp.push import split_tags
from crm.integrations.mailchimp.settings import chosen_fields
from crm.integrations.mailchimp.sources import with_blanks
from crm.models import MailchimpMember

#: Those who leave or move within the audience, and those who are sent: what happens, and to whom.
MEMBERS = {"renamed": removals.renames, "unsubscribed": removals.unsubscribes, "archived": removals.archives}
SENT = {"added": push.unknown, "restored": push.back, "updated": push.changed}
TITLES = {
    "renamed": _l("change the address"), "unsubscribed": _l("unsubscribe"), "archived": _l("archive"),
    "added": _l("add"), "restored": _l("bring back"), "updated": _l("update"),
}  # fmt: skip
CHUNK = 500

members = MailchimpMember.__table__


@dataclass(frozen=True)
class Difference:
    """One member. client_id: whose data it is, None for nobody's. changes: (field, before, after); tags with + or -."""

    id: int
    email: str
    client_id: int | None
    changes: list[tuple[str, str, str]]
    tags: list[str]


def count(what: str) -> int:
    """How many members this would happen to."""
    return removals.count(MEMBERS[what]) if what in MEMBERS else push.count(SENT[what])


def find(what: str, limit: int = CHUNK, offset: int = 0, after: int = 0) -> list[Difference]:
    """Some of the members that this would happen to. after: the id of the last one that is known."""
    table = wanted if what in SENT else members
    query = (push.select_rows(SENT[what]) if what in SENT else _leaving(what)).where(table.c.id > after)
    rows = db.session.execute(query.limit(limit).offset(offset)).all()
    tags = chosen_fields()
    db.session.rollback()
    return [_sent(row, tags) if what in SENT else _member(row) for row in rows]


def find_all(what: str) -> Iterator[Difference]:
    """All of them, some at a time."""
    last = 0
    while rows := find(what, after=last):
        last = rows[-1].id
        yield from rows


def _leaving(what: str) -> Select[Any]:
    new = select(func.min(wanted.c.email)).where(
        wanted.c.client_id == members.c.sent_for_id, wanted.c.reason.is_(None)
    )
    query = select(
        members.c.id, members.c.email, members.c.sent_for_id, new.scalar_subquery().label("new_email")
    )
    return query.where(MEMBERS[what]).order_by(members.c.id)


def _member(row: Any) -> Difference:
    moved = [("EMAIL", row.email, row.new_email)] if row.new_email else []
    return Difference(row.id, row.email, row.sent_for_id, moved, [])


def _sent(row: Any, tags: Any) -> Difference:
    known, sent = row.known_fields or {}, with_blanks(row.fields, row.sent_fields, tags)
    changes = [(tag, known.get(tag, ""), text) for tag, text in sent.items() if known.get(tag, "") != text]
    before, after = set(split_tags(row.sent_tags)), set(split_tags(row.tags))
    marks = [f"+{tag}" for tag in sorted(after - before)] + [f"-{tag}" for tag in sorted(before - after)]
    return Difference(row.id, row.email, row.client_id, changes, marks)
