"""What of an operation the viewer does not see, or does not see any more: an undo leaves it alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session

from crm.models import Change, Operation, TimelineEntry
from crm.models.base import Base, BetweenClients
from crm.security.visibility import including_hidden, viewer, visible_client_ids
from crm.services.clients.redirects import followed
from crm.services.history.change_values import listed, unpacked

log = Change.__table__
operations = Operation.__table__
#: Operations that take another one back, and are not taken back themselves.
UNDOING = frozenset({"undo", "unmerge"})
#: What `flask crm init` writes: statuses, VAT rates, the company. Without them nothing works.
SETUP = "setup"
CHUNK = 10_000


@dataclass(frozen=True)
class Hidden:
    """clients: those that are not seen.

    links: table -> rows at a client that is seen, which lead to one that is not: they lie between the two, or
    were taken from the one to the other.
    used: clients that are seen, and left alone all the same.
    """

    clients: frozenset[int] = frozenset()
    links: Mapping[str, frozenset[int]] = field(default_factory=dict)
    used: frozenset[int] = frozenset()

    def left(self, dialect: str, changes: Any) -> ColumnElement[bool]:
        """That a change is not to be taken back; never NULL."""
        found = self.condition(dialect, changes)
        if not self.used:
            return found
        client = changes.c.client_id
        return found | and_(client.is_not(None), client.in_(listed(dialect, self.used)))

    def condition(self, dialect: str, changes: Any) -> ColumnElement[bool]:
        """That a change is one of a hidden row; never NULL."""
        found = [
            and_(changes.c.table_name == name, changes.c.row_id.in_(listed(dialect, rows)))
            for name, rows in self.links.items()
        ]
        if self.clients:
            client = changes.c.client_id
            found.append(and_(client.is_not(None), client.in_(listed(dialect, self.clients))))
        return or_(false(), *found)


def hidden_rows(session: Session, operation_id: int, with_links: bool) -> Hidden:
    """What of this operation is hidden from the viewer.

    with_links: also rows at a client that is seen, which link it to one that is not.
    """
    if viewer().mode == "all":
        return Hidden()
    asked = select(log.c.client_id).where(log.c.operation_id == operation_id, log.c.client_id.is_not(None))
    ids = set(session.connection().scalars(asked.distinct()))
    ends = _ends_of_links(session, operation_id) if with_links else {}
    hidden = _unseen({*ids, *(end for rows in ends.values() for both in rows.values() for end in both)})
    links = {
        name: frozenset(row for row, both in rows.items() if both & hidden) for name, rows in ends.items()
    }
    return Hidden(frozenset(ids & hidden), {name: rows for name, rows in links.items() if rows})


def used_clients(session: Session, operation_id: int) -> set[int]:
    """Of the clients that an operation added, those that somebody has changed, or added something to, since."""
    later, connection = log.alias(), session.connection()
    new = select(log.c.row_id).where(
        log.c.operation_id == operation_id, log.c.table_name == "client", log.c.action == "insert"
    )
    # what was undone since leaves no trace
    undone = select(operations.c.id).where(
        or_(operations.c.undone_by_id.is_not(None), operations.c.kind.in_(UNDOING))
    )
    asked = select(later.c.client_id).where(
        later.c.client_id.in_(new), later.c.operation_id > operation_id, later.c.operation_id.not_in(undone)
    )
    return set(connection.scalars(asked.distinct()))


def _ends_of_links(session: Session, operation_id: int) -> dict[str, dict[int, set[int]]]:
    """Table -> row -> the clients that it links, or between which the operation moved it."""
    found = {model.__tablename__: _ends(session, operation_id, model) for model in _between()}
    dialect = session.get_bind().dialect.name
    column = TimelineEntry.__table__.c.client_id
    before, after = (unpacked(dialect, side, column) for side in (log.c.before, log.c.after))
    moved = select(log.c.table_name, log.c.row_id, before, after).where(
        log.c.operation_id == operation_id, log.c.action == "update", before.is_not(None)
    )
    for name, row_id, *both in session.connection().execute(moved):
        found.setdefault(name, {}).setdefault(row_id, set()).update(end for end in both if end)
    return found


def _between() -> list[Any]:
    return [m.class_ for m in Base.registry.mappers if issubclass(m.class_, BetweenClients)]


def _ends(session: Session, operation_id: int, model: Any) -> dict[int, set[int]]:
    """Each row between clients that the operation changed -> the clients that it links or linked."""
    table, found = model.__table__, dict[int, set[int]]()
    mine = and_(log.c.operation_id == operation_id, log.c.table_name == table.name)
    for row_id, before, after in session.connection().execute(
        select(log.c.row_id, log.c.before, log.c.after).where(mine)
    ):
        sides = [side for side in (before, after) if side]
        found.setdefault(row_id, set()).update(
            side[end] for side in sides for end in ("client_id", "other_id") if side.get(end)
        )
    changed = select(log.c.row_id).where(mine)
    now = select(table.c.id, table.c.client_id, table.c.other_id).where(table.c.id.in_(changed))
    for row_id, *both in session.connection().execute(now):
        found[row_id].update(both)
    return found


def _unseen(ids: Iterable[int]) -> set[int]:
    """Of these clients those that the viewer sees neither themselves nor what they were merged into."""
    reached = {number: followed(number) for number in set(ids) - seen(ids)}
    there = seen(reached.values())
    return {number for number, target in reached.items() if target not in there}


def seen(ids: Iterable[int]) -> set[int]:
    """Of these clients those that the viewer sees, in the trash and merged ones too."""
    todo, found = sorted(set(ids)), set[int]()
    with including_hidden():
        for start in range(0, len(todo), CHUNK):
            found |= visible_client_ids(todo[start : start + CHUNK])
    return found
