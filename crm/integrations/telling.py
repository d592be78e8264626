"""Clients of other services tell of each call they make, whether it went well or not."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Told of a call: method, what, status, seconds, error (blank for none).
OnCall = Callable[[str, str, int | None, float, str], None]


def tell_nobody(*_call: object) -> None:
    """For whoever is not interested."""


class Call:
    """One call under way. status: of the answer, once there is one."""

    status: int | None = None


@contextmanager
def told(on_call: OnCall, method: str, path: str) -> Iterator[Call]:
    """Tell of the call that is made inside; an exception from there is its error, in its own words."""
    call, started, problem = Call(), time.monotonic(), ""
    try:
        yield call
    except Exception as error:
        problem = str(error)
        raise
    finally:
        on_call(method, path, call.status, time.monotonic() - started, problem)
