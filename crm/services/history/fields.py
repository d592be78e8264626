"""The history of a record, read from the log: who changed which field when, from what to what.

Folded by operation, the last first, in pages by keyset. The rows that are pieces of the record (lines, tags,
values of attributes) count as its fields.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import ColumnElement, Select, and_, or_, select

from crm.extensions import db
from crm.models import Change, Operation
from crm.registry import RecordType
from crm.services.history.change_values import has_key, listed
from crm.services.history.facts import Fact, own_facts, piece_facts
from crm.services.history.pieces import ATTRIBUTES, Piece, ids_ever, pieces_of
from crm.services.history.tracked_fields import columns_of_field

PAGE = 20
log = Change.__table__


@dataclass
class Entry:
    """What one operation did to a record. action: insert or delete where the record itself came or went."""

    operation: Operation
    user: User | None
    action: str = "update"
    facts: list[Fact] = field(default_factory=list)


@dataclass(frozen=True)
class HistoryPage:
    """Some entries, and the number of the operation before which the following page begins; None at the end."""

    entries: list[Entry]
    next: int | None


def page(record: RecordType, item: Any, name: str = "", before: int | None = None) -> HistoryPage:
    """One page of a record's history; of one field where it is named. The viewer sees the record."""
    rows = _rows(record, item)
    asked = select(log.c.operation_id).where(or_(*_conditions(record, item, rows, name))).distinct()
    if before is not None:
        asked = asked.where(log.c.operation_id < before)
    asked = asked.order_by(log.c.operation_id.desc()).limit(PAGE + 1)
    numbers = list(db.session.connection().scalars(asked))
    more, numbers = len(numbers) > PAGE, numbers[:PAGE]
    if not numbers:
        return HistoryPage([], None)
    entries = _entries(numbers)
    _tell_own(record, item, entries, name)
    for piece, ids in rows:
        if _is_asked(piece, name):
            _tell_pieces(piece, item, _changed_in(piece, ids, numbers), entries, name)
    told = [one for number in numbers if (one := entries[number]).facts or one.action != "update"]
    return HistoryPage(told, numbers[-1] if more else None)


def find_fact(record: RecordType, item: Any, change_id: int, name: str) -> Fact | None:
    """What one change did to one field of a record, or None where it did nothing to it."""
    change = db.session.get(Change, change_id)
    if change is None:
        return None
    entries = {change.operation_id: Entry(Operation(), None)}
    if change.table_name == record.key and change.row_id == item.id:
        _tell_own(record, item, entries, name)
    for piece in pieces_of(record):
        if piece.table.name == change.table_name and _is_asked(piece, name):
            _tell_pieces(piece, item, {change.row_id}, entries, name)
    facts = entries[change.operation_id].facts
    return next((one for one in facts if one.change_id == change_id and one.name == name), None)


# -- which changes


def _rows(record: RecordType, item: Any) -> list[tuple[Piece, set[int]]]:
    """Each kind of pieces, and the rows that are or were the record's."""
    pieces = pieces_of(record)
    if not pieces:
        return []
    own = select(log.c.client_id).where(log.c.table_name == record.key, log.c.row_id == item.id).distinct()
    clients: set[int | None] = set(db.session.connection().scalars(own)) | {item.history_client_id}
    return [(piece, ids_ever(piece, item.id, clients)) for piece in pieces]


def _conditions(
    record: RecordType, item: Any, rows: Sequence[tuple[Piece, set[int]]], name: str
) -> Iterator[ColumnElement[bool]]:
    dialect = db.session.get_bind().dialect.name
    own = and_(log.c.table_name == record.key, log.c.row_id == item.id)
    columns = columns_of_field(record, name).values()
    if not name:
        yield own
    elif columns:
        yield and_(
            own, or_(log.c.action != "update", *(has_key(dialect, log.c.after, one) for one in columns))
        )
    for piece, ids in rows:
        if not name or _is_asked(piece, name):
            yield and_(log.c.table_name == piece.table.name, log.c.row_id.in_(listed(dialect, ids)))
    # a field that is none has no history
    if name and not columns:
        yield log.c.id.is_(None)


def _is_asked(piece: Piece, name: str) -> bool:
    return not name or name == piece.name or (piece.name == ATTRIBUTES and name.startswith("attr."))


def _changed_in(piece: Piece, ids: set[int], numbers: list[int]) -> set[int]:
    """Of these rows those that the operations changed."""
    asked: Select[Any] = select(log.c.row_id).where(
        log.c.table_name == piece.table.name, log.c.operation_id.in_(numbers)
    )
    return ids & set(db.session.connection().scalars(asked.distinct()))


def _entries(numbers: list[int]) -> dict[int, Entry]:
    asked = select(Operation, User).outerjoin(User, User.id == Operation.user_id)
    rows = db.session.execute(asked.where(Operation.id.in_(numbers))).all()
    return {operation.id: Entry(operation, user) for operation, user in rows}


# -- what they did


def _tell_own(record: RecordType, item: Any, entries: dict[int, Entry], name: str) -> None:
    """What the operations did to the record's own columns."""
    mine = (log.c.table_name == record.key) & (log.c.row_id == item.id)
    asked = select(log).where(mine, log.c.operation_id.in_(entries)).order_by(log.c.id)
    changes = db.session.connection().execute(asked).all()
    for change in changes:
        if change.action != "update":
            entries[change.operation_id].action = change.action
    for number, fact in own_facts(record, item, changes, name):
        entries[number].facts.append(fact)


def _tell_pieces(piece: Piece, item: Any, ids: set[int], entries: dict[int, Entry], name: str) -> None:
    """What the operations did to pieces of the record."""
    for number, fact in piece_facts(piece, item.id, ids):
        if number in entries and name in ("", fact.name, piece.name):
            entries[number].facts.append(fact)
