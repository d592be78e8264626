"""One HTTP session with Mailchimp: every call with a time-out, tried again where that may help, and told of."""

import logging
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter

log = logging.getLogger(__name__)


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


class Wire:
    """Calls of one account.

    `sleep` takes seconds; `on_call(method, path, status, seconds, error)` is told of every try; `patience`: how many
    seconds one object may spend on failed tries and waiting; `seconds`: on everything, for one that a person waits
    for.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        timeout: tuple[float, float] = (5, 130),
        tries: int = 5,
        patience: float = 600,
        seconds: float | None = None,
        sleep: Callable[[float], None] = time.sleep,
        on_call: Callable[[str, str, int | None, float, str], None] | None = None,
    ):
        self.base_url = base_url.rstrip("/")
        self._timeout, self._tries, self._patience, self._sleep = timeout, tries, patience, sleep
        self._ends = None if seconds is None else time.monotonic() + seconds
        self._on_call = on_call or (lambda *call: None)
        self._session = requests.Session()
        self._session.auth = ("crm", key)
        # a .netrc must not replace the key, a proxy must be asked for explicitly
        self._session.trust_env = False
        self._session.mount("https://", HTTPAdapter(pool_maxsize=4))
        self.server_time: datetime | None = None

    def call(
        self, method: str, path: str, body: dict[str, Any] | None = None, **query: Any
    ) -> dict[str, Any]:
        """What it answers; nothing where it has nothing to say. Raises MailchimpError, MailchimpUnreachable."""
        query = {name: value for name, value in query.items() if value is not None}
        for attempt in range(self._tries):
            started, status, problem = time.monotonic(), None, ""
            try:
                response = self._session.request(
                    method,
                    self.base_url + path,
                    params=query,
                    json=body,
                    timeout=self._time_left(),
                    allow_redirects=False,
                )
                status = response.status_code
                self._read_clock(response)
                return self._read(response)
            except MailchimpError as error:
                problem = str(error)
                raise
            except requests.RequestException as error:
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
        except (ValueError, RecursionError):
            answer = None
        if status == 429 or status >= 500:
            raise _TryAgain(f"answer {status}")
        if status == 204:
            return {}
        # a bare 403 is how Mailchimp throttles under load; HTML is not Mailchimp
        if not isinstance(answer, dict):
            raise _TryAgain(f"answer {status} without JSON")
        if status >= 300:
            errors = answer.get("errors")
            fields = "; ".join(
                f"{e.get('field', '')} {e.get('message', '')}"
                for e in (errors if isinstance(errors, list) else ())
                if isinstance(e, dict)
            )
            detail = " ".join(part for part in (str(answer.get("detail", "")), fields) if part)
            error = MailchimpError(
                status, str(answer.get("title", "")), detail, str(answer.get("instance", ""))
            )
            log.warning("Mailchimp refused %s (instance %s)", error, error.instance)
            raise error
        return answer

    def _time_left(self) -> tuple[float, float]:
        """How long the next call may take to connect and to answer."""
        if self._ends is None:
            return self._timeout
        left = self._ends - time.monotonic()
        if left <= 0:
            raise _TryAgain("took too long")
        connect, answer = self._timeout
        return min(connect, left), min(answer, left)

    def _wait(self, seconds: float, problem: str) -> None:
        self._patience -= seconds
        if self._patience < 0:
            raise MailchimpUnreachable(f"{problem}; waited as long as one run may")
        self._sleep(seconds)

    def _read_clock(self, response: requests.Response) -> None:
        try:
            moment = parsedate_to_datetime(response.headers["Date"])
        except (KeyError, ValueError):
            return
        self.server_time = moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def rows_of(answer: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects in an answer. Raises MailchimpUnreachable for what is none: it does not mean "nobody"."""
    found = answer.get(name)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise MailchimpUnreachable(f"an answer without {name}")
    return found


class _TryAgain(Exception):
    """A refusal that means "later", not "no"."""
