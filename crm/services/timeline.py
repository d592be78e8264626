"""A client's timeline: its entries as rows change, and its pages."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import delete, func, insert, inspect, or_, select, tuple_, update
from sqlalchemy.orm import Session

from crm.extensions import db
from crm.models import Change, Client, Status, TimelineEntry
from crm.models.types import utc_now
from crm.registry import registry
from crm.security.viewer import actor_id
from crm.services.history import BOOKKEEPING

#: What an operation on a client is called on its timeline, weakest first: one entry per operation and client.
CLIENT_KINDS = ("change", "created", "consent", "status", "restore", "archive", "trash", "merge", "unmerge", "undo")
#: The kinds that are shown unless more is asked for; record types are always among them.
INTERACTIONS = frozenset({"created", "status", "archive", "restore", "trash", "merge", "unmerge"})
#: Tables whose rows are part of the client itself.
PARTS = {"client_tag", "client_assignee", "client_external_id", "attribute_value"}
PAGE = 20


# -- writing


def record_entries(session: Session, operation: int, rows: list[dict[str, Any]]) -> None:
    """Bring the timeline up to date with the current flush; rows are its changes."""
    old, new = _record_entries(session, operation)
    table, connection = TimelineEntry.__table__, session.connection()
    if old:
        connection.execute(delete(table).where(tuple_(table.c.table_name, table.c.row_id).in_(old)))
    if new:
        connection.execute(insert(table), new)
        _note_activity(session, new)
    _client_entries(session, operation, rows)


def _record_entries(session: Session, operation: int) -> tuple[list[tuple[str, int]], list[dict[str, Any]]]:
    by_model = registry().by_model
    old: list[tuple[str, int]] = []
    new: list[dict[str, Any]] = []
    for item in (*session.new, *session.dirty, *session.deleted):
        record = by_model.get(type(item))
        if record is None or record.when is None:
            continue
        if item in session.dirty and not _entry_changed(item, record):
            continue
        if item not in session.new:
            old.append((record.key, item.id))
        at = getattr(item, record.when.key)
        if item not in session.deleted and at is not None:
            new += [entry_row(item, record.key, client_id, at, operation) for client_id in clients_of(item)]
    return old, new


def _entry_changed(item: Any, record: Any) -> bool:
    attributes = inspect(item).attrs
    names = {record.when.key, "client_id", "other_id", *(a.key for a in record.columns)} & set(attributes.keys())
    return any(attributes[name].history.has_changes() for name in names)


def clients_of(item: Any) -> list[int]:
    """The clients on whose timelines a record stands: one, none, or both sides of a relationship."""
    return [i for i in (getattr(item, "client_id", None), getattr(item, "other_id", None)) if i is not None]


def entry_row(item: Any, kind: str, client_id: int, at: datetime, operation: int | None) -> dict[str, Any]:
    """The timeline entry of one record at one client, as a row."""
    return {
        "client_id": client_id,
        "at": at,
        "kind": kind,
        "table_name": kind,
        "row_id": item.id,
        "actor_id": getattr(item, "created_by_id", None),
        "operation_id": operation,
        "summary": str(item)[:200],
    }


def _note_activity(session: Session, entries: list[dict[str, Any]]) -> None:
    """Keep each client's last activity; outside its version, so that no open form is invalidated."""
    latest: dict[int, datetime] = {}
    for entry in entries:
        at = min(entry["at"], utc_now())
        latest[entry["client_id"]] = max(at, latest.get(entry["client_id"], at))
    table = Client.__table__
    for client_id, at in sorted(latest.items()):
        session.connection().execute(
            update(table)
            .where(table.c.id == client_id, or_(table.c.last_activity_at.is_(None), table.c.last_activity_at < at))
            .values(last_activity_at=at, changed_at=table.c.changed_at)
        )


def _kind_of(row: dict[str, Any]) -> str:
    if row["table_name"] in PARTS:
        return "change"
    if row["action"] == "insert":
        return "created"
    after = row["after"] or {}
    if "deleted_at" in after:
        return "trash" if after["deleted_at"] else "restore"
    if "archived_at" in after:
        return "archive" if after["archived_at"] else "restore"
    if "status_id" in after:
        return "status"
    return "consent" if "consent" in after else "change"


