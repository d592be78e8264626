"""Send what differs: new addresses, changed data, tags. Only after the audience was read."""

from collections.abc import Iterator
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, and_, bindparam, func, insert, or_, select, update

from crm.extensions import db
from crm.integrations.mailchimp.client import BATCH, Mailchimp, subscriber_hash
from crm.integrations.mailchimp.eligible import TAG_PREFIX, wanted
from crm.integrations.mailchimp.refusals import EXISTS, meaning, note_refusal
from crm.integrations.mailchimp.sources import Fields, with_blanks
from crm.integrations.mailchimp.wire import MailchimpError
from crm.models import Client, MailchimpMember
from crm.models.mailchimp import ACTIVE
from crm.models.types import utc_now
from crm.services.progress import Progress

#: Up to so many changed members are sent one by one, which says exactly what is meant; more go in batches.
FEW = 5

members = MailchimpMember.__table__
client = Client.__table__
sendable = wanted.c.reason.is_(None)
joined = wanted.outerjoin(members, members.c.hash == wanted.c.hash)
unknown = or_(members.c.id.is_(None), members.c.status.is_(None))
changed = and_(members.c.status.in_(ACTIVE), members.c.payload_hash.is_distinct_from(wanted.c.payload_hash))
#: Archived by the CRM itself, untouched since, and wanted again.
back = and_(members.c.status == "archived", members.c.archived_by_us_at.is_not(None))
stale_tags = and_(members.c.status.in_(ACTIVE), members.c.sent_tags != wanted.c.tags)


class Push:
    """One run's sending. `new_status`: what unknown people become, pending with double opt-in."""

    def __init__(self, mailchimp: Mailchimp, run: Progress, fields: Fields, new_status: str):
        self.mailchimp, self.run, self.new_status = mailchimp, run, new_status
        self.tags = fields.tags
        self.found_existing = False
        self.sent = 0
        self.total = sum(count(condition) for condition in (unknown, back, changed))

    def send(self) -> None:
        """Everything that differs. `found_existing` tells that the audience knew more than was read."""
        for rows in batches(unknown):
            self._add(rows)
        for rows in batches(back):
            self._update(rows, self.new_status, "restored")
        one_by_one = count(changed) <= FEW and not count(and_(changed, stale_tags))
        for rows in batches(changed):
            if one_by_one:
                self._put(rows)
            else:
                self._update(rows, None, "updated")
        self._remove_tags()

    def _add(self, rows: list[Any]) -> None:
        """Unknown people. The intention is kept first, so that after a crash we know who was added by us."""
        hashes = [row.hash for row in rows]
        begun = set(db.session.scalars(select(members.c.hash).where(members.c.hash.in_(hashes))))
        fresh = [_beginning(row) for row in rows if row.hash not in begun]
        if fresh:
            db.session.execute(insert(members), fresh)
        again = update(members).where(members.c.hash.in_(begun), members.c.adding_since.is_(None))
        db.session.execute(again.values(adding_since=utc_now()))
        db.session.commit()
        items = [_item(row, row.fields) | {"status": self.new_status} for row in rows]
        answer = self.mailchimp.post_members(items, update_existing=False)
        self._keep(rows, answer, "added", managed=True)

    def _update(self, rows: list[Any], status: str | None, counter: str) -> None:
        items = [_item(row, self._with_blanks(row)) | ({"status": status} if status else {}) for row in rows]
        answer = self.mailchimp.post_members(items, update_existing=True)
        if unexplained := self._keep(rows, answer, counter, again=status is None):
            self._put([row for row in rows if row.hash in unexplained])

    def _put(self, rows: list[Any]) -> None:
        for row in rows:
            try:
                self.mailchimp.put_member(row.email, self._with_blanks(row), self.new_status)
            except MailchimpError as error:
                if error.is_about_access:
                    raise
                note_refusal(self.run, row.hash, row.email, str(error))
            else:
                _note_sent([_as_sent(row, with_tags=False)])
                self.run.count("updated")
            db.session.commit()
        self._tell(len(rows))

    def _keep(
        self,
        rows: list[Any],
        answer: dict[str, Any],
        counter: str,
        managed: bool = False,
        again: bool = False,
    ) -> set[str]:
        """Note how each member of a batch fared. Commits.

        again: those refused for no known reason are not noted, but given, to be sent once more.
        """
        errors = {subscriber_hash(e.get("email_address") or ""): e for e in answer.get("errors") or []}
        accepted = {
            subscriber_hash(member["email_address"]): member.get("status")
            for name in ("new_members", "updated_members")
            for member in answer.get(name) or []
        }
        sent, unexplained = [], set()
        for row in rows:
            if row.hash in accepted:
                status = row.known_status if counter == "updated" else accepted[row.hash] or self.new_status
                sent.append(_as_sent(row) | {"status": status, "managed": managed or row.managed})
            elif errors.get(row.hash, {}).get("error_code") == EXISTS:
                self.found_existing = True
            else:
                text = errors.get(row.hash, {}).get("error") or "no answer"
                if again and not meaning(text):
                    unexplained.add(row.hash)
                else:
                    note_refusal(self.run, row.hash, row.email, text)
        _note_sent(sent)
        db.session.commit()
        self.run.count(counter, len(sent))
        self._tell(len(rows) - len(unexplained))
        return unexplained

    def _remove_tags(self) -> None:
        """Tags taken off a client leave its member: the CRM's own ones, many members at a time."""
        taken: dict[str, list[Any]] = {}
        ids: dict[str, int] | None = None
        for rows in batches(stale_tags):
            for row in rows:
                for tag in set(split_tags(row.sent_tags)) - set(split_tags(row.tags)):
                    taken.setdefault(tag, []).append(row)
            if taken and ids is None:
                ids = self.mailchimp.tag_ids(TAG_PREFIX)
            for tag, tagged in taken.items():
                if number := (ids or {}).get(tag):
                    self.mailchimp.untag_members(number, [row.email for row in tagged])
                    self.run.count("untagged", len(tagged))
            _note_sent([{"hash_sent": row.hash, "sent_tags": _kept_tags(row)} for row in rows])
            db.session.commit()
            taken.clear()

    def _with_blanks(self, row: Any) -> dict[str, str]:
        return with_blanks(row.fields, row.sent_fields, self.tags)

    def _tell(self, number: int) -> None:
        self.sent += number
        self.run.progress(_("Sending to Mailchimp"), self.sent, max(self.total, self.sent))


