"""Mailchimp's API for one audience, over HTTP, with faults on demand.

`python -m tests.mailchimp.standin 8402` runs it alone.
"""

import json
import re
import sys
import threading
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from tests.mailchimp.answers import only, route
from tests.mailchimp.audience import Audience, Problem

KEY = "0123456789abcdef0123456789abcdef-us21"


@dataclass
class Fault:
    """`kind`: 429, 403 (bare), 500, html, slow, drop (before applying), half (of a batch), lost (after)."""

    kind: str
    times: int = 1
    method: str = ""
    path: str = ""
    after: int = 0


class StandIn:
    """A server on a port of its own; `calls` counts what was asked, `batches` their sizes."""

    def __init__(self, audience: Audience | None = None, port: int = 0, slow_seconds: float = 3):
        self.audience = audience or Audience()
        self.calls: Counter[str] = Counter()
        self.batches: list[int] = []
        self.faults: list[Fault] = []
        self.slow_seconds = slow_seconds
        self.answer_seconds = 0.0
        self.lock = threading.Lock()
        #: Called with the moment, "before" or "after" a call is applied; may kill whoever called.
        self.watch: Callable[[str], None] = lambda moment: None
        self.server = ThreadingHTTPServer(("127.0.0.1", port), type("Bound", (Handler,), {"stand_in": self}))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/3.0"

    def __enter__(self) -> "StandIn":
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def forget_calls(self) -> None:
        self.calls.clear()
        self.batches.clear()

    @property
    def writes(self) -> int:
        return sum(n for call, n in self.calls.items() if not call.startswith("GET "))

    def fault_for(self, method: str, path: str) -> str:
        for fault in self.faults:
            if method.startswith(fault.method) and re.search(fault.path, path):
                if fault.after:
                    fault.after -= 1
                    return ""
                fault.times -= 1
                if not fault.times:
                    self.faults.remove(fault)
                return fault.kind
        return ""


class Handler(BaseHTTPRequestHandler):
    stand_in: StandIn
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do(self) -> None:
        url = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = url.path.removeprefix("/3.0")
        body = json.loads(raw) if raw else {}
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        with self.stand_in.lock:
            self.stand_in.calls[
                f"{self.command} {re.sub(r'[0-9a-f]{32}|(?<=segments/)[0-9]+', '*', path)}"
            ] += 1
            fault = self.stand_in.fault_for(self.command, path)
        if self.stand_in.answer_seconds:
            time.sleep(self.stand_in.answer_seconds)
        if fault == "slow":
            time.sleep(self.stand_in.slow_seconds)
        if fault == "drop":
            return self.drop()
        if fault == "403":
            return self.answer(403, b"<html><body>Forbidden</body></html>", "text/html")
        if fault == "html":
            return self.answer(200, b"<html><body>Maintenance</body></html>", "text/html")
        if fault in ("429", "500"):
            return self.problem(
                Problem(int(fault), "Too Many Requests" if fault == "429" else "Internal Server Error", "")
            )
        try:
            self.stand_in.watch("before")
            self.check_key()
            with self.stand_in.lock:
                if fault == "half":
                    body["members"] = body["members"][: len(body["members"]) // 2]
                found = route(self.stand_in, self.command, path, query, body)
            self.stand_in.watch("after")
        except Problem as problem:
            return self.problem(problem)
        if fault in ("half", "lost", "slow"):
            return self.drop()
        if found is None:
            return self.answer(204, b"", "application/json")
        return self.answer(
            200, json.dumps(only(found, query.get("fields"))).encode(), "application/json; charset=utf-8"
        )

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do

    def check_key(self) -> None:
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        key = b64decode(token).decode().partition(":")[2] if kind == "Basic" else token
        if key != KEY:
            raise Problem(
                401,
                "API Key Invalid",
                "Your API key may be invalid, or you've attempted to access the wrong datacenter.",
            )

    def drop(self) -> None:
        self.close_connection = True
        self.connection.close()

    def problem(self, problem: Problem) -> None:
        body = {"type": "https://mailchimp.com/developer/marketing/docs/errors/", "title": problem.title}
        body |= {
            "status": problem.status,
            "detail": problem.detail,
            "instance": "00000000-0000-0000-0000-000000000000",
        }
        self.answer(problem.status, json.dumps(body).encode(), "application/problem+json; charset=utf-8")

    def answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response_only(status)
        self.send_header("Date", format_datetime(self.stand_in.audience.now(), usegmt=True))
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="api"')
        if status != 204:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            pass  # the caller was killed, or we hung up on it

    def log_message(self, *args: object) -> None: ...


if __name__ == "__main__":
    with StandIn(port=int(sys.argv[1])) as running:
        print(running.url, flush=True)
        threading.Event().wait()
