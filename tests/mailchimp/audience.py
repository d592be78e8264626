"""What Mailchimp knows and does, without the wire: one audience and its rules about who may be subscribed."""

import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

LEFT = ("unsubscribed", "cleaned")
ACTIVE = ("subscribed", "pending")
STATUSES = ("subscribed", "unsubscribed", "cleaned", "pending", "transactional")
COMPLIANCE = (
    "{} is in a compliance state due to unsubscribe, bounce, or compliance review and cannot be subscribed."
)
FORGOTTEN = (
    "{} was permanently deleted and cannot be re-imported. "
    "The contact must re-subscribe to get back on the list."
)


class Problem(Exception):
    """An answer in application/problem+json."""

    def __init__(self, status: int, title: str, detail: str):
        super().__init__(title)
        self.status, self.title, self.detail = status, title, detail


def digest(email: str) -> str:
    return hashlib.md5(email.strip().lower().encode()).hexdigest()


@dataclass
class Member:
    email: str
    status: str
    number: int
    merge_fields: dict[str, Any] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)
    last_changed: datetime = datetime.min
    opted_in: datetime | None = None
    signed_up: datetime | None = None
    ip_signup: str = ""
    own_choice: bool = False  # left by themselves or bounced: only they can come back
    before_archive: str = ""
    source: str = "API - Generic"

    def as_json(self, list_id: str, empty_times: bool) -> dict[str, Any]:
        """The member as an answer shows it. The real service sends "" for a time that is not set."""
        answer = {
            "id": digest(self.email),
            "email_address": self.email,
            "unique_email_id": f"u{self.number:08x}",
            "contact_id": f"c{self.number:08x}",
            "web_id": self.number,
            "full_name": f"{self.merge_fields.get('FNAME', '')} {self.merge_fields.get('LNAME', '')}".strip(),
            "status": self.status,
            "merge_fields": self.merge_fields,
            "tags": [{"id": i, "name": name} for i, name in enumerate(sorted(self.tags))],
            "tags_count": len(self.tags),
            "last_changed": self.last_changed.isoformat(),
            "ip_signup": self.ip_signup,
            "ip_opt": "198.51.100.7",
            "source": self.source,
            "list_id": list_id,
            "_links": [],
        }
        for name, moment in (("timestamp_opt", self.opted_in), ("timestamp_signup", self.signed_up)):
            if moment or empty_times:
                answer[name] = moment.isoformat() if moment else ""
        return answer


