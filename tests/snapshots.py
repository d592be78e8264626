"""What the database holds of clients, for comparing it before and after."""

from typing import Any

from sqlalchemy import select

from crm.extensions import db
from crm.models.base import Base
from crm.services.history.log import BOOKKEEPING

#: The log itself, and what differs without meaning anything.
LEFT_OUT = {"operation", "change", "duplicate_todo", "duplicate_pair"}
LEFT_OUT_COLUMNS = BOOKKEEPING | {"operation_id", "last_activity_at"}
#: Derived rows are made anew, with other numbers.
DERIVED = {"timeline_entry", "search_entry"}


def tables() -> list[Any]:
    """The tables whose rows belong to clients, and clients."""
    names = {t.name for t in Base.metadata.tables.values() if "client_id" in t.c or t.name == "client"}
    more = {"task_assignee", "tag"}
    return [t for t in Base.metadata.tables.values() if t.name in (names | more) - LEFT_OUT]


def snapshot() -> dict[str, set[Any]]:
    """Table -> its rows, without what goes on whatever is undone."""
    found = {}
    for table in tables():
        left_out = LEFT_OUT_COLUMNS | ({"id"} if table.name in DERIVED else set())
        names = [c.name for c in table.c if c.name not in left_out]
        rows = db.session.connection().execute(select(*(table.c[name] for name in names)))
        kept = [dict(zip(names, row, strict=True)) for row in rows]
        if table.name == "timeline_entry":
            # what is told of the client itself grows by what is done and undone
            kept = [row for row in kept if row["table_name"]]
        if table.name == "search_entry":
            kept = [
                row | {name: sorted(row[name].split()) for name in ("words", "secret_words")} for row in kept
            ]
        found[table.name] = {tuple(sorted((k, repr(v)) for k, v in row.items())) for row in kept}
    return found


def differences(before: dict[str, set[Any]], after: dict[str, set[Any]]) -> dict[str, Any]:
    """Table -> (rows that are gone, rows that are new), where there are any."""
    return {
        name: (before[name] - after[name], after[name] - before[name])
        for name in before
        if before[name] != after[name]
    }
