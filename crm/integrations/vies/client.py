"""The service of the European Commission for VAT numbers (VIES, SOAP 1.1). Knows nothing of the CRM."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from lxml import etree
from lxml.builder import ElementMaker

from crm.integrations.outbound import Refused, Unreachable, guarded_post
from crm.integrations.safe_xml import read_xml
from crm.integrations.telling import OnCall, tell_nobody, told
from crm.models.vat_number import VatNumber

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
TYPES = "urn:ec.europa.eu:taxud:vies:services:checkVat:types"
PRODUCTION = "https://ec.europa.eu/taxation_customs/vies/services/checkVatService"
HEADERS = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
#: What the service calls a failure, and what kind it is.
FAULTS = {
    "INVALID_INPUT": "number", "INVALID_REQUESTER_INFO": "requester",
    "MS_UNAVAILABLE": "country", "TIMEOUT": "country",
    "MS_MAX_CONCURRENT_REQ": "country", "MS_MAX_CONCURRENT_REQ_TIME": "country",
    "SERVICE_UNAVAILABLE": "down", "SERVER_BUSY": "down",
    "GLOBAL_MAX_CONCURRENT_REQ": "down", "GLOBAL_MAX_CONCURRENT_REQ_TIME": "down",
    "VAT_BLOCKED": "blocked", "IP_BLOCKED": "blocked",
}  # fmt: skip
#: Seconds until a service that has too much to do is asked again.
PAUSES = (1.0, 2.0)
#: What stands for a name or address that a country does not tell.
UNTOLD = "---"

_soap = ElementMaker(namespace=SOAP, nsmap={"soap": SOAP})
_types = ElementMaker(namespace=TYPES, nsmap={"types": TYPES})


class Failed(Exception):
    """It is not known whether a number holds.

    kind: `number` (not one that could be asked for), `requester` (our own is refused), `country` (the country's
    service is down or busy), `down` (VIES is), `blocked` (VIES answers us no more), `answer` (one that cannot be read).
    """

    def __init__(self, kind: str, detail: str):
        super().__init__(detail)
        self.kind = kind

    @property
    def is_passing(self) -> bool:
        """Whether it is worth asking again after a moment."""
        return "MAX_CONCURRENT_REQ" in str(self)


@dataclass(frozen=True)
class Answer:
    """What VIES says of a number. address: lines; day: of the answer, as VIES writes it; reference: the
    consultation number, given to who says who asks; is_requester_refused: our own number is none."""

    is_valid: bool
    name: str
    address: str
    day: str
    reference: str
    is_requester_refused: bool = False


class Vies:
    """The service. requester: our own VAT number, for which consultation numbers are given.

    `turn(country)` is waited for before each call, and False where it does not come; `on_call(method, path, status,
    seconds, error)` is told of each; `seconds`: how long one check may take.
    """

    def __init__(
        self, url: str = "", requester: VatNumber | None = None, *, allow_private: bool = False, seconds: float = 15,
        turn: Callable[[str], bool] = lambda country: True, sleep: Callable[[float], None] = time.sleep,
        on_call: OnCall = tell_nobody,
    ):  # fmt: skip
        self._url, self._requester, self._allow_private = url or PRODUCTION, requester, allow_private
        self._seconds, self._turn, self._sleep, self._on_call = seconds, turn, sleep, on_call

    def check(self, number: VatNumber) -> Answer:
        """Whether a number holds today. Raises Failed."""
        deadline = time.monotonic() + self._seconds
        if self._requester:
            try:
                return self._patiently(number, self._requester, deadline)
            except Failed as failure:
                if failure.kind != "requester":
                    raise
        answer = self._patiently(number, None, deadline)
        return replace(answer, is_requester_refused=bool(self._requester))

    def _patiently(self, number: VatNumber, requester: VatNumber | None, deadline: float) -> Answer:
        for pause in PAUSES:
            try:
                return self._ask(number, requester, deadline)
            except Failed as failure:
                if not failure.is_passing or time.monotonic() + pause >= deadline:
                    raise
            self._sleep(pause)
        return self._ask(number, requester, deadline)

    def _ask(self, number: VatNumber, requester: VatNumber | None, deadline: float) -> Answer:
        if not self._turn(number.country):
            raise Failed("country", "too many look-ups at once")
        method = "checkVatApprox" if requester else "checkVat"
        with told(self._on_call, "POST", f"/{method} {number.country}") as call:
            try:
                answer = guarded_post(
                    self._url, request_body(number, requester), headers=HEADERS,
                    allow_private=self._allow_private, seconds=deadline - time.monotonic(),
                )  # fmt: skip
            except (Refused, Unreachable) as error:
                raise Failed("down", str(error)) from error
            call.status = answer.status
            return read_answer(answer.body, method, number)


def request_body(number: VatNumber, requester: VatNumber | None = None) -> bytes:
    """The envelope of a call."""
    parts = [_types.countryCode(number.country), _types.vatNumber(number.number)]
    if requester:
        parts += [
            _types.requesterCountryCode(requester.country), _types.requesterVatNumber(requester.number),
        ]  # fmt: skip
    call = _types.checkVatApprox(*parts) if requester else _types.checkVat(*parts)
    return etree.tostring(_soap.Envelope(_soap.Body(call)), encoding="utf-8", xml_declaration=True)


def read_answer(body: bytes, method: str, number: VatNumber) -> Answer:
    """What an answer says, whatever its status. Raises Failed for faults, and for what is no answer to the question."""
    try:
        root = read_xml(body)
    except ValueError as error:
        raise Failed("down", str(error)) from None
    fault = root.find(f".//{{{SOAP}}}Fault")
    if fault is not None:
        word = (fault.findtext("faultstring") or "").strip()[:100]
        raise Failed(FAULTS.get(word, "down"), word or "a fault without a word")
    found = root.find(f".//{{{TYPES}}}{method}Response")
    valid = _text(found, "valid") if found is not None else ""
    if valid not in ("true", "1", "false", "0"):
        raise Failed("answer", f"no {method}Response")
    if (_text(found, "countryCode"), _text(found, "vatNumber").upper()) != (number.country, number.number):
        raise Failed("answer", "an answer about another number")
    name, address = ("traderName", "traderAddress") if method == "checkVatApprox" else ("name", "address")
    return Answer(
        valid in ("true", "1"), _told(found, name), _told(found, address),
        _text(found, "requestDate"), _text(found, "requestIdentifier"),
    )  # fmt: skip


def _told(found: Any, name: str) -> str:
    lines = [" ".join(line.split()) for line in _text(found, name).splitlines()]
    return "\n".join(line for line in lines if line and line != UNTOLD)


def _text(found: Any, name: str) -> str:
    return (found.findtext(f"{{{TYPES}}}{name}") or "").strip()
