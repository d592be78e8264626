"""What stands on a client's card: for each record type how many there are, and the newest few."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import CompoundSelect, Select, func, select, union, union_all
from sqlalchemy.orm import joinedload, selectinload

from crm.extensions import db
from crm.models import Client
from crm.models.base import SharedRecord
from crm.registry import Part, RecordType
from crm.services.lists.attached import MOST_COUNTED, counts, of_client, of_kind
from crm.services.lists.figures import load_figures

IN_BOX = 5
IN_TAB = 25
#: So many of the newest records are looked through for the newest conversations.
MOST_GROUPED = 500
#: So many boxes have their rows in the card's first answer; those of the others are asked for after it.
AT_ONCE = 4


@dataclass(frozen=True)
class Box:
    """The records of one type, or of one of its kinds, at one client.

    count: None for more than are counted. rows: None where they are asked for later.
    sizes: of conversations, how many records each has.
    """

    part: Part
    count: int | None
    rows: Sequence[Any] | None
    sizes: Mapping[Any, int] = field(default_factory=dict)

    @property
    def record(self) -> RecordType:
        return self.part.record

    @property
    def held(self) -> int:
        """How many records the rows stand for: those of conversations for all that they hold."""
        return sum(self.sizes.values()) or len(self.rows or ())

    @property
    def awaited(self) -> int:
        """How many rows will come."""
        return IN_BOX if self.count is None else min(self.count, IN_BOX)


def boxes(client: Client, records: Sequence[RecordType], always: Collection[str] = ()) -> list[Box]:
    """The boxes of these record types, without the empty ones but for those that `always` names.

    The first few have their rows; see `later_boxes` for the others.
    """
    return [
        _filled(part, count, client, IN_BOX) if n < AT_ONCE or count == 0 else Box(part, count, None)
        for n, (part, count) in enumerate(_counted(client, records, always))
    ]


def later_boxes(client: Client, records: Sequence[RecordType], always: Collection[str] = ()) -> list[Box]:
    """Those of the boxes that came without rows, with them."""
    later = _counted(client, records, always)[AT_ONCE:]
    return [_filled(part, count, client, IN_BOX) for part, count in later]


def _filled(part: Part, count: int | None, client: Client, limit: int) -> Box:
    if count == 0:
        return Box(part, count, [])
    if part.record.grouped is not None:
        return Box(part, count, *newest_of_groups(part, client, limit))
    return Box(part, count, newest(part, client, limit))


def _counted(
    client: Client, records: Sequence[RecordType], always: Collection[str]
) -> list[tuple[Part, int | None]]:
    parts = [Part(record) for record in records]
    found = counts(client.id, parts)
    return [(part, _exact(found[part.key])) for part in parts if found[part.key] or part.key in always]


def sections(client: Client, parts: Sequence[Part]) -> list[Box]:
    """The sections of a tab: a longer box for each of these parts, also where there are no records."""
    found = counts(client.id, parts)
    return [_filled(part, _exact(found[part.key]), client, IN_TAB) for part in parts]


def _exact(count: int) -> int | None:
    return count if count <= MOST_COUNTED else None


def newest(part: Part, client: Client, limit: int) -> list[Any]:
    """The records of a client that come first in its box, with what a row shows loaded at once."""
    model: Any = part.record.model
    asked = select(model).order_by(*_order(part.record)).limit(limit).options(*_shown_with(part.record))
    if part.record.between_clients:
        return list(db.session.scalars(asked.where(of_client(part.record, client.id), *of_kind(part))))
    first = _first_of_all(part, client.id, limit).subquery()
    rows = list(db.session.scalars(asked.where(model.id.in_(select(first.c.id)))))
    load_figures(part.record, rows)
    return rows


def newest_of_groups(part: Part, client: Client, limit: int) -> tuple[list[Any], dict[Any, int]]:
    """(the record of a client that comes first of each group, how many each group has), of the first groups."""
    model: Any = part.record.model
    group: Any = part.record.grouped
    order, first = _order(part.record), _first_of_all(part, client.id, MOST_GROUPED).subquery()
    looked_at = select(model.id, group).where(model.id.in_(select(first.c.id))).order_by(*order)
    leaders: dict[Any, int] = {}
    for number, value in db.session.execute(looked_at):
        leaders.setdefault(value, number)
    chosen = dict(list(leaders.items())[:limit])
    asked = select(model).where(model.id.in_(chosen.values())).options(*_shown_with(part.record))
    mine = select(group, func.count()).where(of_client(part.record, client.id), group.in_(chosen))
    sizes = dict(tuple(row) for row in db.session.execute(mine.group_by(group)))
    return list(db.session.scalars(asked.order_by(*order))), sizes


def first_ids(part: Part, client_id: int, limit: int) -> Select[Any] | CompoundSelect[Any]:
    """The ids of what comes first in a box, by the table's own columns: visibility asks about these rows only.

    An index must serve it, or a client with very many records would have them sorted for five.
    """
    table = part.record.mapper.local_table
    mine = select(table.c.id).where(table.c.client_id == client_id, *of_kind(part))
    if part.record.box_portions:
        portions = [
            mine.where(condition).order_by(*order).limit(limit).subquery()
            for condition, order in part.record.box_portions
        ]
        return union_all(*(select(portion.c.id) for portion in portions))
    return mine.order_by(*_order(part.record)).limit(limit)


def _first_of_all(part: Part, client_id: int, limit: int) -> Any:
    """The same, with those of which the client is a further one; of them there are few."""
    mine, table = first_ids(part, client_id, limit), part.record.mapper.local_table
    if not issubclass(part.record.model, SharedRecord):
        return mine
    links, owner = part.record.model.link_table()
    further = select(table.c.id).join(links, links.c[owner] == table.c.id)
    further = further.where(links.c.client_id == client_id, *of_kind(part))
    further = further.order_by(*_order(part.record)).limit(limit)
    # a union takes selects with limits as subqueries only
    return union(select(mine.subquery().c.id), select(further.subquery().c.id))


def _order(record: RecordType) -> list[Any]:
    model: Any = record.model
    return [*record.box_order] or [model.id.desc()]


def _shown_with(record: RecordType) -> list[Any]:
    """Loads of what the rows of a box show beside the record: what its columns name, and people."""
    model: Any = record.model
    if record.between_clients:
        return [joinedload(model.client), joinedload(model.other)]
    shown = [a for a in record.loaded_with(record.columns) if a.key != "client"]
    people = [a for a in record.relationships(record.fields) if a.property.uselist]
    return [selectinload(a) for a in dict.fromkeys([*shown, *people])]


def users_by_id(ids: Iterable[int | None]) -> dict[int, User]:
    """The users with these ids."""
    wanted = {i for i in ids if i is not None}
    if not wanted:
        return {}
    return {user.id: user for user in db.session.scalars(select(User).where(User.id.in_(wanted)))}
