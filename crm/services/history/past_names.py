"""What the numbers in the log stand for: the clients, users, tags and other records that rows point at, or did."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Table, select

from crm.extensions import db
from crm.models import AttributeDefinition, AttributeOption, Change, Client, Status, Tag
from crm.models.base import Base
from crm.security.visibility import including_hidden, sees_client
from crm.services.clients.redirects import followed

log = Change.__table__
#: Words of everybody's, which are told from the log where they are gone: table -> the column that names a row.
WORDS = {
    Status.__tablename__: "name",
    Tag.__tablename__: "name",
    AttributeOption.__tablename__: "label",
    AttributeDefinition.__tablename__: "label",
}

#: (table, id) of a row.
Ref = tuple[str, int]


@dataclass(frozen=True)
class Named:
    """What a number stands for. item: the row, where it is there and the viewer sees it; words: what to say."""

    words: str
    item: Any = None
    is_hidden: bool = False


def named(refs: Iterable[Ref]) -> dict[Ref, Named]:
    """What these numbers stand for, asked for by one statement for each table and one for what is gone."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for name, number in refs:
        wanted[name].add(number)
    found: dict[Ref, Named] = {}
    for name, ids in wanted.items():
        for number, item in _seen(name, ids).items():
            found[name, number] = Named(item.get_full_name() if name == "ab_user" else str(item), item)
        missing = {number for number in ids if (name, number) not in found}
        found |= {(name, number): one for number, one in _unseen(name, missing).items()}
    return found


def model_of(table: str) -> Any:
    """The model whose rows stand in a table."""
    from_ours = (mapper.class_ for mapper in Base.registry.mappers if mapper.local_table is not None)
    return next(model for model in from_ours if model.__tablename__ == table)


def _seen(name: str, ids: set[int]) -> dict[int, Any]:
    model = model_of(name)
    return {item.id: item for item in db.session.scalars(select(model).where(model.id.in_(ids)))}


def _unseen(name: str, ids: set[int]) -> dict[int, Named]:
    if not ids:
        return {}
    if name == Client.__tablename__:
        return _clients(ids)
    table: Table = model_of(name).__table__
    there = set(db.session.connection().scalars(select(table.c.id).where(table.c.id.in_(ids))))
    found = {number: Named(_("hidden"), is_hidden=True) for number in there}
    gone = _last_words(name, ids - there) if name in WORDS else {}
    return found | {number: Named(gone.get(number) or _("deleted")) for number in ids - there}


def _clients(ids: set[int]) -> dict[int, Named]:
    """Clients that are not seen as such: those in the trash or merged away have their names all the same."""
    with including_hidden():
        asked = select(Client.id, Client.name).where(Client.id.in_(ids))
        found = {number: Named(name) for number, name in db.session.execute(asked)}
    table = Client.__table__
    rest = select(table.c.id, table.c.name).where(table.c.id.in_(ids - set(found)))
    for number, name in db.session.connection().execute(rest):
        leads_to = followed(number)
        is_merged_here = leads_to != number and sees_client(leads_to)
        found[number] = Named(name) if is_merged_here else Named(_("hidden"), is_hidden=True)
    return {number: found.get(number, Named(_("deleted"))) for number in ids}


def _last_words(name: str, ids: set[int]) -> dict[int, str]:
    """What rows were called when they were deleted."""
    if not ids:
        return {}
    asked = select(log.c.row_id, log.c.before).where(
        log.c.table_name == name, log.c.row_id.in_(ids), log.c.action == "delete"
    )
    return {row_id: before.get(WORDS[name]) for row_id, before in db.session.connection().execute(asked)}
