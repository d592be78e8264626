"""What changes did to the fields of a record and to its pieces, each field that changed as a fact."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select

from crm.extensions import db
from crm.models import AttributeDefinition, Change
from crm.models.attribute import text_keys
from crm.models.line import LINE_FIELDS, Line
from crm.models.types import Encrypted
from crm.registry import RecordType
from crm.services.history.change_values import has_key
from crm.services.history.encoding import decode
from crm.services.history.log import BOOKKEEPING
from crm.services.history.pieces import ATTRIBUTES, Piece
from crm.services.history.row_pasts import Stage, stages
from crm.services.history.tracked_fields import columns_of_field, context_columns

log = Change.__table__
#: Of the values of attributes, what is no value.
NO_VALUES = BOOKKEEPING | {
    "id", "client_id", "contact_id", "definition_id", "slot", "match_key", *text_keys(None),
}  # fmt: skip


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


# -- the record itself


def own_facts(
    record: RecordType, item: Any, changes: Sequence[Any], name: str = ""
) -> Iterator[tuple[int, Fact]]:
    """(operation, fact) of what these changes, the first first, did to a record's columns; to one field if named."""
    if not changes:
        return
    table, shown = record.mapper.local_table, columns_of_field(record, name)
    as_after = _context(record, item, changes[0].id)
    for change in changes:
        before, after = change.before or {}, change.after or {}
        row = as_after(change)
        if before.get("sensitive"):
            # what goes together with the mark, as when a merge is undone, was guarded by it
            row["sensitive"] = True
        for field, column in shown.items():
            if column not in before and column not in after:
                continue
            old, new = (decode(table.c[column].type, side.get(column)) for side in (before, after))
            if old != new:
                yield (
                    change.operation_id,
                    Fact(change.id, field, column, old, new, row, client_id=change.client_id),
                )


def _context(record: RecordType, item: Any, since: int) -> Callable[[Any], dict[str, Any]]:
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


# -- its pieces


def piece_facts(piece: Piece, record_id: int, ids: set[int]) -> Iterator[tuple[int, Fact]]:
    """(operation, fact) of all that was done to these rows while they were pieces of the record, the first first."""
    keys = _keys() if piece.name == ATTRIBUTES else {}
    found = [stage for some in stages(piece.table, ids).values() for stage in some]
    for stage in sorted(found, key=lambda one: one.change.id):
        for fact in _facts(piece, record_id, stage, keys):
            yield stage.change.operation_id, fact


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
