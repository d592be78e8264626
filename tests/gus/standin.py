"""GUS's service over HTTP: keys, sessions that end, MTOM answers, not found as an answer, faults on demand.

`python -m tests.gus.standin 8403` runs it alone.
"""

import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

from lxml import etree

KEY = "0123456789abcdefghij"
FIELDS = (
    "Regon", "Nip", "StatusNip", "Nazwa", "Wojewodztwo", "Powiat", "Gmina", "Miejscowosc", "KodPocztowy", "Ulica",
    "NrNieruchomosci", "NrLokalu", "Typ", "SilosID", "DataZakonczeniaDzialalnosci", "MiejscowoscPoczty",
)  # fmt: skip
PUBLIC, BIR = "http://CIS/BIR/PUBL/2014/07", "http://CIS/BIR/2014/07"
SOAP, ADDRESSING = "http://www.w3.org/2003/05/soap-envelope", "http://www.w3.org/2005/08/addressing"
NOT_FOUND = "Nie znaleziono podmiotu dla podanych kryteriów wyszukiwania."


def row(**values: str) -> dict[str, str]:
    """A row of the register; what is not given is as at a company in Płock."""
    company = {
        "Regon": "610188201", "Nip": "7740001454", "Nazwa": "ORLEN SPÓŁKA AKCYJNA", "Typ": "P", "SilosID": "6",
        "Wojewodztwo": "MAZOWIECKIE", "Powiat": "Płock", "Gmina": "Płock", "Miejscowosc": "Płock",
        "KodPocztowy": "09-411", "Ulica": "ul. Chemików", "NrNieruchomosci": "7", "MiejscowoscPoczty": "Płock",
    }  # fmt: skip
    return {name: {**company, **values}.get(name, "") for name in FIELDS}


class StandIn:
    """A server on a port of its own. `fault`: html, fault, drop, slow, drip, empty (a search finds no session)."""

    def __init__(self, port: int = 0):
        self.rows = [row()]
        self.sessions: set[str] = set()
        self.calls: Counter[str] = Counter()
        self.bodies: list[bytes] = []
        self.codes: dict[str, str] = {}
        self.fault = ""
        self.error_code = ""
        self.new_session = ""
        self.server = ThreadingHTTPServer(("127.0.0.1", port), type("Bound", (Handler,), {"stand_in": self}))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/wsBIR/UslugaBIRzewnPubl.svc"

    @contextmanager
    def running(self) -> Iterator["StandIn"]:
        serving = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        serving.start()
        try:
            yield self
        finally:
            self.server.shutdown()
            self.server.server_close()

    def answer(self, method: str, call: etree._Element, sid: str) -> str:
        known = sid in self.sessions
        if method == "Zaloguj":
            if call.findtext(f"{{{PUBLIC}}}pKluczUzytkownika") != KEY:
                return ""
            if self.new_session:
                return self.new_session
            sid = f"session{len(self.sessions) + self.calls[method]:013}"
            self.sessions.add(sid)
            return sid
        if method == "GetValue":
            wanted = call.findtext(f"{{{BIR}}}pNazwaParametru")
            return {"KomunikatKod": self.codes.get(sid, "0") if known else "7"}.get(wanted or "", "")
        if not known or self.fault == "empty":
            self.codes[sid] = "7"
            return ""
        nip = call.findtext(".//{*}Nip") or ""
        if self.error_code:
            return inner_xml(f"<ErrorCode>{self.error_code}</ErrorCode><ErrorMessagePl>Nie</ErrorMessagePl>")
        found = [one for one in self.rows if one["Nip"] == nip]
        if not found:
            self.codes[sid] = "4"
            return inner_xml(
                f"<ErrorCode>4</ErrorCode><ErrorMessagePl>{NOT_FOUND}</ErrorMessagePl><Nip>{nip}</Nip>"
            )
        fields = (
            "".join(f"<{n}>{escape(v)}</{n}>" if v else f"<{n} />" for n, v in one.items()) for one in found
        )
        return inner_xml(*fields)


def inner_xml(*rows: str) -> str:
    """The XML inside an answer, its lines ended as GUS ends them."""
    return "\r\n".join(("<root>", *(f"<dane>{row}</dane>" for row in rows), "</root>"))


class Handler(BaseHTTPRequestHandler):
    stand_in: StandIn
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        stand_in = self.stand_in
        stand_in.bodies.append(body)
        root = etree.fromstring(body)
        call = root.find(f"{{{SOAP}}}Body")[0]
        method = etree.QName(call).localname
        stand_in.calls[method] += 1
        if stand_in.fault == "slow":
            time.sleep(0.6)
        if stand_in.fault in ("drop", "slow"):
            self.close_connection = True
            self.connection.close()
            return
        if stand_in.fault == "drip":
            self.drip()
            return
        if stand_in.fault == "html":
            self.send(200, b"<html><body>Przerwa techniczna</body></html>", "text/html")
            return
        namespace = etree.QName(call).namespace
        interface = "IUslugaBIR" if namespace == BIR else "IUslugaBIRzewnPubl"
        action = f"{namespace}/{interface}/{method}"
        right = (
            root.findtext(f".//{{{ADDRESSING}}}Action") == action
            and root.findtext(f".//{{{ADDRESSING}}}To") == stand_in.url
            and self.headers["Content-Type"].startswith("application/soap+xml; charset=utf-8")
        )
        if stand_in.fault == "fault" or not right:
            reason = "<s:Fault><s:Reason><s:Text>ActionNotSupported</s:Text></s:Reason></s:Fault>"
            self.send(500, self.envelope(reason).encode(), "application/soap+xml")
            return
        result = escape(stand_in.answer(method, call, self.headers.get("sid", ""))).replace("\r", "&#xD;")
        inside = f'<{method}Response xmlns="{namespace}"><{method}Result>{result}</{method}Result></{method}Response>'
        mark = "uuid:4b1cd0ae-3a9f-4b0f-a3be-2d4be1a9d1f2+id=1"
        kind = f'multipart/related; type="application/xop+xml";start="<http://tempuri.org/0>";boundary="{mark}";start-info="application/soap+xml"'
        head = (
            f"\r\n--{mark}\r\nContent-ID: <http://tempuri.org/0>\r\nContent-Transfer-Encoding: 8bit\r\n"
            'Content-Type: application/xop+xml;charset=utf-8;type="application/soap+xml"\r\n\r\n'
        )
        self.send(200, f"{head}{self.envelope(inside)}\r\n--{mark}--\r\n".encode(), kind)

    def drip(self) -> None:
        """An answer that never ends, each piece of it in time."""
        self.close_connection = True
        self.send_response_only(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b" ")
                time.sleep(0.05)
        except OSError:
            pass

    @staticmethod
    def envelope(inside: str) -> str:
        return f'<s:Envelope xmlns:s="{SOAP}"><s:Header/><s:Body>{inside}</s:Body></s:Envelope>'

    def send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", re.sub(r"\s+", " ", kind))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None: ...


if __name__ == "__main__":
    with StandIn(int(sys.argv[1])).running() as server:
        print(server.url, flush=True)
        threading.Event().wait()
