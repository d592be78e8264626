"""Guarded calls: only to the open internet, pinned, not redirected, short and small; over real sockets."""

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from crm.integrations import outbound
from crm.integrations.outbound import Refused, Unreachable, check_url, guarded_get, guarded_post, is_open


class Peer(BaseHTTPRequestHandler):
    released = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/drip":
            while not self.released.wait(0.05):
                try:
                    self.wfile.write(b"x")
                except OSError:
                    return
            return
        status = 302 if self.path == "/moved" else 200
        if self.path == "/late":
            self.released.wait(0.25)
        body = b"x" * 2_000 if self.path == "/long" else b"hello"
        self.send_response(status)
        self.send_header("Location", "http://127.0.0.1:1/")
        if self.path == "/packed":
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body) + (5 if self.path == "/cut" else 0)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.end_headers()
        self.wfile.write(self.headers["X-Own"].encode() + b"|" + body + b"|" + self.headers["Host"].encode())

    def log_message(self, *args: Any) -> None: ...


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Peer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    Peer.released.set()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "url",
    ["http://example.com/", "ftp://example.com/", "https://127.0.0.1/", "https://[::1]/", "https://10.1.2.3/",
     "https://169.254.169.254/latest", "https://100.64.0.1/", "https://[::ffff:192.168.0.1]/", "https://[fe80::1%25eth0]/",
     "https://[64:ff9b::a00:1]/", "https://[2002:7f00:1::]/", "https://0.0.0.0/", "https://224.0.0.1/",
     "https://user:pass@example.com/", "https://", "https:///x", "nonsense", "https://x.com:99999/", "https://a b/"],
)  # fmt: skip
def test_what_the_text_gives_away_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        check_url(url)


def test_addresses_of_the_open_internet() -> None:
    assert is_open("93.184.216.34")
    assert is_open("2606:2800:220:1:248:1893:25c8:1946")


@pytest.mark.parametrize("url", ["https://localhost/", "https://2130706433/", "https://0x7f.1/"])
def test_names_that_lead_inside_are_refused_after_resolution(url: str) -> None:
    with pytest.raises(Refused):
        guarded_get(url)


def test_a_name_is_asked_once_and_the_checked_address_is_called(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked = socket.getaddrinfo, []

    def resolve(host: str, *args: Any, **options: Any) -> Any:
        asked.append(host)
        return real("127.0.0.1" if host == "rebinding.example" else host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    answer = guarded_post(
        f"http://rebinding.example:{port}/", b"body", allow_private=True, headers={"X-Own": "1"}
    )
    assert (answer.status, answer.body) == (202, f"1|body|rebinding.example:{port}".encode())
    assert asked.count("rebinding.example") == 1
    with pytest.raises(Refused):
        guarded_get(f"https://rebinding.example:{port}/")


def test_answers_that_are_not_taken(port: int) -> None:
    base, options = f"http://127.0.0.1:{port}", {"allow_private": True, "limit": 1_000}
    assert guarded_get(f"{base}/", **options).body == b"hello"
    moved = guarded_get(f"{base}/moved", **options)
    assert (moved.status, moved.headers["location"]) == (302, "http://127.0.0.1:1/")
    for path in ("/long", "/cut", "/packed"):
        with pytest.raises(Unreachable):
            guarded_get(base + path, **options)
    with pytest.raises(Unreachable, match="no answer in time"):
        guarded_get(f"{base}/drip", seconds=0.3, **options)
    with pytest.raises(Unreachable):
        guarded_get("http://127.0.0.1:1/", **options)


def test_where_the_status_counts_the_rest_may_be_as_it_is(port: int) -> None:
    base, options = f"http://127.0.0.1:{port}", {"allow_private": True, "limit": 1_000, "beginning": True}
    for path, body in (("/", b"hello"), ("/long", b"x" * 1_000), ("/cut", b"hello"), ("/packed", b"hello")):
        answer = guarded_get(base + path, **options)
        assert (answer.status, answer.body) == (200, body)
    with pytest.raises(Unreachable):
        guarded_get(f"{base}/drip", seconds=0.3, **options)  # no status at all


def test_an_answer_may_take_longer_than_to_be_reached(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "CONNECT_SECONDS", 0.1)
    assert guarded_get(f"http://127.0.0.1:{port}/late", allow_private=True).body == b"hello"


@pytest.mark.parametrize(("name", "passes"), [("localhost", True), ("elsewhere.example", False)])
def test_certificates_are_those_of_the_name(tmp_path: Path, name: str, passes: bool) -> None:
    file = make_certificate(tmp_path, name)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Peer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"https://localhost:{server.server_port}/"
    try:
        if passes:
            assert guarded_get(url, allow_private=True, ca_file=str(file)).body == b"hello"
            with pytest.raises(Unreachable, match="certificate"):
                guarded_get(url, allow_private=True)
        else:
            with pytest.raises(Unreachable, match="certificate"):
                guarded_get(url, allow_private=True, ca_file=str(file))
    finally:
        server.shutdown()
        server.server_close()


def make_certificate(folder: Path, name: str) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName(
        [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("10.0.0.1"))]
    )
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - datetime.timedelta(1)).not_valid_after(now + datetime.timedelta(1))
        .add_extension(names, False).add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "certificate.pem"
    file.write_bytes(private + certificate.public_bytes(pem))
    return file
