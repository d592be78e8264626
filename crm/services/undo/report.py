"""What an undo did, and what it left alone."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

#: So many rows that were left alone are kept by name; the rest only counted.
MOST_NAMED = 200

CHANGED, DELETED, CLASHES, IN_USE, THERE = "changed", "deleted", "clashes", "in_use", "there"


@dataclass(frozen=True)
class Left:
    """A row that was left as it is. why: changed, deleted, clashes, in_use or there. fields: what was changed."""

    table: str
    row_id: int
    why: str
    fields: tuple[str, ...] = ()


@dataclass
class Report:
    """undone: rows taken back by table. hidden: rows at clients that the viewer does not see, left alone."""

    operation_id: int
    undone: Counter[str] = field(default_factory=Counter)
    left: list[Left] = field(default_factory=list)
    left_count: int = 0
    hidden: int = 0

    def leave(self, table: str, row_id: int, why: str, fields: tuple[str, ...] = ()) -> None:
        self.left_count += 1
        if len(self.left) < MOST_NAMED:
            self.left.append(Left(table, row_id, why, fields))

    def as_json(self) -> dict[str, Any]:
        """As the undoing operation keeps it."""
        rows = [[one.table, one.row_id, one.why, list(one.fields)] for one in self.left]
        return {
            "undone": dict(self.undone),
            "left": rows,
            "left_count": self.left_count,
            "hidden": self.hidden,
        }


def report_of(operation_id: int, details: dict[str, Any] | None) -> Report:
    """The report of an undo that was done earlier."""
    kept = details or {}
    rows = [Left(table, row, why, tuple(fields)) for table, row, why, fields in kept.get("left", [])]
    return Report(
        operation_id, Counter(kept.get("undone", {})), rows, kept.get("left_count", 0), kept.get("hidden", 0)
    )
