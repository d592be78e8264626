"""Background work that has something to do as soon as a transaction is committed."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

KEY = "wake_jobs"


def wake_after(session: Session, kind: str) -> None:
    """Let the worker look whether this kind of job has work, once the transaction is committed.

    A hint, cheap to give often: what there is to do must show from committed rows, and is found later without it.
    """
    session.info.setdefault(KEY, set()).add(kind)


def take_kinds(session: Session) -> Iterable[str]:
    """The kinds to wake, taken away."""
    return session.info.pop(KEY, ())
