"""Reading values that programs and files send: JSON or text in, what a column holds out.

Forgiving in form (`1 234,5` is a number, `7` may stand for a text), strict in meaning: what cannot be
understood is refused with words for the user, never guessed and never cut.
"""

import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import get_timezone
from flask_babel import gettext as _
from sqlalchemy import Boolean, Column, Date, Integer, String

from crm.models.blanks import trimmed
from crm.models.types import Exact, UtcDateTime

LARGEST_INTEGER = 2**31 - 1


class Unreadable(ValueError):
    """A value that a column cannot take; the message is for the user."""


def is_typed(text: str) -> bool:
    """Whether a text is what people type or paste: blanks and marks of any kind, but no control characters."""
    return all(c.isspace() or unicodedata.category(c) not in ("Cc", "Cs") for c in text)


def read_number(text: str) -> Decimal:
    """A number as people type it: `1 234,5`, `1,234.5`, `1234.5`. Raises ValueError for anything else."""
    bare = "".join(c for c in text if not c.isspace() and c != "'")
    if "," in bare and "." in bare:
        thousands = "," if bare.rfind(".") > bare.rfind(",") else "."
        bare = bare.replace(thousands, "")
    bare = bare.replace(",", ".")
    try:
        number = Decimal(bare)
    except InvalidOperation:
        raise ValueError(text) from None
    if not number.is_finite() or not set(bare) <= set("0123456789.-+"):
        raise ValueError(text)
    return number


def read_text(value: Any, longest: int | None = None) -> str | None:
    """A text without the blanks around it, or None for nothing; a number is taken as it is written."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise Unreadable(_("This must be a text."))
    text = trimmed(value)
    if longest is not None and len(text) > longest:
        raise Unreadable(_("At most %(n)d characters.", n=longest))
    return text or None


def read_decimal(value: Any, places: int = 2, largest: Decimal | int = LARGEST_INTEGER) -> Decimal:
    """An exact number with up to `places` decimals."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise Unreadable(_("This is not a number."))
    try:
        number = read_number(str(value)) if isinstance(value, str) else Decimal(str(value))
    except ValueError:
        raise Unreadable(_("This is not a number.")) from None
    if not number.is_finite():
        raise Unreadable(_("This is not a number."))
    if abs(number) > largest:
        raise Unreadable(_("This number is too large."))
    if number != round(number, places):
        raise Unreadable(_("At most %(n)d decimals.", n=places) if places else _("A whole number, please."))
    return number


def read_integer(value: Any, largest: int = LARGEST_INTEGER) -> int:
    """A whole number."""
    return int(read_decimal(value, places=0, largest=largest))


def read_boolean(value: Any) -> bool:
    """True or false, and nothing that only looks like it."""
    if not isinstance(value, bool):
        raise Unreadable(_("This is true or false."))
    return value


def read_day(value: Any) -> date:
    """A date as `2026-11-21`."""
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise Unreadable(_("This is not a date.")) from None


def read_moment(value: Any) -> datetime:
    """A date and time in ISO 8601, in UTC; without a zone it is in the user's."""
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            moment = get_timezone().localize(moment)
        return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise Unreadable(_("This is not a date and time.")) from None


def read_choice(value: Any, choices: Iterable[Any]) -> Any:
    """One of a few values."""
    known = list(choices)
    if not isinstance(value, str) or value not in known:
        raise Unreadable(_("This is one of: %(choices)s.", choices=", ".join(map(str, known))))
    return value


def read_column(column: Column[Any], value: Any, choices: Iterable[Any] | None = None) -> Any:
    """The value of a column; None and blank texts clear it. Raises Unreadable."""
    if is_blank(value):
        return emptied(column)
    if choices is not None:
        return read_choice(value, choices)
    return _reader(column)(value)


def is_blank(value: Any) -> bool:
    """Whether a value says that there is none."""
    return value is None or (isinstance(value, str) and not trimmed(value))


def emptied(column: Column[Any]) -> Any:
    """What a column has when it is cleared: nothing, or what it begins with where it is never empty.

    Raises Unreadable where there is neither.
    """
    if column.nullable:
        return None
    if column.default is None:
        raise Unreadable(_("Please fill this in."))
    begins: Any = column.default
    return begins.arg if begins.is_scalar else begins.arg(None)


def _reader(column: Column[Any]) -> Callable[[Any], Any]:
    kind = column.type
    if isinstance(kind, Exact):
        return lambda value: read_decimal(value, kind.scale, kind.largest)
    if isinstance(kind, UtcDateTime):
        return read_moment
    if isinstance(kind, Boolean):
        return read_boolean
    if isinstance(kind, Integer):
        return read_integer
    if isinstance(kind, Date):
        return read_day
    return lambda value: read_text(value, kind.length if isinstance(kind, String) else None)
