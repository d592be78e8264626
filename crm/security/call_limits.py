"""How many calls a program may make in a minute, counted for each API key, and each user of a token.

All processes count together, in the database. Each takes calls from the shared count in small blocks, so that
most calls write nothing; what a process takes and does not need, nobody gets before the minute is over.
"""

import time
from dataclasses import dataclass
from threading import Lock

from flask import current_app
from flask_babel import gettext as _
from werkzeug.exceptions import TooManyRequests

from crm.database import transactions
from crm.security.shared_limits import DatabaseStorage

MINUTE = 60
#: So many blocks make up what a caller may do in a minute.
BLOCKS = 50
storage = DatabaseStorage()
lock = Lock()


@dataclass
class Allowance:
    """The calls that this process may still let through until a moment (seconds since 1970).

    is_last: whether no more are to be had before it.
    """

    left: int
    is_last: bool
    ends: float


def count_call(caller: str) -> None:
    """Count a call, before its transaction begins. Raises TooManyRequests where there were too many."""
    most = current_app.config["CRM_API_CALLS"]
    if not (most and current_app.config["RATELIMIT_ENABLED"]):
        return
    known: dict[str, Allowance] = current_app.extensions.setdefault("call_allowances", {})
    while True:
        with lock:
            mine = known.get(caller)
            if mine is not None and mine.ends > time.time():
                if mine.left > 0:
                    mine.left -= 1
                    return
                if mine.is_last:
                    break
        block = _take_block(caller, most)
        with lock:
            mine = known.get(caller)
            if mine is not None and mine.ends == block.ends:
                # another thread has taken one as well
                block.left += mine.left
            known[caller] = block
    wait = max(1, round(mine.ends - time.time()))
    raise TooManyRequests(_("Too many calls. Wait %(n)d seconds and try again.", n=wait), retry_after=wait)


def _take_block(caller: str, most: int) -> Allowance:
    size = max(1, most // BLOCKS)
    with transactions(read_only=False):
        taken = storage.incr(f"calls {caller}", MINUTE, size)
        ends = storage.get_expiry(f"calls {caller}")
    return Allowance(max(0, min(size, most - (taken - size))), taken >= most, ends)