class Audience:
    """One list. `resubscribed` collects whoever the API brought back after leaving."""

    def __init__(self, list_id: str = "aud1", now: Callable[[], datetime] | None = None):
        self.list_id = list_id
        self.members: dict[str, Member] = {}
        self.forgotten: set[str] = set()
        self.merge_fields = {"FNAME": "text", "LNAME": "text", "PHONE": "phone", "ADDRESS": "address"}
        self.segments: dict[int, str] = {}
        self.webhooks: dict[str, str] = {}
        self.resubscribed: list[str] = []
        self.empty_times = True
        self.lists_archived = False
        self.ahead = timedelta(0)
        self._now = now or (lambda: datetime.now(UTC))
        self._numbers = itertools.count(1)

    def now(self) -> datetime:
        return (self._now() + self.ahead).replace(microsecond=0)

    # -- what people and marketers do

    def sign_up(self, email: str, **fields: str) -> Member:
        """The person fills Mailchimp's own form: always allowed, also after leaving or being forgotten."""
        self.forgotten.discard(digest(email))
        member = self.members.get(digest(email)) or self._new(email, "subscribed")
        member.status, member.own_choice, member.ip_signup = "subscribed", False, "203.0.113.9"
        member.opted_in = member.signed_up = self.now()
        member.merge_fields |= fields
        self._touch(member)
        return member

    def leave(self, email: str, status: str = "unsubscribed", *, own_choice: bool = True) -> None:
        member = self.members[digest(email)]
        member.status, member.own_choice = status, own_choice
        self._touch(member)

    def change(self, email: str, **fields: str) -> None:
        member = self.members[digest(email)]
        member.merge_fields |= fields
        self._touch(member)

    def forget(self, email: str) -> None:
        self.members.pop(digest(email), None)
        self.forgotten.add(digest(email))

    # -- what the API does

    def find(self, hash_: str) -> Member:
        if hash_ not in self.members:
            raise Problem(404, "Resource Not Found", "The requested resource could not be found.")
        return self.members[hash_]

    def select(self, status: str | None, since: datetime | None) -> list[Member]:
        found = [
            m
            for m in self.members.values()
            if self._listed(m, status) and (not since or m.last_changed > since)
        ]
        return sorted(found, key=lambda m: (m.last_changed, m.number))

    def create(self, email: str, body: dict[str, Any]) -> Member:
        """POST and the batch for an unknown address."""
        self._check(email, body)
        if digest(email) in self.forgotten:
            raise Problem(400, "Forgotten Email Not Subscribed", FORGOTTEN.format(email))
        if not body.get("status"):
            raise Problem(400, "Invalid Resource", "The status of a new member must be given.")
        member = self._new(email, body["status"])
        member.opted_in = self.now() if body["status"] == "subscribed" else None
        return self._write(member, body)

    def update(self, member: Member, body: dict[str, Any]) -> Member:
        """Any write to a known address: the service lets only those stay out who left by their own choice."""
        self._check(member.email, body)
        status = body.get("status")
        if (
            status in ACTIVE
            and member.own_choice
            and (member.status in LEFT or member.before_archive in LEFT)
        ):
            raise Problem(400, "Member In Compliance State", COMPLIANCE.format(member.email))
        if status and status != member.status:
            if status in ACTIVE and (member.status in LEFT or member.before_archive in LEFT):
                self.resubscribed.append(member.email)
            member.status, member.before_archive = status, ""
            member.own_choice = False
        return self._write(member, body)

    def rename(self, member: Member, email: str) -> None:
        self._check(email, {})
        if digest(email) == digest(member.email):
            return
        if digest(email) in self.members:
            raise Problem(
                400, "Member Exists", f"{email} is already a list member. Use PUT to insert or update."
            )
        if digest(email) in self.forgotten:
            raise Problem(400, "Forgotten Email Not Subscribed", FORGOTTEN.format(email))
        del self.members[digest(member.email)]
        member.email = email
        self.members[digest(email)] = member

    def archive(self, hash_: str) -> None:
        member = self.find(hash_)
        if member.status == "archived":
            raise Problem(
                405, "Method Not Allowed", "This list member cannot be removed. Please contact support."
            )
        member.before_archive, member.status = member.status, "archived"
        self._touch(member)

    def segment(self, number: int) -> str:
        if number not in self.segments:
            raise Problem(404, "Resource Not Found", "The requested resource could not be found.")
        return self.segments[number]

    def _listed(self, member: Member, status: str | None) -> bool:
        if status:
            return member.status == status
        return self.lists_archived or member.status != "archived"

    def _new(self, email: str, status: str) -> Member:
        member = Member(email, status, next(self._numbers))
        self.members[digest(email)] = member
        return member

    def _write(self, member: Member, body: dict[str, Any]) -> Member:
        known = {k: v for k, v in (body.get("merge_fields") or {}).items() if k in self.merge_fields}
        tags = set(body.get("tags") or [])
        if known or tags - member.tags or "status" in body or member.last_changed == datetime.min:
            self._touch(member)
        member.merge_fields |= known
        member.tags |= tags
        for name in tags - set(self.segments.values()):
            self.segments[1000 + len(self.segments)] = name
        return member

    def _check(self, email: str, body: dict[str, Any]) -> None:
        if "@" not in email or "fake" in email:
            raise Problem(
                400, "Invalid Resource", f"{email} looks fake or invalid, please enter a real email address."
            )
        if body.get("status") and body["status"] not in STATUSES:
            raise Problem(400, "Invalid Resource", "The resource submitted could not be validated.")
        for tag, value in (body.get("merge_fields") or {}).items():
            if not isinstance(value, str | int | float | dict):
                raise Problem(
                    400,
                    "Invalid Resource",
                    f"{tag}: Data did not match any of the schemas described in anyOf.",
                )
            if len(str(value).encode()) > 255:
                raise Problem(
                    400, "Invalid Resource", f"{tag}: This value should be no more than 255 characters."
                )

    def _touch(self, member: Member) -> None:
        member.last_changed = self.now()
