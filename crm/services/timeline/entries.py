"""A client's timeline as it is written: entries of records and of operations, kept at every flush."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, tuple_, update
from sqlalchemy.orm import Session

from crm.models import Client, TimelineEntry
from crm.models.base import CLIENT_LINKS, clients_of, has_changed, touched
from crm.models.timeline import LONGEST
from crm.models.types import utc_now
from crm.registry import RecordType, registry
from crm.security.viewer import SYSTEM, acting, actor_id
from crm.security.visibility import including_hidden
from crm.services.clients.guarded import guarded_records
from crm.services.history.inserting import insert_many

#: What an operation on a client is called on its timeline, weakest first: each client gets one entry of it.
CLIENT_KINDS = (
    "change",
    "created",
    "consent",
    "status",
    "restore",
    "archive",
    "trash",
    "contact_move",
    "contact_merge",
    "to_contact",
    "to_client",
    "merge",
    "unmerge",
    "undo",
)
#: Those of them that tell of a contact.
CONTACT_KINDS = frozenset({"contact_move", "contact_merge", "to_contact", "to_client"})
#: Tables whose rows are part of the client itself, or of its contacts.
PARTS = {"client_tag", "client_assignee", "client_external_id", "attribute_value"}


def record_entries(session: Session, operation: int, rows: list[dict[str, Any]]) -> None:
    """Bring the timeline up to date with the current flush; rows are its changes."""
    table, connection = TimelineEntry.__table__, session.connection()
    old, kept = [], {}
    found = _touched(session)
    for record, item in found:
        if item not in session.new:
            old.append((record.key, item.id))
    if old:
        named = tuple_(table.c.table_name, table.c.row_id).in_(old)
        if any(record.also_when for record, _item in found):
            kept = _actors(connection, named)
        connection.execute(delete(table).where(named))
    new = [
        entry
        for record, item in found
        if item not in session.deleted
        for entry in entry_rows(record, item, operation, kept)
    ]
    if new:
        insert_many(connection, insert(table), new)
        _note_activity(session, new)
    _follow_names(session)
    _client_entries(session, operation, rows)


def _follow_names(session: Session) -> None:
    """Write the names of clients that are called otherwise where records between clients name them."""
    renamed = {item.id for item in session.dirty if isinstance(item, Client) and has_changed(item, "name")}
    links = [one for one in registry().of_client() if one.between_clients and one.when is not None]
    if not renamed or not links:
        return
    entries, connection = TimelineEntry.__table__, session.connection()
    # a session of its own, since what the viewer may not see must not stay in the one of the request
    with (
        acting(SYSTEM),
        including_hidden(),
        Session(connection, join_transaction_mode="rollback_only") as own,
    ):
        for record in links:
            model: Any = record.model
            theirs = model.client_id.in_(renamed) | model.other_id.in_(renamed)
            for item in own.scalars(select(model).where(theirs)):
                of_item = (entries.c.table_name == record.key) & (entries.c.row_id == item.id)
                for client_id in clients_of(item):
                    entry = update(entries).where(of_item, entries.c.client_id == client_id)
                    connection.execute(entry.values(summary=_shortened(item.told_to(client_id))))


def _touched(session: Session) -> list[tuple[RecordType, Any]]:
    """The records of the current flush whose entries are to be written anew."""
    by_model = registry().by_model
    found = [
        (record, item)
        for item in (*session.new, *session.dirty, *session.deleted)
        if (record := by_model.get(type(item))) is not None and record.when is not None
        if item not in session.dirty or _entry_changed(item, record)
    ]
    known = {id(item) for _record, item in found}
    guarded = [pair for pair in guarded_records(session) if pair[0].when is not None]
    return found + [(record, item) for record, item in guarded if id(item) not in known]


def _entry_changed(item: Any, record: RecordType) -> bool:
    moments = (a.key for a, _words in record.also_when.values())
    own = (a.key for a in record.columns)
    names = {record.when.key, "client_id", "other_id", CLIENT_LINKS, *moments, *own}  # type: ignore
    return has_changed(item, *names.intersection(touched(item)))


def _actors(
    connection: Connection, named: ColumnElement[bool]
) -> dict[tuple[str, int, datetime], int | None]:
    """Who stands at the entries named: (kind, row, moment) -> user id."""
    table = TimelineEntry.__table__
    found = connection.execute(
        select(table.c.kind, table.c.row_id, table.c.at, table.c.actor_id).where(named)
    )
    return {(row.kind, row.row_id, row.at): row.actor_id for row in found}


def entry_rows(
    record: RecordType,
    item: Any,
    operation: int | None,
    actors: Mapping[tuple[str, int, datetime], int | None],
) -> list[dict[str, Any]]:
    """The timeline entries of one record, at each of its clients and moments, as rows.

    actors: who stands at entries written earlier; others get whoever acts now.
    """
    moments = [(record.key, getattr(item, record.when.key), getattr(item, "created_by_id", None))]  # type: ignore
    for name, (attribute, _words) in record.also_when.items():
        kind, at = f"{record.key}.{name}", getattr(item, attribute.key)
        moments.append((kind, at, actors.get((kind, item.id, at), actor_id())))
    return [
        {
            "client_id": client_id, "at": at, "kind": kind, "table_name": record.key, "row_id": item.id,
            "actor_id": actor, "operation_id": operation, "summary": _shortened(item.told_to(client_id)),
        }
        for client_id in clients_of(item)
        for kind, at, actor in moments
        if at is not None
    ]  # fmt: skip


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


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
            .where(
                table.c.id == client_id,
                or_(table.c.last_activity_at.is_(None), table.c.last_activity_at < at),
            )
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


def has_only_moved(row: Mapping[str, Any]) -> bool:
    """Whether a change of a part is only that it went along with its contact, which is said elsewhere."""
    return row["table_name"] in PARTS and row["action"] == "update" and set(row["after"]) <= {"client_id"}


def _client_entries(session: Session, operation: int, rows: list[dict[str, Any]]) -> None:
    hint = session.info.get("operation_hint")
    forced = hint[0] if hint and hint[0] in CLIENT_KINDS else None
    kinds: dict[int, str] = {}
    for row in rows:
        if (row["table_name"] != "client" and row["table_name"] not in PARTS) or has_only_moved(row):
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
        insert_many(connection, insert(table), new)
