"""Timeline and search entries, which are derived, follow many rows at once."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    delete,
    false,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)  # fmt: skip
from sqlalchemy.orm import Session

from crm.models import Change, Client, SearchEntry, TimelineEntry
from crm.models.base import SharedRecord
from crm.models.types import utc_now
from crm.registry import RecordType, registry
from crm.security.viewer import SYSTEM, acting, actor_id
from crm.security.visibility import including_hidden
from crm.services.duplicates.keeping import rewrite_keys
from crm.services.history import log as history
from crm.services.history.bulk import dialect_of, rows_of
from crm.services.history.change_values import has_any_key, keys_of
from crm.services.lists.attached import columns_of_client
from crm.services.search.entries import entry_of, write_entries
from crm.services.timeline.entries import CLIENT_KINDS, PARTS, entry_rows

CHUNK = 500

log = Change.__table__
entries = TimelineEntry.__table__
words = SearchEntry.__table__


def follows(table: Table) -> bool:
    """Whether the entries of a table's rows can be taken along as they are: those of records of one client."""
    record = registry().by_key.get(table.name)
    return record is not None and not record.between_clients and not issubclass(record.model, SharedRecord)


def follow(session: Session, operation: int, step: int, table: Table, source: int, target: int) -> None:
    """Take the entries of the rows that one step moved from one client to another along.

    Those of records of several clients are derived anew instead: they stand with the others too.
    """
    if not follows(table):
        return
    rows = rows_of(operation, step, table)
    for derived in (entries, words):
        session.connection().execute(
            update(derived)
            .where(
                derived.c.table_name == table.name, derived.c.client_id == source, derived.c.row_id.in_(rows)
            )
            .values(client_id=target)
        )


def enter_alike(session: Session, record: RecordType, step: int) -> None:
    """Write the entries of the rows that one step added, which are alike but for their client.

    Those of the first are derived, the others' copied from them. Not for types whose words depend on the client.
    """
    assert follows(record.mapper.local_table) and not record.guarded and record.when is not None
    operation, connection = history.operation_id(session), session.connection()
    table = record.mapper.local_table
    new = rows_of(operation, step, table)
    first = connection.scalar(select(func.min(new.subquery().c.row_id)))
    with acting(SYSTEM), Session(connection, join_transaction_mode="rollback_only") as own:
        item: Any = own.get(record.model, first)
        found = [(words, entry_of(record, item))] if record.search else []
        found += [(entries, row) for row in entry_rows(record, item, operation, {})]
    for derived, row in found:
        own_ids = {"row_id": table.c.id, "client_id": table.c.client_id}
        values = [own_ids.get(name, literal(value, derived.c[name].type)) for name, value in row.items()]
        connection.execute(insert(derived).from_select(list(row), select(*values).where(table.c.id.in_(new))))
    note_activity(session, select(table.c.client_id).where(table.c.id.in_(new)))


def note_activity(session: Session, client_ids: Select[Any]) -> None:
    """Keep that something happened at these clients now; outside their version, as with every entry."""
    table, now = Client.__table__, utc_now()
    late = or_(table.c.last_activity_at.is_(None), table.c.last_activity_at < now)
    session.connection().execute(
        update(table)
        .where(table.c.id.in_(client_ids), late)
        .values(last_activity_at=now, changed_at=table.c.changed_at)
    )


def drop_entries(session: Session, table: Table, rows: Select[tuple[int]]) -> None:
    """Delete the entries of these rows of a table, which are gone."""
    if table.name not in registry().by_key:
        return
    for derived in (entries, words):
        session.connection().execute(
            delete(derived).where(derived.c.table_name == table.name, derived.c.row_id.in_(rows))
        )


def note_on_timelines(session: Session, operation: int, kind: str) -> None:
    """Give each client that the operation changed its one entry on the timeline."""
    assert kind in CLIENT_KINDS
    there = select(entries.c.client_id).where(
        entries.c.operation_id == operation, entries.c.table_name.is_(None)
    )
    only_moved = (log.c.action == "update") & (keys_of(dialect_of(session), log.c.after) == "client_id")
    changed = (
        select(
            log.c.client_id, literal(utc_now(), entries.c.at.type), literal(kind), null(),
            literal(actor_id(), entries.c.actor_id.type), literal(operation), literal(""),
        )
        .where(log.c.operation_id == operation, log.c.table_name.in_({"client", *PARTS}))
        .where(log.c.client_id.in_(select(Client.__table__.c.id)), log.c.client_id.not_in(there))
        .where(or_(log.c.table_name == Client.__tablename__, ~func.coalesce(only_moved, False)))
        .distinct()
    )  # fmt: skip
    names = ("client_id", "at", "kind", "table_name", "actor_id", "operation_id", "summary")
    session.connection().execute(insert(entries).from_select(names, changed))


