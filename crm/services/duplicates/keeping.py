"""Keys follow the clients: with each flush, and after what was done by statements. What changed is looked at later."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, event, insert, or_, select
from sqlalchemy.orm import Session

from crm.models import Change, Client, DuplicateKey, DuplicateTodo, NotDuplicate
from crm.models.base import has_changed, touched
from crm.services.duplicates.blocking import keys_of
from crm.services.duplicates.facts import COLUMNS, Facts, facts_of
from crm.services.duplicates.refreshing import adding, read_facts, refresh
from crm.services.history.change_values import has_any_key
from crm.services.history.inserting import insert_many
from crm.services.history.log import as_added

PORTION = 500
#: So many clients are looked at again at once, not later, when an operation is taken back.
MOST_AT_ONCE = 50

clients = Client.__table__
keys = DuplicateKey.__table__
todo = DuplicateTodo.__table__
log = Change.__table__


@event.listens_for(Session, "after_flush")
def _keep(session: Session, *_: Any) -> None:
    """The keys of the clients that the flush adds or changes."""
    changed = {item.id: item for item in (*session.new, *session.dirty) if isinstance(item, Client)}
    fresh = session.new
    for item in list(changed.values()):
        names = touched(item).intersection(COLUMNS)
        if item not in fresh and not has_changed(item, *names):
            del changed[item.id]
    if changed:
        rows = {
            number: as_added(item, COLUMNS)
            if item in fresh
            else {name: getattr(item, name) for name in COLUMNS}
            for number, item in changed.items()
        }
        write_keys(session, {number: facts_of(row) for number, row in rows.items()})
        look_at(session, rows)


def write_keys(session: Session, facts: dict[int, Facts]) -> None:
    """Replace the keys of these clients by those of their facts."""
    connection = session.connection()
    wanted = {(key, number) for number, one in facts.items() for key in keys_of(one)}
    asked = select(keys.c.key, keys.c.client_id).where(keys.c.client_id.in_(facts))
    there = {(key, number) for key, number in connection.execute(asked)}
    gone, new = there - wanted, wanted - there
    if gone:
        numbers = {number for _key, number in gone}
        connection.execute(delete(keys).where(keys.c.client_id.in_(numbers)))
        new |= {(key, number) for key, number in wanted & there if number in numbers}
    if new:
        # the search writes keys too
        rows = [{"key": key, "client_id": number} for key, number in sorted(new)]
        insert_many(connection, adding(session, keys), rows)


def look_at(session: Session, ids: Iterable[int]) -> None:
    """Let the next search look at these clients."""
    rows = [{"client_id": number} for number in sorted(ids)]
    if rows:
        insert_many(session.connection(), insert(todo), rows)


def look_at_all(session: Session) -> None:
    """Let the next search look at every client."""
    session.connection().execute(insert(todo).from_select(["client_id"], select(clients.c.id)))


def rewrite_keys(session: Session, ids: Sequence[int]) -> None:
    """Derive the keys of these clients anew; for whoever writes clients by statements."""
    for start in range(0, len(ids), PORTION):
        portion = ids[start : start + PORTION]
        facts = read_facts(session, portion)
        write_keys(session, facts)
        look_at(session, facts)


def rewrite_after_undo(session: Session, operation: int) -> None:
    """What follows from the statements of an undo: keys of changed clients, and pairs of which was said that they
    are two."""
    told = has_any_key(session.get_bind().dialect.name, log.c.after, COLUMNS)
    of_client = (log.c.table_name == clients.name) & or_(log.c.action != "update", told)
    asked = select(log.c.table_name, log.c.row_id, log.c.before, log.c.after).where(
        log.c.operation_id == operation, or_(of_client, log.c.table_name == NotDuplicate.__tablename__)
    )
    changed: set[int] = set()
    again: set[int] = set()
    for change in session.connection().execute(asked):
        if change.table_name == NotDuplicate.__tablename__:
            sides = [side for side in (change.before, change.after) if side]
            again |= {side[end] for side in sides for end in ("client_id", "other_id") if end in side}
        else:
            changed.add(change.row_id)
    rewrite_keys(session, sorted(changed))
    if len(again | changed) <= MOST_AT_ONCE:
        refresh(session, again | changed)
    else:
        look_at(session, again)
