"""Which row of a table has the headings: above it may stand blank rows, and titles."""

import re
from collections.abc import Sequence

#: How far down they are looked for.
DEEPEST = 20
VALUE = re.compile(r"[\d\s.,:/+()%-]+|\S+@\S+")


def find_headings(rows: Sequence[Sequence[str]]) -> int:
    """The number of the row with the headings, from 1: the first that is nearly as full as any other.

    A title stands alone in its row, and merged cells above the headings leave most of it blank.
    """
    filled = [sum(1 for cell in cells if cell.strip()) for cells in rows]
    most = max(filled[: DEEPEST * 2], default=0)
    for number, count in enumerate(filled[:DEEPEST]):
        if count >= max(1, 0.7 * most) and not _are_values(rows[number]):
            return number + 1
    return next(number for number, count in enumerate(filled, 1) if count)


def _are_values(cells: Sequence[str]) -> bool:
    """Whether a row looks like data: mostly numbers, dates and addresses."""
    some = [cell.strip() for cell in cells if cell.strip()]
    return sum(1 for cell in some if VALUE.fullmatch(cell)) > len(some) / 2
