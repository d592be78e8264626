"""VIES over HTTP: companies, consultation numbers, and the numbers of its test service that answer with faults.

`python -m tests.vies.standin 8404` runs it alone.
"""

import sys
import threading
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from tests.http_standin import HttpStandIn

SOAP, TYPES = (
    "http://schemas.xmlsoap.org/soap/envelope/",
    "urn:ec.europa.eu:taxud:vies:services:checkVat:types",
)
PATH = "/taxation_customs/vies/services/checkVatService"
#: What the test service of VIES answers to numbers of three digits. 100 holds, 200 does not.
FAULTS = {
    "201": "INVALID_INPUT", "202": "INVALID_REQUESTER_INFO", "300": "SERVICE_UNAVAILABLE", "301": "MS_UNAVAILABLE",
    "302": "TIMEOUT", "400": "VAT_BLOCKED", "401": "IP_BLOCKED", "500": "GLOBAL_MAX_CONCURRENT_REQ",
    "501": "GLOBAL_MAX_CONCURRENT_REQ_TIME", "600": "MS_MAX_CONCURRENT_REQ", "601": "MS_MAX_CONCURRENT_REQ_TIME",
}  # fmt: skip


class StandIn(HttpStandIn):
    """companies: VAT number -> (name, address). faults: VAT number or country -> the word of a fault, or several in
    turn. refused: requesters that are none. calls: (method, number, requester) of each call."""

    def __init__(self, port: int = 0):
        super().__init__(port)
        self.url += PATH
        self.companies = {
            "DE100": ("---", "---"),
            "NL854502130B01": ("ACME B.V.", "\nKEIZERSGRACHT 00001 A\n1015CJ AMSTERDAM\n"),
            "PL7740001454": ("ORLEN SPÓŁKA AKCYJNA", "CHEMIKÓW 7\n09-411 PŁOCK"),
        }
        self.faults: dict[str, str | list[str]] = {}
        self.refused: set[str] = set()
        self.calls: list[tuple[str, str, str]] = []
        self.bodies: list[bytes] = []
        self.answers: list[bytes] = []

    def answer(self, path: str, headers: Any, body: bytes) -> tuple[int, str, bytes]:
        self.bodies.append(body)
        call = etree.fromstring(body).find(f"{{{SOAP}}}Body")[0]
        method = etree.QName(call).localname
        fields = {etree.QName(one).localname: one.text or "" for one in call}
        country, number = fields["countryCode"], fields["vatNumber"]
        requester = fields.get("requesterCountryCode", "") + fields.get("requesterVatNumber", "")
        self.calls.append((method, country + number, requester))
        fault = self.faults.get(country + number) or self.faults.get(country) or FAULTS.get(number)
        if isinstance(fault, list):
            fault = fault.pop(0) if fault else None
        right = (
            path == PATH and headers["Content-Type"].startswith("text/xml") and headers["SOAPAction"] == '""'
        )
        if requester in self.refused:
            fault = "INVALID_REQUESTER_INFO"
        if fault or not right:
            word = f"<faultcode>env:Server</faultcode><faultstring>{fault or 'Not this way'}</faultstring>"
            return 500, "text/xml", _envelope(f"<env:Fault>{word}</env:Fault>")
        name, address = self.companies.get(country + number, ("---", "---"))
        parts = {
            "countryCode": country, "vatNumber": number, "requestDate": "2026-11-22+01:00",
            "valid": "true" if country + number in self.companies else "false",
        }  # fmt: skip
        if method == "checkVat":
            parts |= {"name": name, "address": address}
        else:
            parts |= {"traderName": name, "traderAddress": address}
            parts |= {"requestIdentifier": f"WAPIAAAA{len(self.calls):08}" if requester else ""}
        inside = "".join(f"<ns2:{key}>{escape(value)}</ns2:{key}>" for key, value in parts.items())
        self.answers.append(
            _envelope(f'<ns2:{method}Response xmlns:ns2="{TYPES}">{inside}</ns2:{method}Response>')
        )
        return 200, "text/xml;charset=UTF-8", self.answers[-1]


def _envelope(inside: str) -> bytes:
    return (
        f'<env:Envelope xmlns:env="{SOAP}"><env:Header/><env:Body>{inside}</env:Body></env:Envelope>'.encode()
    )


if __name__ == "__main__":
    with StandIn(int(sys.argv[1])).running() as server:
        print(server.url, flush=True)
        threading.Event().wait()
