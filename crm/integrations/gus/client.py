"""GUS's look-up service (BIR 1.1, SOAP 1.2), as far as finding companies by NIP needs it. Knows nothing of the CRM."""

import re
import threading
import time
from collections.abc import Callable
from typing import Any

import requests
from lxml import etree
from lxml.builder import ElementMaker

from crm.integrations.safe_xml import read_xml
from crm.integrations.telling import OnCall, tell_nobody, told

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
BIR = "http://CIS/BIR/2014/07"
PUBLIC = "http://CIS/BIR/PUBL/2014/07"
SEARCH = "http://CIS/BIR/PUBL/2014/07/DataContract"

#: Of the service's codes.
NOT_FOUND, NO_SESSION = "4", "7"
LARGEST_ANSWER = 1024 * 1024
#: One part of a MIME answer, or all of a plain one.
ENVELOPE = re.compile(rb"<((?:\w+:)?)Envelope\b.*</\1Envelope>", re.DOTALL)
#: What a session is called: it goes into a header.
SID = re.compile(r"[!-~]{1,100}")

_soap = ElementMaker(namespace=SOAP, nsmap={"soap": SOAP})
_addressing = ElementMaker(namespace=ADDRESSING, nsmap={"wsa": ADDRESSING})
_search = ElementMaker(namespace=SEARCH, nsmap={"dat": SEARCH})


class GusError(Exception):
    """The look-up did not work."""


class KeyRefused(GusError):
    """The service knows no such key."""


class Unavailable(GusError):
    """No usable answer: down, cut off, too slow, or not GUS at all."""


class SessionExpired(GusError):
    """The service forgot the session, and the one opened in its place as well."""


class Refused(GusError):
    """The service answered with an error code of its own."""


