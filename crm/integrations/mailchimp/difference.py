"""What a sync would change in the audience, member by member: the same questions as the real one asks.

A dry run, and one that waits for a person's word, write the answers down; the next run forgets them.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, String, delete, exists, func, insert, literal, select

from crm.extensions import db
from crm.integrations.mailchimp import push, removals
from crm.integrations.mailchimp.eligible import wanted
from crm.integrations.mailchimp.push import split_tags
from crm.integrations.mailchimp.settings import chosen_fields
from crm.integrations.mailchimp.sources import with_blanks
from crm.models import MailchimpFinding, MailchimpMember

#: Those who leave or move within the audience, and those who are sent: what happens, and to whom.
MEMBERS = {"renamed": removals.renames, "unsubscribed": removals.unsubscribes, "archived": removals.archives}
SENT = {"added": push.unknown, "restored": push.back, "updated": push.changed}
TITLES = {
    "renamed": _l("change the address"), "unsubscribed": _l("unsubscribe"), "archived": _l("archive"),
    "added": _l("add"), "restored": _l("bring back"), "updated": _l("update"),
}  # fmt: skip
#: Members who are no clients; known until the next run has looked again.
UNKNOWN = "unknown"
CHUNK = 500

members = MailchimpMember.__table__
findings = MailchimpFinding.__table__


@dataclass(frozen=True)
class Difference:
    """One member. client_id: whose data it is, None for nobody's. changes: (field, before, after); tags with + or -."""

    id: int
    email: str
    client_id: int | None
    changes: list[tuple[str, str, str]]
    tags: list[str]


def note() -> None:
    """Write down what the next sync would change, as things stand. Commits."""
    for what, condition in SENT.items():
        _note(what, select(wanted.c.id).select_from(push.joined).where(push.sendable, condition))
    for what, condition in MEMBERS.items():
        _note(what, select(members.c.id).where(condition))
    db.session.commit()


def note_unknown() -> None:
    """Write down who is in the audience and no client. Commits."""
    db.session.execute(delete(findings).where(findings.c.what == UNKNOWN))
    nobodys = ~exists().where(wanted.c.hash == members.c.hash)
    _note(UNKNOWN, select(members.c.id).where(removals.is_active, members.c.email != "", nobodys))
    db.session.commit()


def forget() -> None:
    """What a run before this one would have changed. Commits."""
    db.session.execute(delete(findings).where(findings.c.what != UNKNOWN))
    db.session.commit()


def _note(what: str, ids: Select[Any]) -> None:
    rows = ids.add_columns(literal(what, String))
    db.session.execute(insert(findings).from_select(["row_id", "what"], rows))


def count() -> Counter[str]:
    """How many members each would happen to, and how many are unknown."""
    counted = select(findings.c.what, func.count().label("number")).group_by(findings.c.what)
    return Counter({row.what: row.number for row in db.session.execute(counted)})


def find(what: str, limit: int = CHUNK, offset: int = 0, after: int = 0) -> list[Difference]:
    """Some of the members that this would happen to. after: the id of the last one that is known."""
    asked = (
        _rows(push.rows_with_members(), wanted, what) if what in SENT else _rows(_leaving(), members, what)
    )
    rows = db.session.execute(asked.where(findings.c.row_id > after).limit(limit).offset(offset)).all()
    tags = chosen_fields()
    db.session.rollback()
    return [_sent(row, tags) if what in SENT else _member(row) for row in rows]


def find_unknown(limit: int, offset: int) -> list[Any]:
    """(e-mail, fields) of some of the members who are no clients."""
    named = select(members.c.email, members.c.fields).where(members.c.email != "")
    return list(db.session.execute(_rows(named, members, UNKNOWN).limit(limit).offset(offset)))


def _rows(query: Select[Any], table: Any, what: str) -> Select[Any]:
    found = query.join(findings, findings.c.row_id == table.c.id).where(findings.c.what == what)
    return found.order_by(findings.c.row_id)


def find_all(what: str) -> Iterator[Difference]:
    """All of them, some at a time."""
    last = 0
    while rows := find(what, after=last):
        last = rows[-1].id
        yield from rows


def _leaving() -> Select[Any]:
    new = select(func.min(wanted.c.email)).where(
        wanted.c.client_id == members.c.sent_for_id, wanted.c.reason.is_(None)
    )
    named = (members.c.id, members.c.email, members.c.sent_for_id)
    return select(*named, new.scalar_subquery().label("new_email")).select_from(members)


def _member(row: Any) -> Difference:
    moved = [("EMAIL", row.email, row.new_email)] if row.new_email else []
    return Difference(row.id, row.email, row.sent_for_id, moved, [])


def _sent(row: Any, tags: Any) -> Difference:
    known, sent = row.known_fields or {}, with_blanks(row.fields, row.sent_fields, tags)
    changes = [(tag, known.get(tag, ""), text) for tag, text in sent.items() if known.get(tag, "") != text]
    before, after = set(split_tags(row.sent_tags)), set(split_tags(row.tags))
    marks = [f"+{tag}" for tag in sorted(after - before)] + [f"-{tag}" for tag in sorted(before - after)]
    return Difference(row.id, row.email, row.client_id, changes, marks)
