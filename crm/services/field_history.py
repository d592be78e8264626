"""The history of a record, read from the log: who changed which field when, from what to what.

Folded by operation, the last first, in pages by keyset. The rows that are pieces of the record (lines, tags,
values of attributes) count as its fields.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import ColumnElement, Select, and_, or_, select

from crm.extensions import db
from crm.models import AttributeDefinition, Change, Client, Operation
from crm.models.line import LINE_FIELDS, Line
from crm.models.types import Encrypted
from crm.registry import RecordType
from crm.services.change_values import has_key, listed
from crm.services.history import BOOKKEEPING, decode
from crm.services.pieces import ATTRIBUTES, Piece, ids_ever, pieces_of
from crm.services.row_pasts import Stage, stages
from crm.services.tracked_fields import columns_of_field, context_columns

PAGE = 20
log = Change.__table__
#: Of the values of attributes, what is no value.
NO_VALUES = BOOKKEEPING | {"id", "client_id", "contact_id", "definition_id", "slot", "match_key"}


@dataclass(frozen=True)
class Fact:
    """One field changed. old, new: what its column held; None for nothing.

    change_id: the row of the log. name: the field as filters name it. row: of a piece, the whole row, decoded;
    of the record, what else of it mattered then, such as the currency. is_secret: the values stand encrypted.
    """

    change_id: int
    name: str
    column: str
    old: Any
    new: Any
    row: dict[str, Any]
    piece: Piece | None = None
    client_id: int | None = None
    is_secret: bool = False


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
            _tell_pieces(piece, item.id, _changed_in(piece, ids, numbers), entries, name)
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
            _tell_pieces(piece, item.id, {change.row_id}, entries, name)
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
    if not changes:
        return
    table, shown = record.mapper.local_table, columns_of_field(record, name)
    context = _context(record, item, changes[0].id)
    for change in changes:
        entry = entries[change.operation_id]
        if change.action != "update":
            entry.action = change.action
        before, after = change.before or {}, change.after or {}
        for field_name, column in shown.items():
            if column not in before and column not in after:
                continue
            old, new = (decode(table.c[column].type, side.get(column)) for side in (before, after))
            if old != new:
                then = context(change)
                entry.facts.append(
                    Fact(change.id, field_name, column, old, new, then, client_id=change.client_id)
                )


def _context(record: RecordType, item: Any, since: int) -> Any:
    """Gives, for a change, the columns that say how others are to be shown, as they were after it."""
    table, columns = record.mapper.local_table, context_columns(record)
    dialect = db.session.get_bind().dialect.name
    now = {name: getattr(item, record.mapper.get_property_by_column(table.c[name]).key) for name in columns}
    if not columns:
        return lambda _change: {}
    mine = (log.c.table_name == record.key) & (log.c.row_id == item.id) & (log.c.action == "update")
    touched = or_(*(has_key(dialect, log.c.after, name) for name in columns))
    asked = select(log.c.id, log.c.before).where(mine, touched, log.c.id > since).order_by(log.c.id)
    later = db.session.connection().execute(asked).all()

    def as_after(change: Any) -> dict[str, Any]:
        found = dict(now)
        for name in columns:
            if (side := change.after) and name in side:
                found[name] = decode(table.c[name].type, side[name])
            elif (
                first := next((c for c in later if c.id > change.id and name in c.before), None)
            ) is not None:
                found[name] = decode(table.c[name].type, first.before[name])
        return found

    return as_after


def _tell_pieces(piece: Piece, record_id: int, ids: set[int], entries: dict[int, Entry], name: str) -> None:
    """What the operations did to pieces of the record."""
    keys = _keys() if piece.name == ATTRIBUTES else {}
    found = [stage for some in stages(piece.table, ids).values() for stage in some]
    for stage in sorted(found, key=lambda one: one.change.id):
        entry = entries.get(stage.change.operation_id)
        if entry is not None:
            facts = _facts(piece, record_id, stage, keys)
            entry.facts += [fact for fact in facts if name in ("", fact.name, piece.name)]


def _facts(piece: Piece, record_id: int, stage: Stage, keys: dict[int, tuple[str, bool]]) -> Iterator[Fact]:
    table = piece.table
    mine_before, mine_after = piece.is_of(stage.before, record_id), piece.is_of(stage.after, record_id)
    if not mine_before and not mine_after:
        return
    before = stage.before if mine_before else None
    after = stage.after if mine_after else None
    whole = _decoded(table, after or before or {})
    key, is_secret = keys.get(whole.get("definition_id", 0), ("", False))
    name = f"attr.{key}" if piece.name == ATTRIBUTES else piece.name

    def fact(column: str, old: Any, new: Any, secret: bool = False) -> Fact:
        return Fact(
            stage.change.id, name, column, old, new, whole, piece, stage.change.client_id, is_secret or secret
        )

    if is_secret:
        yield fact("secret", mine_before or None, mine_after or None)
        return
    for column in _told_columns(piece, before, after):
        kind = table.c[column].type
        if isinstance(kind, Encrypted):
            # that there was something is all that is told
            old, new = (bool(side and side.get(column)) or None for side in (before, after))
            if (before or {}).get(column) != (after or {}).get(column):
                yield fact(column, old, new, secret=True)
            continue
        old, new = (decode(kind, side.get(column)) if side else None for side in (before, after))
        if old != new:
            yield fact(column, old, new)


def _told_columns(piece: Piece, before: Any, after: Any) -> Sequence[str]:
    """The columns of a piece that are told: what is linked; the value; of a line that came or went, its name."""
    names = [column.name for column in piece.table.c]
    if piece.target:
        return [piece.target]
    if piece.name == ATTRIBUTES:
        return [name for name in names if name not in NO_VALUES]
    if before is None or after is None:
        return ["id"]
    if issubclass(piece.model, Line):
        return ["product_id" if name == "product" else name for name in LINE_FIELDS]
    return [name for name in names if name not in BOOKKEEPING | {"id", "client_id", piece.owner, "position"}]


def _decoded(table: Any, row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: decode(table.c[name].type, value)
        for name, value in row.items()
        if name in table.c and not isinstance(table.c[name].type, Encrypted)
    }


def _keys() -> dict[int, tuple[str, bool]]:
    """Definition -> its key, and whether its values are sensitive."""
    found = db.session.scalars(select(AttributeDefinition))
    return {one.id: (one.key, one.sensitive) for one in found}


def sensitive_clients(ids: Iterable[int | None]) -> set[int]:
    """Of these clients those that are marked sensitive, seen or not."""
    table = Client.__table__
    asked = select(table.c.id).where(table.c.id.in_({i for i in ids if i is not None}), table.c.sensitive)
    return set(db.session.connection().scalars(asked))


__all__ = ["Entry", "Fact", "HistoryPage", "find_fact", "page", "sensitive_clients"]
