"""A client's timeline as it is read: pages by keyset, newest first, of what the viewer may see."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import ColumnElement, and_, case, exists, func, literal, or_, select, tuple_, union_all

from crm.extensions import db
from crm.models import (
    AttributeDefinition,
    AttributeOption,
    AttributeValue,
    Change,
    Client,
    Contact,
    Operation,
    Status,
    Tag,
    TimelineEntry,
)
from crm.registry import Part, RecordType, registry
from crm.security.visibility import sees_client
from crm.services.clients.redirects import followed
from crm.services.search.kinds import parts_of, told_words
from crm.services.timeline.entries import CLIENT_KINDS, PARTS

#: What operations on a client are shown unless everything is asked for; records always are.
INTERACTIONS = frozenset(CLIENT_KINDS) - {"change"}
#: Operations after which the rows of one client are another's.
MERGES = frozenset({"merge", "unmerge", "to_contact"})
PAGE = 20
#: Of one page's operations, so many changed rows are put into words at most.
MOST_CHANGES = 500

Mark = tuple[datetime, int]
#: ("status", 3) -> "Active": what the numbers in changes stand for. An attribute's value leads to its label,
#: and one of a contact to the contact's name.
Names = dict[tuple[str, int], str]


@dataclass(frozen=True)
class Line:
    """One line of a timeline.

    record: the type of its record; None for an operation on the client itself, which has `changes`.
    part: the record's type, or the kind of that which it is. told: further words for what it is.
    actor: None for the system, and for users who are gone.
    """

    entry: TimelineEntry
    record: RecordType | None
    actor: User | None
    operation: Operation | None
    changes: list[Change]
    part: Part | None = None
    told: Sequence[str] = ()


@dataclass(frozen=True)
class TimelinePage:
    """Some lines; next: where the following page begins, None at the end.

    client: whose they are; None where there are no lines.
    """

    client: Client | None
    lines: list[Line]
    names: Names
    next: Mark | None


def page(
    client_id: int, records: Collection[RecordType], everything: bool = False, before: Mark | None = None
) -> TimelinePage:
    """One page of a client's timeline, without lines where the viewer does not see the client.

    records: the types whose entries are shown. everything: changes of fields too.
    before: the `next` of the page before.
    """
    asked = (
        select(TimelineEntry, User, Operation, Client)
        .join(Client, Client.id == TimelineEntry.client_id)
        .outerjoin(User, User.id == TimelineEntry.actor_id)
        .outerjoin(Operation, Operation.id == TimelineEntry.operation_id)
        .where(TimelineEntry.client_id == client_id, _shown(records, everything))
        .order_by(TimelineEntry.at.desc(), TimelineEntry.id.desc())
        .limit(PAGE + 1)
    )
    if before:
        asked = asked.where(tuple_(TimelineEntry.at, TimelineEntry.id) < tuple_(*_bound(before)))
    rows = db.session.execute(asked).all()
    more, rows = len(rows) > PAGE, rows[:PAGE]
    told = {e.operation_id for e, *_ in rows if e.table_name is None and e.kind != "created"}
    merges = {o.id for _entry, _user, o, *_ in rows if o is not None and o.kind in MERGES}
    changes = _changes(client_id, told, merges)
    of_records = [(entry.table_name, entry.row_id) for entry, *_ in rows]
    parts, told_by = parts_of(of_records), told_words(of_records)
    lines = [
        _line(entry, actor, operation, changes, parts, told_by) for entry, actor, operation, _client in rows
    ]
    last = rows[-1][0] if more else None
    sources = {number for line in lines if (number := merged_source(line)) is not None}
    # one taken out again may be out of the viewer's sight
    sources = {number for number in sources if sees_client(followed(number))}
    names = _names(client_id, [c for some in changes.values() for c in some], sources)
    return TimelinePage(rows[0][3] if rows else None, lines, names, (last.at, last.id) if last else None)


def _line(
    entry: TimelineEntry,
    actor: User | None,
    operation: Operation | None,
    changes: dict[int | None, list[Change]],
    parts: dict[tuple[str, int], Part],
    told_by: dict[tuple[str, int], list[str]],
) -> Line:
    record = registry().by_key.get(entry.table_name or "")
    if record is None:
        return Line(entry, None, actor, operation, changes[entry.operation_id])
    named = (record.key, entry.row_id or 0)
    return Line(entry, record, actor, operation, [], parts.get(named, Part(record)), told_by.get(named, ()))


def merged_source(line: Line) -> int | None:
    """The other client that a line is about: merged into this one, taken out again, left or reached by a contact."""
    if line.record is not None or line.operation is None:
        return None
    details, here = line.operation.details or {}, line.entry.client_id
    if details.get("from_id") is not None and here in (details["from_id"], details["to_id"]):
        return details["to_id"] if here == details["from_id"] else details["from_id"]
    return details.get("source_id") if details.get("target_id") == here else None


def _bound(mark: Mark) -> tuple[Any, Any]:
    return literal(mark[0], TimelineEntry.at.type), literal(mark[1], TimelineEntry.id.type)


def _shown(records: Iterable[RecordType], everything: bool) -> ColumnElement[bool]:
    """The condition that an entry is of these record types or an operation, and its record may be seen."""
    kinds = set(CLIENT_KINDS) if everything else set(INTERACTIONS)
    either: list[ColumnElement[bool]] = []
    for record in records:
        own = {record.key, *(f"{record.key}.{name}" for name in record.also_when)}
        if record.between_clients:
            # the client at its other end may be hidden from the viewer, and with it the record
            there = exists().where(record.model.id == TimelineEntry.row_id)
            either.append(and_(TimelineEntry.kind.in_(own), there))
        else:
            kinds |= own
    return or_(TimelineEntry.kind.in_(kinds), *either)


def _changes(client_id: int, operations: set[int | None], merges: set[int]) -> dict[int | None, list[Change]]:
    """What operations changed at a client, and at those merged into it before they were."""
    found: dict[int | None, list[Change]] = defaultdict(list)
    if wanted := operations - {None}:
        table = Client.__table__
        tombstones = select(table.c.id).where(table.c.merged_into_id == client_id)
        theirs = and_(Change.client_id.in_(tombstones), Change.operation_id.not_in(merges))
        asked = select(Change).where(
            or_(Change.client_id == client_id, theirs),
            Change.operation_id.in_(wanted),
            Change.table_name.in_({"client", *PARTS}),
        )
        for change in db.session.scalars(asked.order_by(Change.id).limit(MOST_CHANGES)):
            found[change.operation_id].append(change)
    return found


#: Columns that hold a number of something with a name -> what it is.
REFERENCES = {
    "status_id": "status",
    "tag_id": "tag",
    "user_id": "user",
    "definition_id": "attribute",
    "option_id": "option",
    "contact_id": "contact",
}


def _names(client_id: int, changes: Iterable[Change], clients: set[int]) -> Names:
    """The names of what changes of a client point at, and of these clients, in one statement.

    A contact that has gone to another client since is not called by its name, which is that client's by now.
    """
    wanted: dict[str, set[int]] = defaultdict(set, {"client": clients})
    for change in changes:
        for side in (change.before or {}, change.after or {}):
            for column, what in REFERENCES.items():
                if side.get(column) is not None:
                    wanted[what].add(side[column])
        if change.table_name == "attribute_value" and "definition_id" not in (change.after or {}):
            wanted["value"].add(change.row_id)
    status, tag, user = Status.__table__.c, Tag.__table__.c, User.__table__.c
    attribute, option = AttributeDefinition.__table__.c, AttributeOption.__table__.c
    value, client, contact = AttributeValue.__table__.c, Client.__table__.c, Contact.__table__.c
    full_name = func.coalesce(contact.first_name, "") + " " + func.coalesce(contact.last_name, "")
    contact_name = case((contact.client_id == client_id, func.trim(full_name)), else_="")
    sources = {
        "status": (status.id, status.name),
        "tag": (tag.id, tag.name),
        "user": (user.id, user.first_name + " " + user.last_name),
        "attribute": (attribute.id, attribute.label),
        "option": (option.id, option.label),
        "client": (client.id, client.name),
        "contact": (contact.id, contact_name),
    }
    asked: list[Any] = [
        select(literal(what), number, name).where(number.in_(wanted[what]))
        for what, (number, name) in sources.items()
        if wanted[what]
    ]
    if wanted["value"]:
        labels = select(literal("value"), value.id, attribute.label)
        asked.append(labels.where(value.id.in_(wanted["value"]), attribute.id == value.definition_id))
        owners = select(literal("contact of value"), value.id, contact_name)
        asked.append(owners.where(value.id.in_(wanted["value"]), contact.id == value.contact_id))
    if not asked:
        return {}
    return {(what, number): name for what, number, name in db.session.execute(union_all(*asked))}