def rewrite_entries(session: Session, record: RecordType, ids: Iterable[int], operation: int | None) -> None:
    """Derive the entries of these rows of a record type anew; rows that are gone lose theirs."""
    todo = sorted(set(ids))
    for start in range(0, len(todo), CHUNK):
        _rewrite(session, record, todo[start : start + CHUNK], operation)


def _rewrite(session: Session, record: RecordType, ids: list[int], operation: int | None) -> None:
    connection = session.connection()
    # a session of its own, since what the viewer may not see must not stay in the one of the request
    with (
        acting(SYSTEM),
        including_hidden(),
        Session(connection, join_transaction_mode="rollback_only") as own,
    ):
        items = list(own.scalars(select(record.model).where(record.model.id.in_(ids))))
        if record.search:
            write_entries(session, [(record.key, i) for i in ids], [entry_of(record, item) for item in items])
        if record.model is Client:
            rewrite_keys(session, ids)
        if record.when is None:
            return
        mine = (entries.c.table_name == record.key) & entries.c.row_id.in_(ids)
        there = connection.execute(select(entries).where(mine)).all()
        actors = {(e.kind, e.row_id, e.at): e.actor_id for e in there}
        causes = {(e.kind, e.row_id, e.client_id): e.operation_id for e in there}
        connection.execute(delete(entries).where(mine))
        new: list[dict[str, Any]] = [
            row for item in items for row in entry_rows(record, item, operation, actors)
        ]
        for row in new:
            row["operation_id"] = causes.get((row["kind"], row["row_id"], row["client_id"]), operation)
        if new:
            connection.execute(insert(entries), new)


def rewrite_links(session: Session, operation: int) -> None:
    """Derive the entries of all records of several clients anew that an operation changed."""
    for record in registry().of_client():
        if not follows(record.mapper.local_table):
            changed = select(log.c.row_id).where(
                log.c.operation_id == operation, log.c.table_name == record.key
            )
            ids = set(session.connection().scalars(changed.distinct()))
            ids |= _owners_of_changed_links(session, record, operation)
            rewrite_entries(session, record, ids, operation)


def _owners_of_changed_links(session: Session, record: RecordType, operation: int) -> set[int]:
    """The records whose links to further clients an operation changed."""
    if not issubclass(record.model, SharedRecord):
        return set()
    table, owner = record.model.link_table()
    changed = (
        session.connection()
        .execute(
            select(log.c.row_id, log.c.before, log.c.after).where(
                log.c.operation_id == operation, log.c.table_name == table.name
            )
        )
        .all()
    )
    sides = [side for row in changed for side in (row.before, row.after) if side and owner in side]
    there = select(table.c[owner]).where(table.c.id.in_({row.row_id for row in changed}))
    return {side[owner] for side in sides} | set(session.connection().scalars(there))


def rewrite_secrets(session: Session, client_id: int) -> None:
    """Sort the words of everything at a client anew into those for all and those for few."""
    for record in registry().of_client():
        if record.guarded and record.model is not Client:
            table = record.mapper.local_table
            mine = select(table.c.id).where(columns_of_client(record, table.c, client_id))
            rewrite_entries(session, record, session.connection().scalars(mine).all(), None)


def clients_with_words_in(table_name: str) -> bool:
    """Whether a client is found by the rows of this table, as it is by its external IDs."""
    record = registry().by_model[Client]
    return any(a.property.mapper.local_table.name == table_name for a in record.relationships(record.search))


def parts_with_words() -> list[tuple[RecordType, str, Table]]:
    """(record type, column that names the record, table) of rows by which records other than clients are found."""
    return [
        (record, next(iter(a.property.remote_side)).key, a.property.mapper.local_table)
        for record in registry()
        if record.model is not Client
        for a in record.relationships(record.search)
    ]


