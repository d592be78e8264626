"""What stands on a client's card: for each record type how many there are, and the newest few."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from crm.extensions import db
from crm.models import Client
from crm.registry import Part, RecordType
from crm.services.attached import MOST_COUNTED, counts, of_client, of_kind

IN_BOX = 5
IN_TAB = 25


@dataclass(frozen=True)
class Box:
    """The records of one type, or of one of its kinds, at one client. count: None for more than are counted."""

    part: Part
    count: int | None
    rows: Sequence[Any]

    @property
    def record(self) -> RecordType:
        return self.part.record


def boxes(client: Client, parts: Sequence[Part], limit: int = IN_BOX) -> list[Box]:
    """A box for each of these parts, also where there are no records."""
    found = counts(client.id, parts)
    return [
        Box(
            part,
            found[part.key] if found[part.key] <= MOST_COUNTED else None,
            newest(part, client, limit) if found[part.key] else [],
        )
        for part in parts
    ]


def newest(part: Part, client: Client, limit: int) -> list[Any]:
    """The records of a client that come first in its box, with what a row shows loaded at once."""
    record = part.record
    model: Any = record.model
    order = [*record.box_order] or [model.id.desc()]
    asked = select(model).order_by(*order).limit(limit).options(*_shown_with(record))
    if record.between_clients:
        return list(db.session.scalars(asked.where(of_client(record, client.id), *of_kind(part))))
    # the first few are picked by the table's own columns, so that visibility asks about these only
    table = record.mapper.local_table
    first = select(table.c.id).where(table.c.client_id == client.id, *of_kind(part))
    first = first.order_by(*order).limit(limit)
    return list(db.session.scalars(asked.where(model.id.in_(select(first.subquery().c.id)))))


def _shown_with(record: RecordType) -> list[Any]:
    """Loads of what the rows of a box show beside the record: what its columns name, and people."""
    model: Any = record.model
    if record.between_clients:
        return [joinedload(model.client), joinedload(model.other)]
    shown = [a for a in record.relationships(record.columns) if a.key != "client"]
    people = [a for a in record.relationships(record.fields) if a.property.uselist]
    return [selectinload(a) for a in dict.fromkeys([*shown, *people])]


def users_by_id(ids: Iterable[int | None]) -> dict[int, User]:
    """The users with these ids."""
    wanted = {i for i in ids if i is not None}
    if not wanted:
        return {}
    return {user.id: user for user in db.session.scalars(select(User).where(User.id.in_(wanted)))}
