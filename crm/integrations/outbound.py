"""Calls to addresses that people or strangers' records name: only to the open internet, short and small.

The name is resolved once, each address is checked, and the connection goes to a checked one, so that a name
which answers differently the second time gains nothing. The certificate is still that of the name. Redirects
are answers, not followed. `seconds` bounds the whole call, `limit` the body.
"""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from urllib.parse import urlsplit

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError
from urllib3.response import HTTPResponse

SECONDS, LIMIT = 10.0, 1_000_000
#: So long one of a host's addresses may take to be reached, before the next is tried.
CONNECT_SECONDS = 5.0


class Refused(Exception):
    """The address is not one that may be called; nothing was sent. The message says why."""


class Unreachable(Exception):
    """No usable answer: no connection, too slow, too long, or not HTTP."""


@dataclass(frozen=True)
class Answer:
    """What came back, whatever its status; names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def guarded_get(url: str, **options: object) -> Answer:
    """GET; for the options see `guarded_call`."""
    return guarded_call("GET", url, **options)  # type: ignore[arg-type]


def guarded_post(url: str, body: bytes, **options: object) -> Answer:
    """POST of a body; for the options see `guarded_call`."""
    return guarded_call("POST", url, body, **options)  # type: ignore[arg-type]


def guarded_call(
    method: str,
    url: str,
    body: bytes | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    allow_private: bool = False,
    seconds: float = SECONDS,
    limit: int = LIMIT,
    beginning: bool = False,
    ca_file: str | None = None,
) -> Answer:
    """One call. Raises Refused or Unreachable.

    allow_private: also http, and addresses of this machine and its network.
    beginning: the status is what counts, and of the body as much as came up to the limit, as it came.
    ca_file: the authorities to trust instead of the usual ones.
    """
    deadline = time.monotonic() + seconds
    scheme, host, port, target = check_url(url, allow_private)
    read = partial(_read_beginning if beginning else _read_whole, limit=limit)
    problem: Exception = Unreachable("no address")
    for address in _resolve(host, port, allow_private, deadline):
        connection = _connection(scheme, host, address, port, ca_file)
        try:
            _connect(connection, deadline)
        except (HTTPError, OSError) as error:  # perhaps another of its addresses answers
            connection.close()
            problem = error
            continue
        sent = {"User-Agent": "CRM", "Host": urlsplit(url).netloc, **(headers or {})}
        sent |= {"Accept-Encoding": "identity", "Connection": "close"}
        answer = _exchange(connection, method, target, body, sent, deadline, read)
        if not beginning and time.monotonic() >= deadline:  # the line was cut, which looks like an end
            raise Unreachable("no answer in time")
        return answer
    raise Unreachable(_in_words(problem)) from problem


def check_url(url: str, allow_private: bool = False) -> tuple[str, str, int, str]:
    """Scheme, host, port and path with query of an address that may be called, as far as its text tells.

    Raises Refused.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("not an address") from None
    if not url.isascii() or any(c <= " " or c == "\x7f" for c in url) or not parts.hostname:
        raise Refused("not an address")
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        raise Refused("only https is allowed")
    if parts.username is not None or parts.password is not None:
        raise Refused("no user name or password may stand in an address")
    if port == 0:
        raise Refused("not an address")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.hostname
    if not allow_private and _is_literal(host) and not is_open(host):
        raise Refused(f"{host} is not on the open internet")
    return parts.scheme, host, port or (443 if parts.scheme == "https" else 80), target


