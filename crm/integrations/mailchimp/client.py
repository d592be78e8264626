"""The part of Mailchimp's Marketing API 3.0 that the sync needs, with retries. Knows nothing of the CRM."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from crm.integrations.mailchimp.wire import MailchimpError, Wire, rows_of

PAGE = 1000
BATCH = 500
MEMBER_FIELDS = [
    "email_address",
    "status",
    "last_changed",
    "timestamp_opt",
    "timestamp_signup",
    "ip_signup",
    "unique_email_id",
    "contact_id",
    "unsubscribe_reason",
    "merge_fields",
]


def subscriber_hash(email: str) -> str:
    """Mailchimp's identity of an address: 32 lower-case hex digits."""
    return hashlib.md5(email.strip().lower().encode(), usedforsecurity=False).hexdigest()


def read_time(text: str | None) -> datetime | None:
    """A time as Mailchimp writes it, aware; None for the empty string that it sends for unset ones."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class AudienceGone(Exception):
    """There is no such audience, so that what is said of its members says nothing about them."""


class Mailchimp(Wire):
    """One audience of one account. Safe to repeat: every write is an upsert or tells that it was done before."""

    def __init__(self, base_url: str, key: str, audience: str, **options: Any):
        """options: those of the wire."""
        super().__init__(base_url, key, **options)
        self.audience = audience

    # -- audience

    def ping(self) -> None:
        self.call("GET", "/ping")

    def get_audience(self) -> dict[str, Any]:
        """Its name and numbers. Raises AudienceGone."""
        try:
            return self.call("GET", self._list(), fields="id,name,double_optin,stats.member_count")
        except MailchimpError as error:
            if error.status == 404:
                raise AudienceGone(self.audience) from error
            raise

    def audiences(self) -> list[dict[str, Any]]:
        """The audiences of the account: id, name."""
        wanted = "lists.id,lists.name,total_items"
        return rows_of(self.call("GET", "/lists", fields=wanted, count=PAGE), "lists")

    def merge_fields(self) -> list[dict[str, Any]]:
        """The merge fields of the audience: tag, name, type."""
        wanted = "merge_fields.tag,merge_fields.name,merge_fields.type,total_items"
        return rows_of(
            self.call("GET", self._list("/merge-fields"), fields=wanted, count=PAGE), "merge_fields"
        )

    def create_merge_field(self, tag: str, name: str) -> dict[str, Any]:
        """One for texts; gives what `merge_fields` would."""
        made = {"tag": tag, "name": name, "type": "text"}
        self.call("POST", self._list("/merge-fields"), {**made, "public": False})
        return made

    # -- webhooks

    def webhooks(self) -> list[dict[str, Any]]:
        """The webhooks of the audience: id, url."""
        answer = self.call("GET", self._list("/webhooks"), fields="webhooks.id,webhooks.url,total_items")
        return rows_of(answer, "webhooks")

    def create_webhook(self, url: str) -> None:
        """Have news about members told to an address, but not what came by the API: that was us."""
        events = dict.fromkeys(("subscribe", "unsubscribe", "profile", "cleaned", "upemail"), True)
        sources = {"user": True, "admin": True, "api": False}
        body = {"url": url, "events": {**events, "campaign": False}, "sources": sources}
        self.call("POST", self._list("/webhooks"), body)

    def delete_webhook(self, webhook_id: str) -> None:
        try:
            self.call("DELETE", self._list(f"/webhooks/{webhook_id}"))
        except MailchimpError as error:
            if error.status != 404:
                raise

    # -- members

    def changed_members(
        self, since: datetime | None, status: str | None = None
    ) -> Iterator[list[dict[str, Any]]]:
        """Pages of members that changed since then, oldest change first; without `since`, all of them."""
        query = {"sort_field": "last_changed", "sort_dir": "ASC", "count": PAGE, "status": status}
        query["fields"] = ",".join([*(f"members.{name}" for name in MEMBER_FIELDS), "total_items"])
        query["since_last_changed"] = since.isoformat(timespec="seconds") if since else None
        offset = 0
        while True:
            answer = self.call("GET", self._list("/members"), **query, offset=offset)
            members = rows_of(answer, "members")
            yield members
            offset += len(members)
            if not members or offset >= answer.get("total_items", 0):
                return

    def find_member(self, hash_: str) -> dict[str, Any] | None:
        """The member as the audience has it; None for one that it never knew or has forgotten for good."""
        try:
            return self._about_member("GET", hash_, fields=",".join(MEMBER_FIELDS))
        except MailchimpError as error:
            if error.status == 404:
                return None
            raise

    def post_members(self, members: list[dict[str, Any]], *, update_existing: bool) -> dict[str, Any]:
        """Up to 500 at once. Well even when some fail: read `errors`. Tags are added, never replaced."""
        if len(members) > BATCH:
            raise ValueError(f"{len(members)} members in one batch, Mailchimp takes {BATCH}")
        body = {"members": members, "update_existing": update_existing, "sync_tags": False}
        options = {"skip_merge_validation": "true", "skip_duplicate_check": "true"}
        return self.call("POST", self._list(), body, **options)

    def put_member(
        self, email: str, fields: dict[str, str], status_if_new: str, status: str | None = None
    ) -> None:
        body = {"email_address": email, "status_if_new": status_if_new, "merge_fields": fields}
        if status:
            body["status"] = status
        self._about_member("PUT", subscriber_hash(email), body, skip_merge_validation="true")

    def patch_member(self, hash_: str, **changes: Any) -> None:
        self._about_member("PATCH", hash_, changes, skip_merge_validation="true")

    def archive_member(self, hash_: str) -> None:
        """Takes the member off the audience; done before, or never there, counts as done."""
        try:
            self._about_member("DELETE", hash_)
        except MailchimpError as error:
            if error.status not in (404, 405):
                raise

    def _about_member(
        self, method: str, hash_: str, body: dict[str, Any] | None = None, **query: Any
    ) -> dict[str, Any]:
        """A call about one member. Not found is believed only where the audience itself is found after that."""
        try:
            return self.call(method, self._list(f"/members/{hash_}"), body, **query)
        except MailchimpError as error:
            if error.status == 404:
                self.get_audience()
            raise

    # -- tags: Mailchimp keeps them as static segments

    def tag_ids(self, prefix: str) -> dict[str, int]:
        """The tags that begin with `prefix` (any case), by name."""
        found: dict[str, int] = {}
        offset = 0
        while True:
            query = {"type": "static", "count": PAGE, "fields": "segments.id,segments.name,total_items"}
            answer = self.call("GET", self._list("/segments"), **query, offset=offset)
            segments = rows_of(answer, "segments")
            found |= {s["name"]: s["id"] for s in segments if s["name"].lower().startswith(prefix.lower())}
            offset += len(segments)
            if not segments or offset >= answer.get("total_items", 0):
                return found

    def untag_members(self, tag_id: int, emails: list[str]) -> None:
        self.call("POST", self._list(f"/segments/{tag_id}"), {"members_to_remove": emails})

    def _list(self, path: str = "") -> str:
        return f"/lists/{self.audience}{path}"
