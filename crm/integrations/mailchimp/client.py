"""The part of Mailchimp's Marketing API 3.0 that the sync needs, with retries. Knows nothing of the CRM."""

import hashlib
import logging
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter

log = logging.getLogger(__name__)

PAGE = 1000
BATCH = 500
MEMBER_FIELDS = [
    "email_address",
    "status",
    "last_changed",
    "timestamp_opt",
    "timestamp_signup",
    "ip_opt",
    "ip_signup",
    "unique_email_id",
    "contact_id",
    "unsubscribe_reason",
    "merge_fields",
]


class MailchimpError(Exception):
    """Mailchimp said no, in JSON. `title` and `detail` are its own words."""

    def __init__(self, status: int, title: str = "", detail: str = "", instance: str = ""):
        super().__init__(f"{status} {title}: {detail}".strip(" :"))
        self.status, self.title, self.detail, self.instance = status, title, detail, instance

    @property
    def is_about_access(self) -> bool:
        """The key, the account or the audience is wrong: no other call would fare better."""
        return self.status in (401, 403)


class MailchimpUnreachable(Exception):
    """No usable answer after all tries: throttled, down, cut off, or not Mailchimp at all."""


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


class Mailchimp:
    """One audience of one account. Safe to repeat: every write is an upsert or tells that it was done before.

    `sleep` takes seconds; `on_call(method, path, status, seconds, error)` is told of every try;
    `patience`: how many seconds one client object may spend on failed tries and waiting.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        audience: str,
        *,
        timeout: tuple[float, float] = (5, 130),
        tries: int = 5,
        patience: float = 600,
        sleep: Callable[[float], None] = time.sleep,
        on_call: Callable[[str, str, int | None, float, str], None] | None = None,
    ):
        self.base_url, self.audience = base_url.rstrip("/"), audience
        self._timeout, self._tries, self._patience, self._sleep = timeout, tries, patience, sleep
        self._on_call = on_call or (lambda *call: None)
        self._session = requests.Session()
        self._session.auth = ("crm", key)
        self._session.trust_env = (
            False  # a .netrc must not replace the key, a proxy must be asked for explicitly
        )
        self._session.mount("https://", HTTPAdapter(pool_maxsize=4))
        self.server_time: datetime | None = None

    # -- audience

    def ping(self) -> None:
        self._call("GET", "/ping")

    def get_audience(self) -> dict[str, Any]:
        return self._call("GET", self._list(), fields="id,name,double_optin,stats.member_count")

    def audiences(self) -> list[dict[str, Any]]:
        """The audiences of the account: id, name, stats.member_count."""
        wanted = "lists.id,lists.name,lists.stats.member_count,total_items"
        return self._call("GET", "/lists", fields=wanted, count=PAGE).get("lists", [])

    def merge_fields(self) -> list[dict[str, Any]]:
        """The merge fields of the audience: tag, name, type."""
        wanted = "merge_fields.tag,merge_fields.name,merge_fields.type,total_items"
        return self._call("GET", self._list("/merge-fields"), fields=wanted, count=PAGE).get(
            "merge_fields", []
        )

    def create_merge_field(self, tag: str, name: str) -> None:
        self._call(
            "POST", self._list("/merge-fields"), {"tag": tag, "name": name, "type": "text", "public": False}
        )

    # -- webhooks

    def webhooks(self) -> list[dict[str, Any]]:
        """The webhooks of the audience: id, url."""
        answer = self._call("GET", self._list("/webhooks"), fields="webhooks.id,webhooks.url,total_items")
        return answer.get("webhooks", [])

    def create_webhook(self, url: str) -> None:
        """Have news about members told to an address, but not what came by the API: that was us."""
        events = dict.fromkeys(("subscribe", "unsubscribe", "profile", "cleaned", "upemail"), True)
        sources = {"user": True, "admin": True, "api": False}
        body = {"url": url, "events": {**events, "campaign": False}, "sources": sources}
        self._call("POST", self._list("/webhooks"), body)

    def delete_webhook(self, webhook_id: str) -> None:
        try:
            self._call("DELETE", self._list(f"/webhooks/{webhook_id}"))
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
            answer = self._call("GET", self._list("/members"), **query, offset=offset)
            members = answer.get("members", [])
            yield members
            offset += len(members)
            if not members or offset >= answer.get("total_items", 0):
                return

    def find_member(self, email: str) -> dict[str, Any] | None:
        """The member as the audience has it; None for one that it never knew or has forgotten for good."""
        try:
            return self._call("GET", self._member(email), fields=",".join(MEMBER_FIELDS))
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
        return self._call("POST", self._list(), body, **options)

    def put_member(
        self, email: str, fields: dict[str, str], status_if_new: str, status: str | None = None
    ) -> None:
        body = {"email_address": email, "status_if_new": status_if_new, "merge_fields": fields}
        if status:
            body["status"] = status
        self._call("PUT", self._member(email), body, skip_merge_validation="true")

    def patch_member(self, email: str, **changes: Any) -> None:
        self._call("PATCH", self._member(email), changes, skip_merge_validation="true")

    def archive_member(self, email: str) -> None:
        """Takes the member off the audience; done before, or never there, counts as done."""
        try:
            self._call("DELETE", self._member(email))
        except MailchimpError as error:
            if error.status not in (404, 405):
                raise

    # -- tags: Mailchimp keeps them as static segments

    def tag_ids(self, prefix: str) -> dict[str, int]:
        """The tags that begin with `prefix` (any case), by name."""
        found: dict[str, int] = {}
        offset = 0
        while True:
            query = {"type": "static", "count": PAGE, "fields": "segments.id,segments.name,total_items"}
            answer = self._call("GET", self._list("/segments"), **query, offset=offset)
            segments = answer.get("segments", [])
            found |= {s["name"]: s["id"] for s in segments if s["name"].lower().startswith(prefix.lower())}
            offset += len(segments)
            if not segments or offset >= answer.get("total_items", 0):
                return found

    def untag_members(self, tag_id: int, emails: list[str]) -> None:
        self._call("POST", self._list(f"/segments/{tag_id}"), {"members_to_remove": emails})

    # -- the wire

    def _list(self, path: str = "") -> str:
        return f"/lists/{self.audience}{path}"

    def _member(self, email: str) -> str:
        return self._list(f"/members/{subscriber_hash(email)}")

    def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, **query: Any
    ) -> dict[str, Any]:
        query = {name: value for name, value in query.items() if value is not None}
        for attempt in range(self._tries):
            started, status, problem = time.monotonic(), None, ""
            try:
                response = self._session.request(
                    method,
                    self.base_url + path,
                    params=query,
                    json=body,
                    timeout=self._timeout,
                    allow_redirects=False,
                )
                status = response.status_code
                self._read_clock(response)
                return self._read(response)
            except MailchimpError as error:
                problem = str(error)
                raise
            except (
                requests.ConnectionError,
                requests.Timeout,
                requests.exceptions.ChunkedEncodingError,
            ) as error:
                problem = type(error).__name__
            except _TryAgain as error:
                problem = str(error)
            finally:
                seconds = time.monotonic() - started
                self._on_call(method, path, status, seconds, problem)
            self._patience -= seconds
            if attempt + 1 < self._tries:
                self._wait(2**attempt + random.random(), problem)
        raise MailchimpUnreachable(f"{method} {path}: {problem}, {self._tries} tries")

    def _read(self, response: requests.Response) -> dict[str, Any]:
        status = response.status_code
        try:
            answer = response.json() if response.content else None
        except ValueError:
            answer = None
        if status == 429 or status >= 500:
            raise _TryAgain(f"answer {status}")
        if status == 204:
            return {}
        if not isinstance(
            answer, dict
        ):  # a bare 403 is how Mailchimp throttles under load; HTML is not Mailchimp
            raise _TryAgain(f"answer {status} without JSON")
        if status >= 300:
            fields = "; ".join(
                f"{e.get('field', '')} {e.get('message', '')}" for e in answer.get("errors") or []
            )
            detail = " ".join(part for part in (str(answer.get("detail", "")), fields) if part)
            error = MailchimpError(
                status, str(answer.get("title", "")), detail, str(answer.get("instance", ""))
            )
            log.warning("Mailchimp refused %s (instance %s)", error, error.instance)
            raise error
        return answer

    def _wait(self, seconds: float, problem: str) -> None:
        self._patience -= seconds
        if self._patience < 0:
            raise MailchimpUnreachable(f"{problem}; waited as long as one run may")
        self._sleep(seconds)

    def _read_clock(self, response: requests.Response) -> None:
        try:
            self.server_time = parsedate_to_datetime(response.headers["Date"])
        except (KeyError, ValueError):
            pass


class _TryAgain(Exception):
    """A refusal that means "later", not "no"."""
