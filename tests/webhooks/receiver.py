"""A receiver of webhooks: a real HTTP server of this machine that keeps what it is told."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass
class Receiver:
    """Answers every POST with `status`, or with what `answer_to` says of its body. told: (headers, body) in order."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    told: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answer_to: Any = None

    def __enter__(self) -> Self:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.told.append(({k.lower(): v for k, v in self.headers.items()}, body))
                status = receiver.answer_to(json.loads(body)) if receiver.answer_to else receiver.status
                self.send_response(status)
                for name, value in {**receiver.headers, "Content-Length": "4"}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"told")

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/crm?token=1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _headers, body in self.told]

    def take(self) -> list[tuple[str, int]]:
        """(event, record's id) of what was told since the last time, sorted: several are told at once."""
        found = [(body["event"], body.get("id")) for body in self.bodies]
        self.told.clear()
        return sorted(found, key=str)
