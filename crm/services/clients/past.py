"""A client as it was at a moment: its fields, tags, people, external IDs, attributes and contacts.

Worked out from what is there now, back through the log. After a merge the target is as it was then; what it got
by the merge stands at the source, which still can be asked for.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Table, func, inspect, select
from sqlalchemy.orm.attributes import set_committed_value

from crm.extensions import db
from crm.models import Change, Client, ClientExternalId, Contact, Operation, TimelineEntry
from crm.registry import registry
from crm.security.masking import sensitive_clients
from crm.security.visibility import visible_client_ids
from crm.services.history.change_values import listed
from crm.services.history.encoding import decode
from crm.services.history.pieces import ATTRIBUTES, Piece, pieces_of
from crm.services.history.row_pasts import before_change, rows_now
from crm.services.timeline.entries import CONTACT_KINDS

log = Change.__table__
#: What is done to other clients and takes rows from this one, or brings them.
BETWEEN = frozenset({*CONTACT_KINDS, "merge", "unmerge", "undo"})

#: A row in the log's values.
Row = dict[str, Any]


@dataclass
class Past:
    """What a client had. client, contacts: copies that belong to no session.

    tags, users: ids in order. values: definition -> rows of the attribute's value. contact_tags: contact -> tags.
    sources: clients merged into it since, which were clients of their own then.
    """

    client: Client
    tags: list[int] = field(default_factory=list)
    users: list[int] = field(default_factory=list)
    values: dict[int, list[Row]] = field(default_factory=dict)
    contacts: list[Contact] = field(default_factory=list)
    contact_tags: dict[int, list[int]] = field(default_factory=dict)
    sources: list[int] = field(default_factory=list)


def past_of(client_id: int, moment: datetime) -> Past | None:
    """A client as it stood before a moment; None where it was not there yet. The caller has seen to it that the
    viewer sees it, or what it was merged into."""
    first = db.session.scalar(select(func.min(Operation.id)).where(Operation.at >= moment))
    own, of_contacts = (pieces_of(registry().by_model[model]) for model in (Client, Contact))
    contacts = Piece("contacts", Contact, "client_id")
    tables = {piece.table for piece in (contacts, *own, *of_contacts)} | {Client.__table__}
    ids = _ids(client_id, first, tables)
    ids[Client.__tablename__] = {client_id}
    then = {table.name: _rows_then(table, ids[table.name], first) for table in tables}
    row = then[Client.__tablename__].get(client_id)
    if row is None or decode(Client.__table__.c.created_at.type, row["created_at"]) >= moment:
        return None
    past = Past(_copy(Client, row))
    mine = {piece.name: _mine(piece, then, client_id) for piece in own}
    _put_on(past, mine)
    there, guarded = _told_contacts(client_id, _mine(contacts, then, client_id))
    for contact in there:
        copy = _copy(Contact, contact)
        # what its client of today hides is not told of its days at another one
        set_committed_value(
            copy, "client", Client(sensitive=True) if contact["id"] in guarded else past.client
        )
        past.contacts.append(copy)
    for piece in of_contacts:
        if piece.name == "tag_links":
            past.contact_tags = {c["id"]: [r["tag_id"] for r in _mine(piece, then, c["id"])] for c in there}
    past.contacts.sort(key=lambda one: (not one.is_primary, one.id))
    if first is not None:
        past.sources = _merged_since(client_id, first)
    return past


def _put_on(past: Past, mine: dict[str, list[Row]]) -> None:
    past.tags = [row["tag_id"] for row in mine["tag_links"]]
    past.users = [
        row["user_id"] for row in sorted(mine["assignee_links"], key=lambda r: (r["position"], r["id"]))
    ]
    external = [_copy(ClientExternalId, row) for row in mine["external_ids"]]
    external.sort(key=lambda one: (one.alias, one.app_code, one.id))
    set_committed_value(past.client, "external_ids", external)
    values: dict[int, list[Row]] = defaultdict(list)
    for row in mine[ATTRIBUTES]:
        values[row["definition_id"]].append(row)
    past.values = dict(values)


# -- which rows, and how they were


def _ids(client_id: int, first: int | None, tables: Iterable[Table]) -> dict[str, set[int]]:
    """Table -> the rows that are the client's, or were since an operation."""
    connection, found = db.session.connection(), defaultdict[str, set[int]](set)
    names = {table.name for table in tables}
    for table in tables:
        if "client_id" in table.c:
            found[table.name] |= set(
                connection.scalars(select(table.c.id).where(table.c.client_id == client_id))
            )
    if first is None:
        return found
    entries = TimelineEntry.__table__.c
    between = select(entries.operation_id).where(
        entries.client_id == client_id, entries.kind.in_(BETWEEN), entries.operation_id >= first
    )
    since = (log.c.operation_id >= first) & log.c.table_name.in_(names)
    for mine in (log.c.client_id == client_id, log.c.operation_id.in_(between)):
        asked = select(log.c.table_name, log.c.row_id).where(since, mine).distinct()
        for name, row_id in connection.execute(asked):
            found[name].add(row_id)
    return found


