"""Where the key comes from, and how GUS is reached."""

import re
from collections.abc import Callable
from typing import Any

from flask import current_app

from crm.integrations.gus.client import Gus, Unavailable
from crm.integrations.turns import take_turn
from crm.services.secret_settings import forget_secret, get_secret, keep_secret

PRODUCTION = "https://wyszukiwarkaregon.stat.gov.pl/wsBIR/UslugaBIRzewnPubl.svc"
TEST = "https://wyszukiwarkaregontest.stat.gov.pl/wsBIR/UslugaBIRzewnPubl.svc"
#: GUS publishes this key for its test service, whose data is old and made unlike anybody's.
TEST_KEY = "abcde12345abcde12345"
KEY, SESSION = "gus.key", "gus.session"
#: Seconds from one call to the next, of all processes together.
INTERVAL = 0.5


def key_is_readable(key: str) -> bool:
    """Whether a text can be a key at all: GUS's have 20 letters and digits."""
    return re.fullmatch(r"[!-~]{8,60}", key) is not None


def get_key() -> str | None:
    """The key of this installation: the environment's, else the one set on the page."""
    return current_app.config.get("GUS_API_KEY") or get_secret(KEY)


def set_key(key: str | None) -> None:
    """Keep another key, or none; sessions of the last one are forgotten. The caller commits."""
    forget_secret(SESSION)
    keep_secret(KEY, key) if key else forget_secret(KEY)


def address(key: str) -> str:
    """Where to look up with a key."""
    return current_app.config.get("GUS_API_URL") or (TEST if key == TEST_KEY else PRODUCTION)


def connect(key: str, on_call: Callable[..., None], sid: str = "") -> Gus:
    """A client object. `GUS_OPTIONS` may hold shorter waits, for tests."""
    options: dict[str, Any] = {"turn": wait_for_turn, **(current_app.config.get("GUS_OPTIONS") or {})}
    return Gus(address(key), key, sid, on_call=on_call, **options)


def wait_for_turn() -> None:
    """Wait until a call may be made: at most two a second by all processes. Raises Unavailable."""
    if not take_turn("gus", INTERVAL):
        raise Unavailable("too many look-ups at once")
