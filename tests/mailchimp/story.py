"""A night in which everything happens at once, and the state it has to end in, whatever goes wrong on the way."""

import json
from typing import Any

from sqlalchemy import insert, select

from crm.extensions import db
from crm.models import ClientTag, EmailSuppression, MailchimpMember, Tag
from crm.models.types import utc_now
from crm.security.visibility import as_system
from tests.mailchimp.conftest import Office, clients

KNOWN, NEW = 200, 600


def prepare(office: Office) -> None:
    """Clients that were synced, and then a day full of changes on both sides."""
    ids = office.add_many({"name": f"p{i}", "email": f"p{i}@x.pl"} for i in range(KNOWN))
    _tag(ids[:30], "VIP")
    office.server.audience.sign_up("stranger@x.pl")
    office.sync()
    audience, now = office.server.audience, utc_now()
    links = ClientTag.__table__
    db.session.execute(links.delete().where(links.c.client_id.in_(ids[:10])))
    office.set(*ids[10:20], archived_at=now)
    office.set(*ids[20:25], consent=False)
    for number in ids[30:90]:
        office.set(number, last_name=f"Nowy {number}")
    for number in ids[90:93]:
        office.set(number, email=f"moved{number}@x.pl")
    for number in range(100, 110):
        audience.leave(f"p{number}@x.pl")
    for number in range(110, 115):
        audience.leave(f"p{number}@x.pl", "cleaned")
    audience.change("p120@x.pl", LNAME="Filled")
    audience.change("p121@x.pl", FNAME="Other")
    office.add_many({"name": f"n{i}", "email": f"n{i}@x.pl"} for i in range(NEW))


def _tag(client_ids: list[int], name: str) -> None:
    with as_system():
        tag = Tag(name=name)
        db.session.add(tag)
        db.session.commit()
        tag_id = tag.id
        db.session.remove()
    db.session.execute(insert(ClientTag.__table__), [{"client_id": i, "tag_id": tag_id} for i in client_ids])
    db.session.commit()


def outcome(office: Office) -> dict[str, Any]:
    """Everything that a sync is answerable for, without the times."""
    member, out = MailchimpMember.__table__, EmailSuppression.__table__
    columns = [
        member.c[name] for name in ("hash", "status", "managed", "payload_hash", "sent_tags", "fields")
    ]
    state = {
        "there": sorted((m.email, m.status, str(sorted(m.merge_fields.items())), str(sorted(m.tags)))
                        for m in office.server.audience.members.values()),
        "members": sorted(json.dumps([*row], sort_keys=True) for row in db.session.execute(
            select(*columns, member.c.archived_by_us_at.is_not(None), member.c.adding_since.is_(None)))),
        "out": sorted(map(str, db.session.execute(select(out.c.hash, out.c.reason)))),
        "clients": [tuple(row) for row in db.session.execute(
            select(clients.c.id, clients.c.email, clients.c.consent, clients.c.last_name, clients.c.version)
            .order_by(clients.c.id))],
    }  # fmt: skip
    db.session.rollback()
    return state