def _owners(session: Session, changes: Iterable[Any], table: Table, column: str) -> set[int]:
    """The records whose words these changes of a table touched; that rows went to another client does not count."""
    found: set[int] = set()
    rows: set[int] = set()
    for change in changes:
        if change.action == "update" and set(change.after) <= {"client_id"}:
            continue
        rows.add(change.row_id)
        found |= {side[column] for side in (change.before, change.after) if side and side.get(column)}
    if rows:
        asked = select(table.c[column]).where(table.c.id.in_(rows))
        found |= set(session.connection().scalars(asked))
    return found


def _links_naming(session: Session, renamed: set[int]) -> dict[RecordType, set[int]]:
    """The records between clients whose entries name one of these clients."""
    found = {}
    for record in registry().of_client() if renamed else ():
        if record.between_clients and record.when is not None:
            table = record.model.__table__
            theirs = or_(table.c.client_id.in_(renamed), table.c.other_id.in_(renamed))
            found[record] = set(session.connection().scalars(select(table.c.id).where(theirs)))
    return found


def rewrite_after(session: Session, operation: int, followed: Iterable[int]) -> None:
    """Derive the entries of everything that an operation changed by statements anew.

    followed: steps whose rows took their entries along, and that changed nothing else.
    """
    asked = select(
        log.c.table_name, log.c.row_id, log.c.client_id, log.c.action, log.c.before, log.c.after, log.c.step
    ).where(log.c.operation_id == operation, log.c.step.not_in(list(followed)))
    changes = session.connection().execute(asked.where(_may_tell(session, operation))).all()
    touched: dict[str, set[int]] = {}
    gone: set[tuple[str, int]] = set()
    with_words: set[int] = set()
    sensitive: set[int] = set()
    renamed: set[int] = set()
    by_key = registry().by_key
    derived = {name: derived_from(record) for name, record in by_key.items()}
    told_by = {name for name in {change.table_name for change in changes} if clients_with_words_in(name)}
    for name, row_id, client_id, action, _before, after, step in changes:
        record = by_key.get(name)
        if record is not None and action == "delete":
            gone.add((name, step))
        elif record is not None and (action != "update" or set(after) & derived[name]):
            touched.setdefault(name, set()).add(row_id)
        if name in told_by:
            with_words |= {i for i in (client_id, (after or {}).get("client_id")) if i}
        if name == Client.__tablename__ and action == "update":
            sensitive |= {row_id} if "sensitive" in after else set()
            renamed |= {row_id} if "name" in after else set()
    for name, step in gone:
        table = by_key[name].mapper.local_table
        drop_entries(session, table, rows_of(operation, step, table))
    for record in registry().of_client():
        if ids := _owners_of_changed_links(session, record, operation):
            touched.setdefault(record.key, set()).update(ids)
    for record, column, table in parts_with_words():
        mine = [change for change in changes if change.table_name == table.name]
        if ids := _owners(session, mine, table, column):
            touched.setdefault(record.key, set()).update(ids)
    for record, ids in _links_naming(session, renamed).items():
        touched.setdefault(record.key, set()).update(ids)
    if with_words:
        touched.setdefault(Client.__tablename__, set()).update(with_words)
    for name, ids in touched.items():
        rewrite_entries(session, by_key[name], ids, operation)
    for client_id in sorted(sensitive):
        rewrite_secrets(session, client_id)


def _may_tell(session: Session, operation: int) -> ColumnElement[bool]:
    """That entries may depend on what a change of this operation says: of 100,000, seldom more than a few."""
    words_of = {table.name for _record, _column, table in parts_with_words()}
    by_key, dialect = registry().by_key, dialect_of(session)
    asked = select(log.c.table_name).where(log.c.operation_id == operation).distinct()
    either: list[ColumnElement[bool]] = []
    for name in session.connection().scalars(asked):
        here = log.c.table_name == name
        if name in words_of or clients_with_words_in(name):
            either.append(here)
        elif name in by_key:
            told = has_any_key(dialect, log.c.after, derived_from(by_key[name]))
            either.append(and_(here, or_(log.c.action != "update", told)))
    return or_(false(), *either)


def derived_from(record: RecordType) -> set[str]:
    """The columns of a record type on which its entries depend."""
    names = {a.key for a in (*record.search, *record.phones)} | {"client_id", "other_id", "sensitive", "name"}
    names |= {"first_name", "last_name"}
    if record.when is not None:
        moments = (a.key for a, _words in record.also_when.values())
        columns = {a.key for a in record.columns}
        names |= {record.when.key, *moments, *columns, *(f"{name}_id" for name in columns)}
    return names
