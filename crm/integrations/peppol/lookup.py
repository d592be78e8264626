"""One participant looked up: the DNS names its SMP, and the SMP lists what it takes. Knows nothing of the CRM."""

import socket
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

import dns.exception
import dns.inet
import dns.resolver

from crm.integrations.outbound import Refused, Unreachable, guarded_get
from crm.integrations.peppol.identifiers import META_SCHEME, dns_name
from crm.integrations.safe_xml import read_xml
from crm.integrations.telling import OnCall, tell_nobody, told

PRODUCTION = "participant.sml.prod.tech.peppol.org"
NAMESPACE = "{http://busdox.org/serviceMetadata/publishing/1.0/}"
BILLING = (
    "Invoice-2::Invoice##urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0::2.1"
)
WILDCARD, PINT = "peppol-doctype-wildcard::", "urn:peppol:pint:billing-1"
XRECHNUNG = "xrechnung_3.0"
DNS_SECONDS = 5.0


class Failed(Exception):
    """It is not known. kind: `dns`, `smp` (no answer), `answer` (a wrong one) or `refused` (an address not called)."""

    def __init__(self, kind: str, detail: str):
        super().__init__(detail)
        self.kind = kind


@dataclass(frozen=True)
class Found:
    """A registration: under which identifier, at which host, and for which kinds of documents."""

    identifier: str
    host: str
    documents: list[str]

    @property
    def receives_invoices(self) -> bool:
        return any(is_invoice(one) for one in self.documents)


class Peppol:
    """The network, as one zone of the DNS shows it. What `on_call` is told names schemes and providers, no numbers.

    server: the DNS server to ask, `host:port`, instead of the system's; seconds: how long one participant may take.
    """

    def __init__(
        self, zone: str = PRODUCTION, server: str = "", *, allow_private: bool = False, seconds: float = 10,
        on_call: OnCall = tell_nobody,
    ):  # fmt: skip
        self._zone, self._server = zone, server
        self._allow_private, self._seconds, self._on_call = allow_private, seconds, on_call
        self._is_zone_seen = False

    def find(self, identifiers: Sequence[str], pause: Callable[[], None] = lambda: None) -> Found | None:
        """The first of these that is registered; None where none is. Raises Failed where that is not known.

        pause: called before each.
        """
        failure: Failed | None = None
        deadline = time.monotonic() + self._seconds
        for identifier in identifiers:
            pause()
            try:
                found = self._find_one(identifier, deadline)
            except Failed as error:
                failure = failure or error
                if error.kind == "dns":  # the others would fare no better
                    break
                continue
            if found:
                return found
        if failure:
            raise failure
        return None

    def _find_one(self, identifier: str, deadline: float) -> Found | None:
        base = self._smp_of(identifier, deadline)
        if base is None:
            return None
        url = f"{base}/{quote(f'{META_SCHEME}::{identifier}', safe='')}"
        with told(self._on_call, "GET", base) as call:
            try:
                left = deadline - time.monotonic()
                answer = guarded_get(url, allow_private=self._allow_private, seconds=left)
            except Refused as error:
                raise Failed("refused", str(error)) from error
            except Unreachable as error:
                raise Failed("smp", str(error)) from error
            call.status = answer.status
            if answer.status == 404:
                return None
            if answer.status != 200:
                raise Failed("smp", f"answer {answer.status}")
            host = urlsplit(base).hostname or ""
            return Found(identifier, host, read_service_group(answer.body, identifier))

    def _smp_of(self, identifier: str, deadline: float) -> str | None:
        """The address of the SMP that serves a participant; None for one that is not in the DNS."""
        name, left = dns_name(identifier, self._zone), max(0.0, min(DNS_SECONDS, deadline - time.monotonic()))
        with told(self._on_call, "NAPTR", f"{identifier.partition(':')[0]} in {self._zone}"):
            try:
                return smp_address(self._resolver().resolve(name, "NAPTR", lifetime=left, search=False))
            except dns.resolver.NoAnswer:
                return None
            except dns.resolver.NXDOMAIN:
                if problem := self._problem_of_zone(deadline):
                    raise Failed("dns", problem) from None
                return None
            except (dns.exception.DNSException, OSError, ValueError) as error:
                raise Failed("dns", type(error).__name__) from error

    def _problem_of_zone(self, deadline: float) -> str:
        """What is wrong with a "no such name" of the system's DNS: in a closed network it says so of all names."""
        if self._server or self._is_zone_seen:
            return ""
        lifetime = max(0.0, min(DNS_SECONDS, deadline - time.monotonic()))
        try:
            self._resolver().resolve(
                self._zone, "SOA", lifetime=lifetime, search=False, raise_on_no_answer=False
            )
        except dns.resolver.NXDOMAIN:
            return "no such zone"
        except (dns.exception.DNSException, OSError):
            return ""
        self._is_zone_seen = True
        return ""

    def _resolver(self) -> dns.resolver.Resolver:
        if not self._server:
            return dns.resolver.Resolver()
        host, _, port = self._server.rpartition(":")
        host = host.strip("[]")
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = [host if dns.inet.is_address(host) else socket.gethostbyname(host)]
        resolver.port = int(port)
        return resolver


def smp_address(records: Iterable[object]) -> str | None:
    """The address that the best `Meta:SMP` record gives; None where there is none. Raises Failed for a broken one."""
    mine = [
        record for record in records
        if record.flags.upper() == b"U" and record.service.lower() == b"meta:smp"  # type: ignore[attr-defined]
    ]  # fmt: skip
    if not mine:
        return None
    best = min(mine, key=lambda record: (record.order, record.preference))  # type: ignore[attr-defined]
    text = best.regexp.decode("ascii", "replace")  # type: ignore[attr-defined]
    parts = text[1:].split(text[0]) if text else []
    if len(parts) < 2 or "://" not in parts[1]:
        raise Failed("answer", "a NAPTR record without an address")
    return parts[1].rstrip("/")


def read_service_group(body: bytes, identifier: str) -> list[str]:
    """The document types that a participant takes. Raises Failed for what is no such list, or another's."""
    try:
        root = read_xml(body)
    except ValueError as error:
        raise Failed("answer", str(error)) from error
    if root.tag != f"{NAMESPACE}ServiceGroup":
        raise Failed("answer", "no service group")
    references = root.iter(f"{NAMESPACE}ServiceMetadataReference")
    hrefs = [str(one.get("href", "")) for one in references]
    of = next((one.text or "" for one in root if str(one.tag).endswith("}ParticipantIdentifier")), "").strip()
    if of and of.lower() != identifier.lower():
        raise Failed("answer", "the service group of another participant")
    return [unquote(href.split("/services/", 1)[1]) for href in hrefs if "/services/" in href]


def is_invoice(document: str) -> bool:
    """Whether a document type is an invoice that companies send each other in Peppol."""
    wildcard = document.startswith(WILDCARD) and PINT in document
    return BILLING in document or wildcard or ("::Invoice##" in document and XRECHNUNG in document)