def batches(condition: ColumnElement[bool]) -> Iterator[list[Any]]:
    """The rows that differ in this way, 500 at a time, each looked up just before it is sent."""
    last = 0
    while rows := list(db.session.execute(select_rows(condition).where(wanted.c.id > last).limit(BATCH))):
        last = rows[-1].id
        agreed = _still_agreed(rows)
        db.session.rollback()
        if agreed:
            yield agreed


def count(condition: ColumnElement[bool]) -> int:
    """How many rows differ in this way."""
    found = db.session.scalar(select(func.count()).select_from(joined).where(sendable, condition))
    db.session.rollback()
    return found


def select_rows(condition: ColumnElement[bool]) -> Select[Any]:
    """The rows that differ in this way, beside what is known of their members."""
    return rows_with_members().where(sendable, condition).order_by(wanted.c.id)


def rows_with_members() -> Select[Any]:
    """What is to be sent, beside what is known of the members."""
    known = [members.c[name] for name in ("sent_fields", "sent_tags", "managed")]
    known += [members.c.fields.label("known_fields"), members.c.status.label("known_status")]
    return select(wanted, *known).select_from(joined)


def _still_agreed(rows: list[Any]) -> list[Any]:
    """A run takes minutes: who withdrew meanwhile is not sent, nor to an address that is not theirs any more."""
    live = (client.c.archived_at.is_(None), client.c.deleted_at.is_(None), client.c.merged_into_id.is_(None))
    yes = select(client.c.id, client.c.email).where(
        client.c.id.in_([row.client_id for row in rows]), client.c.consent.is_(True), *live
    )
    no = (
        select(wanted.c.hash)
        .join(client, client.c.id == wanted.c.client_id)
        .where(wanted.c.hash.in_([row.hash for row in rows]), client.c.consent.is_(False))
    )
    addresses = {found.id: subscriber_hash(found.email or "") for found in db.session.execute(yes)}
    refused = set(db.session.scalars(no))
    return [row for row in rows if addresses.get(row.client_id) == row.hash and row.hash not in refused]


def _beginning(row: Any) -> dict[str, Any]:
    empty = {"status": None, "pending": False, "managed": False, "sent_tags": ""}
    return {"hash": row.hash, "email": row.email, "adding_since": utc_now(), **empty}


def _item(row: Any, fields: dict[str, str]) -> dict[str, Any]:
    item: dict[str, Any] = {"email_address": row.email, "merge_fields": fields}
    if tags := split_tags(row.tags):
        item["tags"] = tags
    return item


def _as_sent(row: Any, with_tags: bool = True) -> dict[str, Any]:
    """What is known of a member once its data has been taken."""
    kept = {k: v for k, v in (row.known_fields or {}).items() if k not in (row.sent_fields or {})}
    tags = set(split_tags(row.sent_tags)) | (set(split_tags(row.tags)) if with_tags else set())
    return {
        "hash_sent": row.hash,
        "email": row.email,
        "client_id": row.client_id,
        "sent_for_id": row.client_id,
        "payload_hash": row.payload_hash,
        "sent_fields": row.fields,
        "fields": {**kept, **row.fields},
        "sent_tags": "\n".join(sorted(tags)),
        "sent_at": utc_now(),
        "last_error": None,
        "adding_since": None,
        "status": row.known_status,
        "managed": row.managed,
        "archived_by_us_at": None,
    }


def _kept_tags(row: Any) -> str:
    return "\n".join(sorted(set(split_tags(row.sent_tags)) & set(split_tags(row.tags))))


def _note_sent(rows: list[dict[str, Any]]) -> None:
    """Many members in one statement."""
    if rows:
        values = {name: bindparam(name) for name in rows[0] if name != "hash_sent"}
        statement = update(members).where(members.c.hash == bindparam("hash_sent")).values(values)
        db.session.connection().execute(statement, rows)


def split_tags(tags: str | None) -> list[str]:
    """The tags of a text with one in each line."""
    return [tag for tag in (tags or "").split("\n") if tag]
