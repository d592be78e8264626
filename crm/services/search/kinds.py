"""What is said of records known by number alone, those on a timeline or found by a search: kinds, and words."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import literal, select, union_all

from crm.extensions import db
from crm.registry import Part, registry


def parts_of(rows: Iterable[tuple[str | None, int | None]]) -> dict[tuple[str, int], Part]:
    """(key of its record type, id) -> the kind that a record is of, for those whose type has kinds. One statement.

    The rows are ones that the viewer is known to see.
    """
    wanted: dict[str, set[int]] = defaultdict(set)
    for key, number in rows:
        record = registry().by_key.get(key or "")
        if record is not None and record.kinds and number is not None:
            wanted[record.key].add(number)
    asked: list[Any] = []
    for key, numbers in wanted.items():
        record = registry()[key]
        table = record.mapper.local_table
        kind = table.c[record.kind.key]  # type: ignore[union-attr]
        asked.append(select(literal(key), table.c.id, kind).where(table.c.id.in_(numbers)))
    found = db.session.execute(union_all(*asked)) if asked else ()
    parts = {(key, number): registry()[key].find_part(kind) for key, number, kind in found}
    return {row: part for row, part in parts.items() if part is not None}


def told_words(rows: Iterable[tuple[str | None, int | None]]) -> dict[tuple[str, int], list[str]]:
    """(key of its record type, id) -> the words of the choices by which a record is told. One statement.

    The rows are ones that the viewer is known to see.
    """
    wanted: dict[str, set[int]] = defaultdict(set)
    for key, number in rows:
        record = registry().by_key.get(key or "")
        if record is not None and record.told_by and number is not None:
            wanted[record.key].add(number)
    asked: list[Any] = []
    for key, numbers in wanted.items():
        table = registry()[key].mapper.local_table
        for attribute in registry()[key].told_by:
            name, value = literal(attribute.key), table.c[attribute.key]
            asked.append(select(literal(key), table.c.id, name, value).where(table.c.id.in_(numbers)))
    found = db.session.execute(union_all(*asked)) if asked else ()
    values = {(key, number, name): value for key, number, name, value in found}
    return {
        (key, number): [
            str(dict(registry()[key].choices[a.key]).get(values.get((key, number, a.key)), ""))
            for a in registry()[key].told_by
        ]
        for key, number, _name in values
    }