class Gus:
    """A session with the service, opened when it is needed, and once more where the service forgot it.

    `turn` is waited for before each call; `on_call(method, path, status, seconds, error)` is told of each;
    `patience`: how many seconds one look-up may take.
    """

    def __init__(
        self,
        url: str,
        key: str,
        sid: str = "",
        *,
        timeout: float = 5,
        patience: float = 10,
        turn: Callable[[], None] = lambda: None,
        on_call: OnCall = tell_nobody,
    ):
        self.url, self._key = url, key
        self._timeout, self._patience, self._turn, self._on_call = timeout, patience, turn, on_call
        self._http = requests.Session()
        self._http.trust_env = False  # a .netrc or a proxy must be asked for explicitly
        #: The session, which may be kept for the next object.
        self.sid = sid if SID.fullmatch(sid) else ""
        self._deadline = 0.0

    def log_in(self) -> None:
        """Open a session. Raises KeyRefused."""
        self._begin()
        self._log_in()

    def find(self, nip: str) -> list[dict[str, str]]:
        """What the register has under a NIP of ten digits, each as field -> text; nothing where it is unknown."""
        self._begin()
        if not self.sid:
            self._log_in()
        text = self._search(nip)
        if not text and self._message_code() != NOT_FOUND:
            self._log_in()
            text = self._search(nip)
        return read_rows(text) if text else self._nothing()

    # -- the calls

    def _begin(self) -> None:
        self._deadline = time.monotonic() + self._patience

    def _log_in(self) -> None:
        self.sid = ""
        sid = self._call(PUBLIC, "Zaloguj", pKluczUzytkownika=self._key).strip()
        if not sid:
            raise KeyRefused("Zaloguj gave no session")
        if not SID.fullmatch(sid):
            raise Unavailable("Zaloguj gave what is no session")
        self.sid = sid

    def _search(self, nip: str) -> str:
        return self._call(PUBLIC, "DaneSzukajPodmioty", pParametryWyszukiwania=_search.Nip(nip))

    def _message_code(self) -> str:
        return self._call(BIR, "GetValue", pNazwaParametru="KomunikatKod").strip()

    def _nothing(self) -> list[dict[str, str]]:
        """What an empty answer in a session just opened means."""
        code = self._message_code()
        if code == NOT_FOUND:
            return []
        self.sid = ""
        if code == NO_SESSION:
            raise SessionExpired("empty answer, code 7, in a new session")
        raise Unavailable(f"empty answer, code {code or 'none'}")

    # -- the wire

    def _call(self, namespace: str, method: str, **parameters: Any) -> str:
        """The text of the method's result; what is inside is for the caller to read."""
        self._turn()
        body = request_body(self.url, namespace, method, **parameters)
        with told(self._on_call, "POST", f"/{method}") as call:
            try:
                call.status, answer = self._post(body)
            except requests.RequestException as error:
                raise Unavailable(type(error).__name__) from None
            return read_result(answer, method)

    def _post(self, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer. A limit of its own, since one that comes in small pieces is always in time,
        and the system's resolver knows no limit: we stop waiting."""
        left = self._deadline - time.monotonic()
        found: list[tuple[int, bytes]] = []
        problem: list[Exception] = []

        def ask() -> None:
            try:
                found.append(self._exchange(body, left))
            except (requests.RequestException, GusError) as error:
                problem.append(error)

        if left > 0:
            asking = threading.Thread(target=ask, daemon=True)
            asking.start()
            asking.join(left)
        if problem:
            raise problem[0]
        if not found:
            raise Unavailable("took too long")
        return found[0]

    def _exchange(self, body: bytes, left: float) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/soap+xml; charset=utf-8"}
        if self.sid:
            headers["sid"] = self.sid
        answer = b""
        with self._http.post(
            self.url,
            body,
            headers=headers,
            timeout=min(self._timeout, left),
            allow_redirects=False,
            stream=True,
        ) as response:
            for part in response.iter_content(65536):
                answer += part
                if len(answer) > LARGEST_ANSWER or time.monotonic() > self._deadline:
                    raise Unavailable("too large or too slow an answer")
            return response.status_code, answer


def request_body(url: str, namespace: str, method: str, **parameters: Any) -> bytes:
    """The envelope of a call. A parameter is a text, or an element to put inside."""
    own = ElementMaker(namespace=namespace, nsmap={"ns": namespace})
    interface = "IUslugaBIR" if namespace == BIR else "IUslugaBIRzewnPubl"
    envelope = _soap.Envelope(
        _soap.Header(
            _addressing.To(url),
            _addressing.Action(f"{namespace}/{interface}/{method}"),
        ),
        _soap.Body(own(method, *(own(name, value) for name, value in parameters.items()))),
    )
    return etree.tostring(envelope, encoding="utf-8", xml_declaration=True)


def read_result(answer: bytes, method: str) -> str:
    """The text of `…Result` in an answer, plain or MTOM. Raises Unavailable for faults and what is no answer."""
    envelope = ENVELOPE.search(answer)
    if not envelope:
        raise Unavailable("no SOAP answer")
    root = parse(envelope[0])
    reason = root.find(f".//{{{SOAP}}}Reason/{{{SOAP}}}Text")
    if root.find(f".//{{{SOAP}}}Fault") is not None:
        raise Unavailable(f"fault: {(reason.text if reason is not None else '') or ''}"[:300])
    result = next((e for e in root.iter("{*}" + method + "Result")), None)
    if result is None:
        raise Unavailable(f"no {method}Result")
    return result.text or ""


def read_rows(text: str) -> list[dict[str, str]]:
    """The rows of a search's inner XML; none for "not found". Raises Refused for other error codes."""
    rows = [
        {field.tag: (field.text or "").strip() for field in row if isinstance(field.tag, str)}
        for row in parse(text.encode()).iter("dane")
    ]
    for row in rows:
        if (code := row.get("ErrorCode", "")) not in ("", "0", NOT_FOUND):
            raise Refused(f"code {code}: {row.get('ErrorMessagePl', '')}"[:300])
    return [row for row in rows if row.get("Regon")]


def parse(text: bytes) -> Any:
    """What is in an answer. Raises Unavailable."""
    try:
        return read_xml(text)
    except ValueError as error:
        raise Unavailable(str(error)) from None
