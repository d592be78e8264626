"""How the value of an environment variable is read.

Each reader takes the text, not empty, and gives the value, or raises `Nonsense`.
"""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit
from zoneinfo import available_timezones

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

SQLITE, POSTGRESQL = "sqlite", "postgresql+psycopg"


class Nonsense(ValueError):
    """A value that a setting does not accept; the message says what it does accept."""


def text(value: str) -> str:
    return value


def boolean(value: str) -> bool:
    if value.lower() in ("1", "yes", "true", "on"):
        return True
    if value.lower() in ("0", "no", "false", "off"):
        return False
    raise Nonsense("must be yes or no")


def whole_number(low: int, high: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
            raise Nonsense(f"must be a whole number from {low} to {high}")
        return int(value)

    return read


def one_of(*words: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in words:
            raise Nonsense(f"must be one of {', '.join(words)}")
        return value

    return read


def address(*schemes: str, example: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        try:
            parts = urlsplit(value)
            complete = parts.scheme in schemes and parts.hostname and parts.port != 0
        except ValueError:
            complete = False
        if not complete or any(c.isspace() for c in value):
            raise Nonsense(f"must be an address such as {example}")
        return value.rstrip("/")

    return read


def bucket(value: str) -> str:
    try:
        parts = urlsplit(value)
        asked = parse_qs(parts.query, strict_parsing=bool(parts.query))
        complete = parts.scheme == "s3" and parts.hostname and set(asked) <= {"endpoint", "region"}
    except ValueError:
        complete = False
    if not complete or any(c.isspace() for c in value):
        raise Nonsense(
            "must be an address such as s3://key:secret@bucket/folder?endpoint=https://s3.example.com"
        )
    return value


def host(value: str) -> str:
    if "/" in value or any(c.isspace() for c in value):
        raise Nonsense("must be a host name or an IP address, such as 127.0.0.1")
    return value


def host_and_port(value: str) -> str:
    name, _, port = value.rpartition(":")
    if not name:
        raise Nonsense("must be a host and a port, such as 127.0.0.1:5353")
    whole_number(1, 65535)(port)
    return value


def time_zone(value: str) -> str:
    if value not in available_timezones():
        raise Nonsense("must be a time zone such as Europe/Warsaw")
    return value


def secret_key(value: str) -> str:
    if len(value) < 16:
        raise Nonsense("must be at least 16 characters long")
    return value


def encryption_keys(value: str) -> tuple[str, ...]:
    keys = tuple(part.strip() for part in value.split(","))
    for key in keys:
        secret_key(key)
    return keys


def database(value: str) -> URL:
    """`postgres://` and `postgresql://` mean PostgreSQL by psycopg; SQLite must name a file."""
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise Nonsense("must be an address such as postgresql+psycopg://user:password@host/name") from None
    if url.drivername in ("postgres", "postgresql", POSTGRESQL):
        return url.set(drivername=POSTGRESQL)
    if url.drivername != SQLITE:
        raise Nonsense(f"must begin with {SQLITE}:/// or {POSTGRESQL}://")
    if url.database in (None, "", ":memory:"):
        raise Nonsense("must name a file, since the web server and the worker share the database")
    return url