def _rows_then(table: Table, ids: set[int], first: int | None) -> dict[int, Row]:
    """These rows of a table as they were before an operation, those that were there."""
    rows: dict[int, Any] = dict(rows_now(table, ids))
    if first is not None and ids:
        dialect = db.session.get_bind().dialect.name
        asked = select(log.c.row_id, log.c.action, log.c.before).where(
            log.c.table_name == table.name,
            log.c.row_id.in_(listed(dialect, ids)),
            log.c.operation_id >= first,
        )
        for change in db.session.connection().execute(asked.order_by(log.c.id.desc())):
            if change.action == "update" and (row := rows.get(change.row_id)) is not None:
                # in place: one row may have changed ten thousand times
                row.update(change.before or {})
            else:
                rows[change.row_id] = before_change(change, rows.get(change.row_id))
    return {number: row for number, row in rows.items() if row is not None}


def _mine(piece: Piece, then: dict[str, dict[int, Row]], owner_id: int) -> list[Row]:
    rows = [row for row in then[piece.table.name].values() if piece.is_of(row, owner_id)]
    return sorted(rows, key=lambda row: row["id"])


def _told_contacts(client_id: int, rows: list[Row]) -> tuple[list[Row], set[int]]:
    """Of these contacts those that have not gone to a client which the viewer does not see; and the ids of those
    that are at a sensitive one by now."""
    table, ids = Contact.__table__, [row["id"] for row in rows]
    asked = select(table.c.id, table.c.client_id).where(table.c.id.in_(ids))
    now = dict(db.session.connection().execute(asked).all()) if ids else {}
    if lost := set(ids) - set(now):
        gone = (log.c.table_name == table.name) & log.c.row_id.in_(lost) & (log.c.action == "delete")
        now |= dict(db.session.connection().execute(select(log.c.row_id, log.c.client_id).where(gone)).all())
    elsewhere = set(now.values()) - {client_id, None}
    seen = visible_client_ids(elsewhere) | {client_id} if elsewhere else {client_id}
    guarding = sensitive_clients(elsewhere) if elsewhere else set()
    told = [row for row in rows if now.get(row["id"], client_id) in seen]
    return told, {number for number, owner in now.items() if owner in guarding}


def _merged_since(client_id: int, first: int) -> list[int]:
    asked = select(Operation.details).where(
        Operation.client_id == client_id, Operation.kind == "merge", Operation.id >= first,
        Operation.undone_by_id.is_(None),
    )  # fmt: skip
    return [details["source_id"] for details in db.session.scalars(asked.order_by(Operation.id))]


def _copy(model: Any, row: Row) -> Any:
    """A record with these values that belongs to no session and is never written."""
    copy = model()
    for prop in inspect(model).column_attrs:
        column = prop.columns[0]
        if column.name in row:
            set_committed_value(copy, prop.key, decode(column.type, row[column.name]))
    return copy