def is_open(address: str) -> bool:
    """Whether an IP address is one of the open internet, for which this machine's network is just a way."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        # these carry an IPv4 address inside, and the network on the way unpacks it
        if found.ipv4_mapped is not None:
            return is_open(str(found.ipv4_mapped))
        if found.sixtofour is not None or found.teredo is not None or found.is_site_local:
            return False
    return found.is_global and not (found.is_multicast or found.is_reserved)


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _resolve(host: str, port: int, allow_private: bool, deadline: float) -> list[str]:
    """The addresses of a host that may be called. The system's resolver knows no time limit: we stop waiting."""
    found: list[str] = []
    problem: list[Exception] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(answer[4][0]) for answer in answers))
        except (OSError, UnicodeError) as error:
            problem.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(max(0.0, deadline - time.monotonic()))
    if problem or not found:
        raise Unreachable(f"{host} has no address")
    allowed = [address for address in found if allow_private or is_open(address)]
    if not allowed:
        raise Refused(f"{host} is not on the open internet")
    return allowed


def _connection(scheme: str, host: str, address: str, port: int, ca_file: str | None) -> HTTPConnection:
    if scheme == "http":
        return HTTPConnection(address, port)
    return HTTPSConnection(
        address, port, server_hostname=host,
        cert_reqs="CERT_REQUIRED", ca_certs=ca_file or certifi.where(), ssl_minimum_version=ssl.TLSVersion.TLSv1_2,
    )  # fmt: skip


def _connect(connection: HTTPConnection, deadline: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no answer in time")
    connection.timeout = min(CONNECT_SECONDS, left)
    connection.connect()


def _exchange(
    connection: HTTPConnection,
    method: str,
    target: str,
    body: bytes | None,
    headers: Mapping[str, str],
    deadline: float,
    read: Callable[[HTTPResponse], bytes],
) -> Answer:
    """Send, and read the answer. A timer cuts the line, since each of many small pieces would come in time."""
    line = connection.sock
    # not SSLSocket's own shutdown, which takes the encryption away from under the reader
    cut = threading.Timer(max(0.0, deadline - time.monotonic()), _shut, (line,))
    cut.daemon = True
    cut.start()
    try:
        # of the line for sending; of the connection, which gives it to the line again, for the answer
        connection.timeout = max(0.01, deadline - time.monotonic())
        line.settimeout(connection.timeout)
        connection.request(
            method,
            target,
            body,
            headers,
            preload_content=False,
            decode_content=False,
            enforce_content_length=True,
        )
        response = connection.getresponse()
        try:
            content = read(response)
        finally:
            response.close()  # a part that is not read would keep the line open
    except (HTTPError, HTTPException, OSError, ValueError) as error:
        raise Unreachable(
            "no answer in time" if time.monotonic() >= deadline else _in_words(error)
        ) from error
    finally:
        cut.cancel()
        connection.close()
    return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, content)


def _read_whole(response: HTTPResponse, limit: int) -> bytes:
    """A body that is there to its end, short, and not packed."""
    content = response.read(limit + 1, decode_content=False)
    if len(content) > limit:
        raise Unreachable(f"an answer of more than {limit} bytes")
    length = response.headers.get("Content-Length", "")
    if length.isdigit() and len(content) < int(length):
        raise Unreachable("an answer that was cut off")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise Unreachable("an answer packed in a way that was not asked for")
    return content


def _read_beginning(response: HTTPResponse, limit: int) -> bytes:
    """What comes of a body, up to the limit."""
    content = b""
    try:
        while len(content) < limit and (more := response.read1(limit - len(content), decode_content=False)):
            content += more
    except (HTTPError, HTTPException, OSError, ValueError):  # the rest did not come
        pass
    return content


def _shut(line: socket.socket) -> None:
    try:
        socket.socket.shutdown(line, socket.SHUT_RDWR)
    except OSError:  # closed already
        pass


def _in_words(error: Exception) -> str:
    if isinstance(error, TimeoutError) or "timed out" in str(error).lower():
        return "no answer in time"
    if isinstance(error, NewConnectionError):
        return "no connection"
    if isinstance(error, (SSLError, ssl.SSLError)):
        return f"no trusted certificate ({error})"[:200]
    return str(error)[:200] if isinstance(error, OSError) else f"no proper answer ({type(error).__name__})"
