"""How a file writes numbers and dates, told by those of its cells that can be read in one way only."""

import re
from collections.abc import Iterable

DECIMAL_MARKS = (".", ",")
#: Year, month and day, as letters: ISO dates are read whatever the order.
DATE_ORDERS = ("dmy", "mdy", "ymd")
NUMBER = re.compile(r"[-+]?\d[\d .,'\u00a0\u202f]*")
DATE = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?:[ T,]+\d{1,2}[:.]\d{2}.*)?")


def decimal_mark(rows: Iterable[Iterable[str]], default: str) -> str:
    """The sign before decimals. The default stands unless the cells speak for the other one alone."""
    votes = dict.fromkeys(DECIMAL_MARKS, 0)
    for cells in rows:
        for cell in cells:
            if (mark := _mark_of(cell.strip())) is not None:
                votes[mark] += 1
    other = "," if default == "." else "."
    return other if votes[other] and not votes[default] else default


def _mark_of(text: str) -> str | None:
    """The decimal mark of a number that can be read in one way only."""
    if len(text) > 30 or not NUMBER.fullmatch(text):
        return None
    marks = [c for c in text if c in DECIMAL_MARKS]
    if not marks or (len(set(marks)) == 1 and len(marks) > 1):
        return None
    last = marks[-1]
    if marks.count(last) > 1:
        return None
    whole, _mark, decimals = text.rpartition(last)
    if len(marks) > 1:
        return last
    # `1.234` may be either
    return last if len(decimals) != 3 or whole.lstrip("+-") in ("0", "") or len(whole) > 4 else None


def date_order(rows: Iterable[Iterable[str]]) -> str:
    """Whether the day or the month stands first; the day where both can be."""
    day_first = month_first = year_first = False
    for cells in rows:
        for cell in cells:
            if (match := DATE.fullmatch(cell.strip())) is None:
                continue
            first, sign, second, last = match[1], match[2], int(match[3]), match[4]
            if len(first) == 4:
                year_first = year_first or sign != "-"
            elif len(last) in (2, 4):
                day_first = day_first or int(first) > 12
                month_first = month_first or (second > 12 and sign != ".")
    if month_first and not day_first:
        return "mdy"
    return "ymd" if year_first and not day_first else "dmy"
