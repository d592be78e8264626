"""The list of VAT payers of the Polish Ministry of Finance (API 1.6.0). Knows nothing of the CRM."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from crm.integrations.outbound import Refused, Unreachable, guarded_get
from crm.integrations.telling import OnCall, tell_nobody, told
from crm.services.storable import UNSTORABLE

PRODUCTION = "https://wl-api.mf.gov.pl"
#: So many numbers may be asked for at once.
MOST = 30
LARGEST_ANSWER = 8_000_000
#: Of the service's codes: what kind of failure each is. All others are of the kind `down`.
CODES = {
    "WL-112": "number", "WL-113": "number", "WL-114": "number", "WL-115": "number",
    "WL-191": "limit", "WL-195": "updating", "WL-196": "updating",
}  # fmt: skip
STATUSES = {"Czynny": "active", "Zwolniony": "exempt", "Niezarejestrowany": "not_registered"}


class Failed(Exception):
    """It is not known what the list says.

    kind: `number` (not one that can be asked for), `limit` (the day's questions are used up), `updating` (the list is
    being written), `down` (no answer), `answer` (one that cannot be read).
    """

    def __init__(self, kind: str, detail: str):
        super().__init__(detail)
        self.kind = kind


@dataclass(frozen=True)
class Entry:
    """What the list says of a NIP. status: `active`, `exempt`, `not_registered`, `struck_off`, `not_listed`."""

    status: str
    name: str = ""
    address: str = ""
    regon: str = ""
    registered_on: date | None = None
    removed_on: date | None = None
    accounts: tuple[str, ...] = ()
    has_virtual_accounts: bool = False


@dataclass(frozen=True)
class Answer:
    """The list's own number and time of an answer; and of each NIP its entry, or why it could not be asked for."""

    reference: str
    at: str
    entries: dict[str, Entry | Failed]


class WhiteList:
    """The service. `on_call(method, path, status, seconds, error)` is told of each call."""

    def __init__(
        self, url: str = "", *, allow_private: bool = False, seconds: float = 10,
        on_call: OnCall = tell_nobody,
    ):  # fmt: skip
        self._url, self._allow_private = (url or PRODUCTION).rstrip("/"), allow_private
        self._seconds, self._on_call = seconds, on_call

    def search(self, nips: Collection[str], day: date) -> Answer:
        """What the list says of up to 30 NIPs on a day, which is today in Poland or one before. Raises Failed."""
        url = f"{self._url}/api/search/nips/{','.join(nips)}?date={day.isoformat()}"
        with told(self._on_call, "GET", f"/api/search/nips ({len(nips)})") as call:
            try:
                answer = guarded_get(
                    url, headers={"Accept": "application/json"}, limit=LARGEST_ANSWER,
                    allow_private=self._allow_private, seconds=self._seconds,
                )  # fmt: skip
            except (Refused, Unreachable) as error:
                raise Failed("down", str(error)) from error
            call.status = answer.status
            return read_answer(answer.status, answer.body, nips)


def read_answer(status: int, body: bytes, nips: Collection[str]) -> Answer:
    """The answer in a response. Raises Failed for errors, and for what is no answer about these numbers."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if status == 429:
        raise Failed("limit", "WL-191")
    if isinstance(said, dict) and said.get("code"):
        raise _failure(said)
    if status != 200:
        raise Failed("down", f"answer {status}")
    try:
        result = said["result"]
        entries = {one["identifier"]: _read_one(one) for one in result["entries"]}
        answer = Answer(
            _line(str(result["requestId"])), _line(str(result.get("requestDateTime") or "")), entries
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Failed("answer", f"not the form it should have ({type(error).__name__})") from None
    if missing := set(nips) - set(entries):
        raise Failed("answer", f"{len(missing)} of {len(nips)} numbers are not in the answer")
    return answer


def _read_one(one: dict[str, Any]) -> Entry | Failed:
    if error := one.get("error"):
        return _failure(error)
    if not (subjects := one.get("subjects")):
        return Entry("not_listed")
    try:
        return read_entry(subjects[0])
    except (
        TypeError,
        ValueError,
        AttributeError,
        LookupError,
    ) as problem:  # the others can be read all the same
        return Failed("answer", f"an entry that cannot be read ({problem})"[:200])


def read_entry(subject: dict[str, Any]) -> Entry:
    """A company as the list has it. Raises ValueError for a status that is none."""
    word = subject.get("statusVat")
    if word not in STATUSES:
        raise ValueError(f"status {word}")
    removed_on = _day(subject.get("removalDate"))
    status = STATUSES[word]
    return Entry(
        "struck_off" if status == "not_registered" and removed_on else status,
        name=_line(subject.get("name")),
        address=_line(subject.get("workingAddress") or subject.get("residenceAddress")),
        regon=_line(subject.get("regon")),
        registered_on=_day(subject.get("registrationLegalDate")),
        removed_on=removed_on,
        accounts=tuple(_line(number) for number in subject.get("accountNumbers") or ()),
        has_virtual_accounts=bool(subject.get("hasVirtualAccounts")),
    )


def _line(text: str | None) -> str:
    """A text on one line, without what no database can hold."""
    return " ".join(UNSTORABLE.sub("", text or "").split())


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _failure(said: dict[str, Any]) -> Failed:
    code = str(said["code"])
    return Failed(CODES.get(code, "down"), f"{code} {said.get('message') or ''}".strip()[:200])
