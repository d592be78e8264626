"""Turns at a service that takes only so many calls at a time, kept by all processes together."""

import time
from collections.abc import Callable

from crm.security.shared_limits import DatabaseStorage


def take_turn(
    service: str, interval: float, longest: float = 5, sleep: Callable[[float], None] = time.sleep
) -> bool:
    """Wait until the last call of the service is `interval` seconds ago; False where that took too long.

    Ends the open transaction, as nobody waits with one.
    """
    turns, waited = DatabaseStorage(), 0.0
    while turns.incr(service, interval) > 1:
        if waited >= longest:
            return False
        sleep(interval / 5)
        waited += interval / 5
    return True
