"""Whom a bulk change is for: the ticked clients, or all that a list's filters leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask_babel import gettext as _
from sqlalchemy import Select, case, func, literal, or_, select
from werkzeug.datastructures import MultiDict

from crm.errors import UnknownFilter
from crm.extensions import db
from crm.models import Client
from crm.models.base import SharedRecord
from crm.registry import RecordType, registry
from crm.services.attributes.filters import secret_names
from crm.services.bulk.types import BulkType
from crm.services.clients.filters import filtered
from crm.services.history.bulk import dialect_of
from crm.services.history.change_values import listed
from crm.services.lists.attached import MOST_COUNTED

#: So many rows can be ticked: more than the largest page has.
MOST_TICKED = 1_000
LONGEST_QUERY = 8_000


@dataclass(frozen=True)
class Selection:
    """ticked: the ids of ticked clients, or None for all that the filters in `list_query` leave.

    list_query: the query string of the list on which it was made.
    """

    ticked: tuple[int, ...] | None
    list_query: str = ""

    def statement(self) -> Select[Any]:
        """Those of the chosen clients that the viewer sees. Raises UnknownFilter."""
        if self.ticked is None:
            return filtered(MultiDict(parse_qsl(self.list_query, keep_blank_values=True)))
        return select(Client).where(Client.id.in_(listed(dialect_of(db.session()), self.ticked)))

    @property
    def kept_query(self) -> str:
        """The list's query as it may be kept: without values of sensitive attributes."""
        pairs = parse_qsl(self.list_query, keep_blank_values=True)
        secret = secret_names("client", MultiDict(pairs))
        return urlencode([pair for pair in pairs if pair[0] not in secret]) if secret else self.list_query

    def ids(self) -> list[int]:
        """The ids of all that are chosen, ticked ones whether or not they are seen. Raises UnknownFilter."""
        if self.ticked is not None:
            return list(self.ticked)
        return list(db.session.scalars(self.statement().with_only_columns(Client.id)))


def read_selection(args: MultiDict[str, str]) -> Selection:
    """What the parameters `ids`, or `all=yes`, and `list` choose. Raises UnknownFilter: nothing is guessed."""
    query, everybody, ids = args.get("list", ""), args.get("all", ""), args.getlist("ids")
    if len(query) > LONGEST_QUERY or everybody not in ("", "yes") or (everybody and ids):
        raise UnknownFilter(_("It cannot be told which clients are meant."), field="list")
    if everybody:
        return Selection(None, query)
    if not all(text.isascii() and text.isdigit() and len(text) < 18 for text in ids):
        raise UnknownFilter(_("It cannot be told which clients are meant."), field="ids")
    if not ids or len(ids) > MOST_TICKED:
        raise UnknownFilter(_("Tick from one to %(n)d clients.", n=MOST_TICKED), field="ids")
    return Selection(tuple(dict.fromkeys(int(text) for text in ids)), query)


@dataclass(frozen=True)
class Preview:
    """chosen: clients that were ticked or match. seen: those that can be changed. changing: not so already.

    changing is None as long as it is not known to what.
    """

    chosen: int
    seen: int
    changing: int | None

    @property
    def hidden(self) -> int:
        """Ticked ones that are not there any more, or not seen."""
        return self.chosen - self.seen

    @property
    def same(self) -> int:
        return self.seen - (self.changing or 0)


def preview(selection: Selection, wanted: BulkType, value: Any = None, is_known: bool = False) -> Preview:
    """How many clients a change is for. value: what `wanted.read` gave, if is_known. Raises UnknownFilter."""
    differs = wanted.differs(value) if is_known else literal(True)
    numbers = selection.statement().with_only_columns(func.count(), func.sum(case((differs, 1), else_=0)))
    seen, changing = db.session.execute(numbers.order_by(None)).one()
    chosen = seen if selection.ticked is None else len(selection.ticked)
    return Preview(chosen, seen, int(changing or 0) if is_known else None)


def attached_to(selection: Selection) -> list[tuple[RecordType, int | None]]:
    """(record type, number) of what the chosen clients have; None for more than are counted."""
    ids = db.session.scalars(selection.statement().with_only_columns(Client.id)).all()
    found = ((record, _count(record, ids)) for record in registry().of_client())
    return [(record, number if number <= MOST_COUNTED else None) for record, number in found if number]


def _count(record: RecordType, ids: Sequence[int]) -> int:
    chosen, table = listed(dialect_of(db.session()), ids), record.mapper.local_table
    mine = table.c.client_id.in_(chosen)
    if record.between_clients:
        mine = or_(mine, table.c.other_id.in_(chosen))
    if issubclass(record.model, SharedRecord):
        links, owner = record.model.link_table()
        mine = or_(mine, table.c.id.in_(select(links.c[owner]).where(links.c.client_id.in_(chosen))))
    some = select(table.c.id).where(mine).limit(MOST_COUNTED + 1).subquery()
    return db.session.connection().scalar(select(func.count()).select_from(some)) or 0
