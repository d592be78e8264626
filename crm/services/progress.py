"""How long work talks to whoever started it: the worker, the command line, a test."""

from typing import Any


class Stopped(Exception):
    """The worker is to end; what is done stands."""


class CannotWork(Exception):
    """What a person has to put right, or only time can: said in one sentence, without a traceback."""


class NeedsConfirmation(Exception):
    """The work would do so much that a person has to say yes first."""


class Progress:
    """What long work knows of its own run."""

    id: int | None = None
    options: dict[str, Any]
    counters: dict[str, Any]

    def progress(self, message: str, done: int = 0, total: int = 0) -> None:
        """Say how far it is. Commits. Raises Stopped when the worker is to end."""
        raise NotImplementedError

    def note(self, line: str) -> None:
        """Add a line to the report."""
        raise NotImplementedError

    def count(self, name: str, number: int = 1) -> None:
        """Add to one of the counters."""
        self.counters[name] = self.counters.get(name, 0) + number
