"""What may be attached to what: no write reaches a row that its author may not see.

Checked before each flush, for relationships and for plain foreign keys, on adding and on moving. A client
merged meanwhile is replaced by its target; one in the trash is a conflict.
"""

from collections import defaultdict
from functools import cache
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import inspect, select
from sqlalchemy.orm import RelationshipProperty, Session

from crm.errors import RuleError, StateConflict
from crm.models import Client
from crm.models.base import (
    Base,
    BetweenClients,
    ClientOwned,
    OptionalClientOwned,
    changes_of,
    has_changed,
    is_changed,
)
from crm.security.viewer import SYSTEM, acting
from crm.security.visibility import including_hidden

OWNED = (Client, ClientOwned, OptionalClientOwned, BetweenClients)


def is_owned(model: type) -> bool:
    """Whether visibility narrows this model."""
    return issubclass(model, OWNED)


@cache
def _to_owned(model: type[Base]) -> list[RelationshipProperty[Any]]:
    """The many-to-one relationships of a model that lead to owned models."""
    return [r for r in inspect(model).relationships if not r.uselist and is_owned(r.mapper.class_)]


def _references(item: Base, relation: RelationshipProperty[Any]) -> tuple[set[int], int | None]:
    """(ids that a pending change of this relation leaves or reaches, the id it reaches)."""
    state = inspect(item)
    column = next(iter(relation.local_columns))
    key = state.mapper.get_property_by_column(column).key
    by_object, by_id = changes_of(item, relation.key), changes_of(item, key)
    reached = next((o for o in by_object.added or () if o is not None), None)
    left = {o.id for o in by_object.deleted or () if o is not None and o.id}
    if by_object.added:
        # of what is hidden no object was loaded, but the old id is there
        left |= {i for i in (*(by_id.deleted or ()), *(by_id.unchanged or ())) if i}
        return left | ({reached.id} if reached is not None and reached.id else set()), getattr(
            reached, "id", None
        )
    left |= {i for i in by_id.deleted or () if i}
    new = next((i for i in by_id.added or () if i), None)
    return left | ({new} if new else set()), new


def check_references(session: Session) -> None:
    """Refuse to attach to, or move from, what the viewer may not see. Raises RuleError, StateConflict."""
    _check_edited(session)
    wanted: dict[type, set[int]] = defaultdict(set)
    lent: set[int] = set()
    uses: list[tuple[Base, RelationshipProperty[Any], int]] = []
    for item in (*session.new, *session.dirty):
        if not isinstance(item, Base):
            continue
        for relation in _to_owned(type(item)):
            touched, reached = _references(item, relation)
            wanted[relation.mapper.class_] |= touched
            if reached:
                uses.append((item, relation, reached))
                if relation.mapper.class_ is Client and reached in _lent_by(item):
                    lent.add(reached)
    touched_clients = wanted.pop(Client, set())
    clients = _lock_clients(session, touched_clients - lent)
    with acting(SYSTEM):
        clients |= _lock_clients(session, lent & touched_clients)
    for model, ids in wanted.items():
        ids -= {i.id for i in session.new if isinstance(i, model) and i.id}
        if ids and set(session.scalars(select(model.id).where(model.id.in_(ids)))) != ids:
            raise RuleError(_("There is no such record."), field=_relation_to(uses, model))
    for item, relation, reached in uses:
        if relation.mapper.class_ is Client and (target := clients.get(reached, reached)) != reached:
            setattr(item, relation.key, session.get(Client, target))


def _lent_by(item: Base) -> set[int]:
    """The clients at which an item may stand because of what it refers to, though its author may not see them.

    Who is to do a task at a hidden client writes down the work on it there.
    """
    if not isinstance(item, OptionalClientOwned):
        return set()
    others = (getattr(item, relation.key) for relation in _to_owned(type(item)) if relation.key != "client")
    return {one.client_id for one in others if isinstance(one, OptionalClientOwned) and one.client_id}


def _check_edited(session: Session) -> None:
    """Hold the clients that are being changed; one that was merged meanwhile is nobody's to change any more."""
    edited = {item.id: item for item in session.dirty if isinstance(item, Client) and is_changed(item)}
    if not edited:
        return
    table = Client.__table__
    asked = select(table.c.id, table.c.merged_into_id).where(table.c.id.in_(edited)).order_by(table.c.id)
    for number, target in session.connection().execute(asked.with_for_update(key_share=True)):
        if target and not has_changed(edited[number], "merged_into_id"):
            raise StateConflict(_("This client has been merged into another one meanwhile."))


def _relation_to(uses: list[tuple[Base, RelationshipProperty[Any], int]], model: type) -> str | None:
    return next((relation.key for _item, relation, _id in uses if relation.mapper.class_ is model), None)


def _lock_clients(session: Session, ids: set[int]) -> dict[int, int]:
    """Hold these clients as they are until the transaction ends; client id -> the id to use for it."""
    instead: dict[int, int] = {}
    ids = {i for i in ids if not _is_new(session, i)}
    while ids:
        with including_hidden():
            rows = session.execute(
                select(Client.id, Client.merged_into_id, Client.deleted_at)
                .where(Client.id.in_(ids))
                # not FOR SHARE: two that share a row could not both go on to note its last activity
                .with_for_update(key_share=True)
            ).all()
        if {row.id for row in rows} != ids:
            raise RuleError(_("There is no such client."), field="client")
        if any(row.deleted_at for row in rows):
            raise StateConflict(_("This client is in the trash."))
        merged = {row.id: row.merged_into_id for row in rows if row.merged_into_id}
        instead = {start: merged.get(end, end) for start, end in instead.items()} | {
            start: end for start, end in merged.items() if start not in instead
        }
        ids = set(merged.values())
    return instead


def _is_new(session: Session, client_id: int) -> bool:
    """Whether the client was added in this transaction, so that nobody else can hold it."""
    known = session.identity_map.get(inspect(Client).identity_key_from_primary_key((client_id,)))
    return known is not None and known in session.info.get("added_clients", ())
