"""What a public register offers for the form of a client."""

from dataclasses import dataclass, field
from datetime import datetime


class NoAnswer(Exception):
    """There is nothing to offer; the message says why."""


@dataclass(frozen=True)
class Company:
    """One entry of a register. values: what a client's fields would be; warnings: what one should know before."""

    name: str
    place: str
    kind: str
    values: dict[str, str]
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Found:
    """What is under a number, the likeliest first, and when the register was asked."""

    number: str
    at: datetime
    companies: list[Company]