def _client_entries(session: Session, operation: int, rows: list[dict[str, Any]]) -> None:
    hint = session.info.get("operation_hint")
    forced = hint[0] if hint and hint[0] in CLIENT_KINDS else None
    kinds: dict[int, str] = {}
    for row in rows:
        if row["table_name"] != "client" and row["table_name"] not in PARTS:
            continue
        kind = forced or _kind_of(row)
        known = kinds.get(row["client_id"], kind)
        kinds[row["client_id"]] = max(kind, known, key=CLIENT_KINDS.index)
    add_client_entries(session, operation, kinds)


def add_client_entries(session: Session, operation: int, kinds: dict[int, str]) -> None:
    """Note on these clients' timelines what the operation did to them (client id -> kind), once each."""
    if not kinds:
        return
    table, connection = TimelineEntry.__table__, session.connection()
    there = {
        row.client_id: row
        for row in connection.execute(
            select(table.c.id, table.c.client_id, table.c.kind).where(
                table.c.operation_id == operation, table.c.table_name.is_(None), table.c.client_id.in_(kinds)
            )
        )
    }
    for client_id, row in there.items():
        if CLIENT_KINDS.index(kinds[client_id]) > CLIENT_KINDS.index(row.kind):
            connection.execute(update(table).where(table.c.id == row.id).values(kind=kinds[client_id]))
    new = [
        {"client_id": i, "at": utc_now(), "kind": kind, "actor_id": actor_id(), "operation_id": operation,
         "summary": ""}
        for i, kind in kinds.items() if i not in there
    ]  # fmt: skip
    if new:
        connection.execute(insert(table), new)


# -- reading


@dataclass(frozen=True)
class Line:
    """One line of a timeline as it is shown.

    changes: of an operation's entry, the changes it made to this client. actor: None for the system.
    """

    entry: TimelineEntry
    actor: User | None
    changes: list[Change]


def page(
    client_id: int, keys: Collection[str], everything: bool = False, before: tuple[datetime, int] | None = None
) -> tuple[list[Line], tuple[datetime, int] | None]:
    """One page of a client's timeline, newest first.

    keys: the record types whose entries are shown. everything: field changes too.
    before: where the last page ended. Returns the lines and where this page ended (None at the end).
    """
    asked = select(TimelineEntry).where(TimelineEntry.client_id == client_id)
    kinds = set(keys) | (set(CLIENT_KINDS) if everything else INTERACTIONS)
    asked = asked.where(TimelineEntry.kind.in_(kinds))
    if before:
        asked = asked.where(tuple_(TimelineEntry.at, TimelineEntry.id) < before)
    entries = list(
        db.session.scalars(asked.order_by(TimelineEntry.at.desc(), TimelineEntry.id.desc()).limit(PAGE + 1))
    )
    more = len(entries) > PAGE
    entries = entries[:PAGE]
    changes = _changes(client_id, {e.operation_id for e in entries if e.table_name is None and e.operation_id})
    actors = {e.actor_id for e in entries if e.actor_id}
    users = {u.id: u for u in db.session.scalars(select(User).where(User.id.in_(actors)))} if actors else {}
    lines = [Line(e, users.get(e.actor_id), changes[e.operation_id] if e.table_name is None else []) for e in entries]
    return lines, (entries[-1].at, entries[-1].id) if more else None


def _changes(client_id: int, operations: set[int]) -> dict[int | None, list[Change]]:
    found: dict[int | None, list[Change]] = defaultdict(list)
    if operations:
        asked = select(Change).where(
            Change.client_id == client_id,
            Change.operation_id.in_(operations),
            Change.table_name.in_({"client", *PARTS}),
        )
        for change in db.session.scalars(asked.order_by(Change.id).limit(500)):
            found[change.operation_id].append(change)
    return found


def status_names() -> dict[int, Status]:
    """Every status by id, for saying what a change of status was."""
    return {s.id: s for s in db.session.scalars(select(Status))}


def changed_names(changes: list[Change]) -> list[str]:
    """The client's columns that these changes touched, without bookkeeping, in order."""
    names: dict[str, None] = {}
    for change in changes:
        if change.table_name == "client":
            names.update(dict.fromkeys(k for k in change.after or {} if k not in BOOKKEEPING))
        else:
            names[change.table_name.removeprefix("client_")] = None
    return list(names)


def entry_count(client_id: int) -> int:
    """How many entries a client's timeline has."""
    return db.session.scalar(select(func.count(TimelineEntry.id)).where(TimelineEntry.client_id == client_id)) or 0


