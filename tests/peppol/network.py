"""A stand-in for the Peppol network over real sockets: a DNS server of the SML's zone, and one SMP."""

import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, unquote
from xml.sax.saxutils import quoteattr

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from crm.integrations.peppol.identifiers import META_SCHEME, dns_name

ZONE = "sml.test"
BIS = (
    "busdox-docid-qns::urn:oasis:names:specification:ubl:schema:xsd:Invoice-2::Invoice##urn:cen.eu:en16931:2017"
    "#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0::2.1"
)
ORDER = "busdox-docid-qns::urn:oasis:names:specification:ubl:schema:xsd:Order-2::Order##urn:fdc:order:3::2.1"


class Network:
    """`records`: NAPTR texts by DNS name; `answers`: (status, body) of the SMP by participant; all that was asked."""

    def __init__(self) -> None:
        self.records: dict[str, list[str]] = {}
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.rcode: Any = None
        self.asked_dns: list[str] = []
        self.asked_smp: list[str] = []
        network = self

        class Dns(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                data, line = self.request
                line.sendto(network.answer_dns(data), self.client_address)

        class Smp(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                participant = unquote(self.path.lstrip("/")).removeprefix(f"{META_SCHEME}::")
                network.asked_smp.append(participant)
                status, body = network.answers.get(participant, (404, b""))
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", f"{network.smp}/elsewhere")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None: ...

        self._dns = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Dns)
        self._smp = ThreadingHTTPServer(("127.0.0.1", 0), Smp)
        self.dns = f"127.0.0.1:{self._dns.server_address[1]}"
        self.smp = f"http://127.0.0.1:{self._smp.server_port}"

    def __enter__(self) -> "Network":
        for server in (self._dns, self._smp):
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *error: Any) -> None:
        for server in (self._dns, self._smp):
            server.shutdown()
            server.server_close()

    def answer_dns(self, data: bytes) -> bytes:
        query = dns.message.from_wire(data)
        name = query.question[0].name.to_text()
        self.asked_dns.append(name)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA | dns.flags.RA
        found = self.records.get(name.lower())
        if self.rcode is not None:
            response.set_rcode(self.rcode)
        elif found is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif found:
            response.answer.append(dns.rrset.from_text(name, 60, "IN", "NAPTR", *found))
        return response.to_wire()

    def register(self, identifier: str, *documents: str) -> None:
        """Let a participant be found, and take these documents."""
        self.point(identifier, f'100 10 "U" "Meta:SMP" "!.*!{self.smp}/!" .')
        self.answers[identifier] = (200, service_group(identifier, *documents))

    def point(self, identifier: str, *records: str) -> None:
        self.records[dns_name(identifier, ZONE).lower()] = list(records)


def settings_of(network: Network) -> dict[str, Any]:
    """The settings with which a CRM asks in this network."""
    return {"PEPPOL_SML_ZONE": ZONE, "PEPPOL_DNS": network.dns, "PEPPOL_ALLOW_PRIVATE": True}


def service_group(identifier: str, *documents: str) -> bytes:
    base = f"http://smp.example/{quote(f'{META_SCHEME}::{identifier}', safe='')}/services/"
    references = "".join(
        f"<ServiceMetadataReference href={quoteattr(base + quote(document, safe=''))}/>"
        for document in documents
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<ServiceGroup xmlns="http://busdox.org/serviceMetadata/publishing/1.0/" '
        'xmlns:id="http://busdox.org/transport/identifiers/1.0/">'
        f'<id:ParticipantIdentifier scheme="{META_SCHEME}">{identifier}</id:ParticipantIdentifier>'
        f"<ServiceMetadataReferenceCollection>{references}</ServiceMetadataReferenceCollection></ServiceGroup>"
    ).encode()
