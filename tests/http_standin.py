"""A server on a port of its own, standing in for an outside service: what the stand-ins have in common."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class HttpStandIn:
    """Answers with what `answer` gives: status, type and body. `fault`: drop, slow, html, or cut for half an answer."""

    def __init__(self, port: int = 0):
        self.fault = ""
        self.server = ThreadingHTTPServer(("127.0.0.1", port), type("Bound", (_Handler,), {"stand_in": self}))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, path: str, headers: Any, body: bytes) -> tuple[int, str, bytes]:
        raise NotImplementedError

    @contextmanager
    def running(self) -> Iterator[Self]:
        serving = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        serving.start()
        try:
            yield self
        finally:
            self.server.shutdown()
            self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    stand_in: HttpStandIn
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.stand_in.fault
        if fault == "slow":
            time.sleep(0.6)
        if fault in ("drop", "slow"):
            self.close_connection = True
            self.connection.close()
            return
        status, kind, content = self.stand_in.answer(self.path, self.headers, body)
        if fault == "html":
            status, kind, content = 200, "text/html", b"<html><body>Maintenance<br></body></html>"
        self.send_response_only(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if fault == "cut" else content)
        if fault == "cut":
            self.close_connection = True

    do_GET = do_POST

    def log_message(self, *args: object) -> None: ...
