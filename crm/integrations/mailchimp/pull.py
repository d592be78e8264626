"""Read the audience into `mailchimp_member`. What follows from it for clients is `consequences`' work."""

from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import bindparam, delete, exists, insert, or_, select, update

from crm.extensions import db
from crm.integrations.mailchimp.client import Mailchimp, read_time, subscriber_hash
from crm.integrations.mailchimp.eligible import wanted
from crm.integrations.mailchimp.sources import Fields, readable
from crm.integrations.mailchimp.suppress import suppressions_of
from crm.models import MailchimpMember
from crm.models.mailchimp import ACTIVE, NAMELESS
from crm.services.progress import Progress

#: Read again what changed shortly before the last reading: clocks differ and changes arrive late.
OVERLAP = timedelta(minutes=15)
#: A reading that never comes to rest is given up until the next run.
MAX_ROUNDS = 4

members = MailchimpMember.__table__
NEW = {"pending": True, "managed": False, "sent_tags": "", "moved_from": None}


def read_audience(
    mailchimp: Mailchimp, run: Progress, since: datetime | None, fields: Fields, *, mark: int | None = None
) -> bool:
    """Bring `mailchimp_member` up to date with what changed since then (None: everything).

    mark: number put on every member seen, so that those not seen can be told. Gives False where the audience
    kept moving, so that some may have slipped through.
    """
    # whether archived ones come unasked is not documented
    kept_still = _read(mailchimp, run, since, fields, None, mark)
    return _read(mailchimp, run, since, fields, "archived", mark) and kept_still


def _read(
    mailchimp: Mailchimp,
    run: Progress,
    since: datetime | None,
    fields: Fields,
    status: str | None,
    mark: int | None,
) -> bool:
    """Whoever changes while pages are turned goes to the end, and somebody else slips to a page already read.

    So a reading counts only when nobody changed in it.
    """
    for _round in range(MAX_ROUNDS):
        pages, newest, began = 0, None, mailchimp.server_time
        for page in mailchimp.changed_members(since, status):
            pages += 1
            store(page, fields, mark)
            newest = max([moment for moment in (newest, *map(_changed_at, page)) if moment], default=None)
            run.count("read", len(page))
            run.progress(_("Reading the audience"), run.counters["read"])
        if pages < 2 or newest is None or began is None or newest < began:
            return True
    return False


def _changed_at(member: dict[str, Any]) -> datetime | None:
    return read_time(member.get("last_changed"))


def store(page: list[dict[str, Any]], fields: Fields, mark: int | None = None) -> None:
    """Keep a page of members. Commits."""
    read = {row["hash"]: row for member in page if (row := _row(member, fields))}
    known, moved = _known(read)
    out, nobodys = suppressions_of(list(read)), _nobodys(read)
    new, changed = [], []
    for hash_, row in read.items():
        row["read_in_run"] = mark
        old = known.get(hash_)
        if row["identity"] in moved and (old is None or old.identity is None):
            if old is not None:  # a row just begun for the address makes way for the contact's own
                db.session.execute(delete(members).where(members.c.id == old.id))
            old = moved.pop(row["identity"])
            row["moved_from"] = old.hash
        if hash_ in nobodys and "moved_from" not in row and (old is None or _is_nobodys(old)):
            row |= {"email": "", "read_fields": {}}
        if old is None:
            new.append(row | NEW)
        elif update_row := _compare(row, old, hash_ in out):
            changed.append(update_row)
    if new:
        db.session.execute(insert(members), new)
    if changed:
        values = {name: bindparam(name) for name in changed[0] if name != "row_id"}
        statement = update(members).where(members.c.id == bindparam("row_id")).values(values)
        db.session.connection().execute(statement, changed)
    db.session.commit()


def _nobodys(read: dict[str, dict[str, Any]]) -> set[str]:
    """Those who left and are no client's: by their hash they are kept out, names and addresses are for nothing."""
    left = {hash_ for hash_, row in read.items() if row["status"] not in ACTIVE}
    if not left:
        return left
    return left - set(db.session.scalars(select(wanted.c.hash).where(wanted.c.hash.in_(left))))


def _is_nobodys(old: Any) -> bool:
    """It was never sent for a client that is still there, nor do we wait to follow it to one."""
    return old.sent_for_id is None and old.moved_from is None


def forget_names() -> None:
    """Blank what is known of members who left and are no client's. Commits."""
    left = members.c.status.not_in(ACTIVE) & (members.c.email != "")
    nobodys = members.c.sent_for_id.is_(None) & members.c.moved_from.is_(None)
    spoken_for = exists().where(wanted.c.hash == members.c.hash)
    db.session.execute(update(members).where(left, nobodys, ~spoken_for).values(NAMELESS))
    db.session.commit()


def _known(read: dict[str, dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The rows of these addresses by hash, and those of the same contacts under another address by identity."""
    identities = {row["identity"] for row in read.values() if row["identity"]}
    same = or_(members.c.hash.in_(list(read)), members.c.identity.in_(identities))
    known, moved = {}, {}
    for row in db.session.execute(members.select().where(same)):
        if row.hash in read:
            known[row.hash] = row
        else:
            moved[row.identity] = row
    return known, moved


def _compare(row: dict[str, Any], old: Any, is_out: bool) -> dict[str, Any] | None:
    """The whole row as it should be from now on; None where nothing is new."""
    row["identity"] = row["identity"] or old.identity
    row["read_in_run"] = row["read_in_run"] or old.read_in_run
    row.setdefault("moved_from", old.moved_from)
    if all(getattr(old, name) == value for name, value in row.items()):
        return None
    returned = is_out and old.opted_in_at != row["opted_in_at"]
    news = old.hash != row["hash"] or old.status != row["status"] or old.fields != row["read_fields"]
    ours = old.archived_by_us_at
    if ours and (row["status"] != "archived" or _touched_since(old, row)):
        ours = None
    return {
        **row,
        "row_id": old.id,
        "pending": old.pending or news or returned,
        "managed": old.managed or bool(old.status is None and old.adding_since),
        "adding_since": None,
        "archived_by_us_at": ours,
    }


def _touched_since(old: Any, row: dict[str, Any]) -> bool:
    """Somebody else had to do with the member after the CRM archived it."""
    return row["changed_at"] is not None and row["changed_at"] > old.archived_by_us_at + timedelta(minutes=2)


def _row(member: dict[str, Any], fields: Fields) -> dict[str, Any] | None:
    email = readable(member.get("email_address") or "").strip()
    if not email:
        return None  # a contact by phone only
    return {
        "hash": subscriber_hash(email),
        "email": email[:254],
        "status": member.get("status") or "subscribed",
        "identity": _identity(member),
        "changed_at": _changed_at(member),
        "opted_in_at": _opted_in_at(member),
        "read_fields": fields.read(member.get("merge_fields") or {}),
    }


def _opted_in_at(member: dict[str, Any]) -> datetime | None:
    """When the person last said yes by themselves. Only a form notes where from: imports and other programs set the
    time of the opt-in as well, and an address of their own for it."""
    if not member.get("ip_signup"):
        return None
    told = [read_time(member.get(name)) for name in ("timestamp_signup", "timestamp_opt")]
    return max((moment for moment in told if moment), default=None)


def _identity(member: dict[str, Any]) -> str | None:
    return str(member.get("contact_id") or member.get("unique_email_id") or "")[:64] or None
