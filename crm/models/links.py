"""Rows that link a record to several users or tags, seen as a plain sequence."""

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import inspect


def linked(links: str, target: str, make: Callable[[Any], Any]) -> Any:
    """A property: the `target` of each row in the relationship `links`.

    Setting it keeps the rows of what stays, so that no row is deleted and added anew, and puts them in the
    order given; rows whose target the viewer does not see stay. make: given a target, a new link row.
    """

    def get(self: Any) -> tuple[Any, ...]:
        found = (getattr(row, target) for row in getattr(self, links))
        return tuple(one for one in found if one is not None)

    def set_(self: Any, wanted: Iterable[Any]) -> None:
        rows = getattr(self, links)
        known = {id(getattr(row, target)): row for row in rows}
        wanted = list(dict.fromkeys(wanted))
        hidden = [row for row in rows if getattr(row, target) is None and inspect(row).persistent]
        kept = [*(known.get(id(one)) or make(one) for one in wanted), *hidden]
        if [id(row) for row in kept] != [id(row) for row in rows]:
            rows[:] = kept
            if hasattr(rows, "reorder"):
                rows.reorder()

    return property(get, set_, doc=f"The {target}s, in order, as a tuple; assign a whole new one.")
