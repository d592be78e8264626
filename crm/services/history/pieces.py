"""The rows that are pieces of a record and have no page of their own: its lines, tags, values of attributes.

Found in the mapper: what is deleted with a record when it is taken out of it is a piece of that record.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, or_, select

from crm.extensions import db
from crm.models import AttributeValue, Change
from crm.models.attribute import OWNER_COLUMNS
from crm.registry import RecordType, registry
from crm.services.history.change_values import unpacked

log = Change.__table__
#: The name of the pieces that are values of attributes.
ATTRIBUTES = "attribute_values"


@dataclass(frozen=True)
class Piece:
    """One kind of pieces. owner: the column that names the record. target: of links, the column that names
    what the record is linked with."""

    name: str
    model: Any
    owner: str
    target: str = ""

    @property
    def table(self) -> Table:
        return self.model.__table__

    def is_of(self, row: dict[str, Any] | None, record_id: int) -> bool:
        """Whether a row, in the log's values, is or was a piece of this record."""
        if row is None or row.get(self.owner) != record_id:
            return False
        return self.model is not AttributeValue or self.owner == "contact_id" or row.get("contact_id") is None


def pieces_of(record: RecordType) -> list[Piece]:
    """The kinds of pieces that records of this type have."""
    found = []
    for relation in record.mapper.relationships:
        model = relation.mapper.class_
        if relation.uselist and relation.cascade.delete_orphan and model not in registry().by_model:
            owner = next(iter(relation.remote_side)).name
            target = ""
            if relation.key.endswith("_links"):
                target = next(iter(record.linked(relation.key).local_columns)).name
            found.append(Piece(relation.key, model, owner, target))
    if record.key in OWNER_COLUMNS and ATTRIBUTES not in {piece.name for piece in found}:
        found.append(Piece(ATTRIBUTES, AttributeValue, OWNER_COLUMNS[record.key]))
    return found


def movers_of(record: RecordType) -> list[Piece]:
    """What is no piece of these records, but changes how they stand: the payments of an invoice."""
    return [Piece("", column.class_, column.key) for column in record.moved_by]


def ids_ever(piece: Piece, record_id: int, client_ids: set[int | None]) -> set[int]:
    """The rows that are pieces of a record, or were, by the log of these clients."""
    table, connection = piece.table, db.session.connection()
    dialect, column = db.session.get_bind().dialect.name, table.c[piece.owner]
    found = set(connection.scalars(select(table.c.id).where(column == record_id)))
    sides = (unpacked(dialect, side, column) == record_id for side in (log.c.before, log.c.after))
    asked = select(log.c.row_id).where(log.c.table_name == table.name, _at_clients(client_ids), or_(*sides))
    return found | set(connection.scalars(asked.distinct()))


def _at_clients(client_ids: set[int | None]) -> ColumnElement[bool]:
    known = log.c.client_id.in_({number for number in client_ids if number is not None})
    return or_(known, log.c.client_id.is_(None)) if None in client_ids else known
