"""Two people's changes of the same lines, brought together cell by cell, with nothing silently lost."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from crm.models.line import LINE_FIELDS

#: A line as texts: `id` (blank for a new one) and each cell.
Texts = dict[str, str]


@dataclass
class Verdict:
    """What came of it.

    result: (number of my row or None for one of theirs, id of the line or "", cells to write), in order.
    cells: (number of my row, cell) that both changed. gone: numbers of my rows that they removed and I changed.
    lost: lines that I removed and they changed. reordered: both put the lines into another order.
    base: what counts as the lines at first when it is tried again.
    """

    result: list[tuple[int | None, str, Sequence[str]]] = field(default_factory=list)
    cells: set[tuple[int, str]] = field(default_factory=set)
    gone: list[int] = field(default_factory=list)
    lost: list[Texts] = field(default_factory=list)
    reordered: bool = False
    base: list[Texts] = field(default_factory=list)

    @property
    def is_conflict(self) -> bool:
        return bool(self.cells or self.gone or self.lost or self.reordered)


def merge_lines(before: list[Texts], mine: list[Texts], now: list[Texts]) -> Verdict:
    """Bring my rows and the lines as they are now together; before: the lines that I started from."""
    verdict = Verdict()
    old, theirs = {one["id"]: dict(one) for one in before}, {one["id"]: one for one in now}
    kept: dict[str, tuple[int, Sequence[str]]] = {}
    for number, row in enumerate(mine):
        line = row["id"]
        if not line or (line not in old and line not in theirs):
            continue
        if line not in theirs:
            if row != old[line]:
                verdict.gone.append(number)
            old.pop(line)
            continue
        was = old.setdefault(line, dict(theirs[line]))
        changed = [name for name in LINE_FIELDS if row[name] != was[name]]
        for name in changed:
            if theirs[line][name] not in (was[name], row[name]):
                verdict.cells.add((number, name))
                was[name] = theirs[line][name]
        kept[line] = number, changed
    ours = {row["id"] for row in mine}
    for line in [line for line in old if line not in ours]:
        if line in theirs and theirs[line] != old[line]:
            verdict.lost.append(theirs[line])
            old[line] = dict(theirs[line])
    _put_in_order(verdict, before, mine, now, kept)
    added = [one["id"] for one in now if one["id"] not in old]
    verdict.result += [(None, line, ()) for line in added]
    # those that they added are not on my page, so they are no lines that I would remove
    order = [one["id"] for one in now if one["id"] in old]
    verdict.base = [old[line] for line in order]
    return verdict


def _put_in_order(
    verdict: Verdict, before: list[Texts], mine: list[Texts], now: list[Texts],
    kept: dict[str, tuple[int, Sequence[str]]],
) -> None:  # fmt: skip
    """My rows in my order, or in theirs where only they changed it; new rows of mine stay behind their neighbour."""
    first, second, third = (
        [one["id"] for one in lines if one["id"] in kept] for lines in (before, mine, now)
    )
    they_moved, i_moved = third != first, second != first
    verdict.reordered = they_moved and i_moved and third != second
    sequence = third if they_moved and not i_moved else second
    behind: dict[str, list[int]] = {}
    neighbour = ""
    for number, row in enumerate(mine):
        if row["id"] in kept:
            neighbour = row["id"]
        elif not row["id"] or number in verdict.gone:
            behind.setdefault(neighbour, []).append(number)
    for line in ("", *sequence):
        if line:
            number, names = kept[line]
            verdict.result.append((number, line, names))
        verdict.result += [(number, "", LINE_FIELDS) for number in behind.get(line, ())]
