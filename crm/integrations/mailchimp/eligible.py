"""Who should be in the audience, with what data: one row of `mailchimp_wanted` for each client's address."""

import json
import re
from collections.abc import Collection, Iterable
from hashlib import md5
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select

from crm.extensions import db
from crm.integrations.mailchimp import sources
from crm.integrations.mailchimp.client import subscriber_hash
from crm.integrations.mailchimp.sources import Fields
from crm.models import Client, ClientTag, MailchimpWanted, Tag

CHUNK = 2000
#: Tags that begin so are the CRM's; all others belong to the marketers and are never touched.
TAG_PREFIX = "crm:"
ADDRESS = re.compile(r"[!-?A-~]{1,64}@(?:[a-z0-9-]{1,63}\.)+[a-z][a-z0-9-]{0,62}", re.IGNORECASE | re.ASCII)

NO_EMAIL, INVALID_EMAIL, NO_CONSENT, OPTED_OUT = "no_email", "invalid_email", "no_consent", "opted_out"
ARCHIVED, TRASHED = "archived", "trashed"

wanted = MailchimpWanted.__table__
COLUMNS = (
    Client.id, Client.email, Client.kind, Client.name, Client.consent, Client.archived_at, Client.deleted_at,
    *sources.COLUMNS,
)  # fmt: skip


def select_all(fields: Fields) -> int:
    """Derive the rows of all clients anew; gives the number of clients in use that have no e-mail.

    Merged clients have no rows: their target speaks for them. Those in the trash and the archive have, with
    the reason, since their opt-outs count and their members leave.
    """
    db.session.execute(delete(wanted))
    db.session.commit()
    last = 0
    while rows := _read(Client.id > last):
        last = rows[-1].id
        _write(rows, fields)
    without = select(func.count(Client.id)).where(_no_email(), Client.archived_at.is_(None))
    count = db.session.scalar(without.where(Client.deleted_at.is_(None), Client.merged_into_id.is_(None)))
    db.session.rollback()
    return count


def select_again(client_ids: Collection[int], fields: Fields) -> None:
    """Derive the rows of these clients anew."""
    ids = sorted(client_ids)
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        db.session.execute(delete(wanted).where(wanted.c.client_id.in_(part)))
        _write(_read(Client.id.in_(part)), fields)


def payload_hash(email: str, fields: dict[str, str], tags: str) -> str:
    """Changes when anything that is sent changes."""
    text = json.dumps([email, fields, tags], sort_keys=True)
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def _no_email() -> ColumnElement[bool]:
    return Client.email.is_(None) | (Client.email == "")


def _read(condition: ColumnElement[bool]) -> list[Any]:
    query = select(*COLUMNS).where(condition, ~_no_email(), Client.merged_into_id.is_(None))
    return list(db.session.execute(query.order_by(Client.id).limit(CHUNK)))


def _write(clients: list[Any], fields: Fields) -> None:
    ids = [client.id for client in clients]
    tags, words = _tags(ids), fields.words(ids)
    rows = [_row(client, fields.of(client, words), tags.get(client.id, [])) for client in clients]
    if rows:
        db.session.execute(insert(wanted), rows)
    db.session.commit()


def _tags(client_ids: list[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    links, tag = ClientTag.__table__, Tag.__table__
    query = select(links.c.client_id, tag.c.name).join(tag, tag.c.id == links.c.tag_id)
    for client_id, name in db.session.execute(query.where(links.c.client_id.in_(client_ids))):
        found.setdefault(client_id, []).append(name)
    return found


def _row(client: Any, fields: dict[str, str], tag_names: Iterable[str]) -> dict[str, Any]:
    email = client.email.strip()
    tags = "\n".join(sorted({TAG_PREFIX + name.strip() for name in tag_names}))
    return {
        "client_id": client.id,
        "hash": subscriber_hash(email),
        "email": email,
        "consent": client.consent,
        "in_use": client.archived_at is None and client.deleted_at is None,
        "fields": fields,
        "tags": tags,
        "payload_hash": payload_hash(email, fields, tags),
        "reason": _reason(client, email),
    }


def _reason(client: Any, email: str) -> str | None:
    if client.deleted_at:
        return TRASHED
    if client.archived_at:
        return ARCHIVED
    if not ADDRESS.fullmatch(email):
        return INVALID_EMAIL
    if client.consent is None:
        return NO_CONSENT
    return None if client.consent else OPTED_OUT
