"""Where a client went that was merged into another, or a contact that is no more under its number."""

from collections.abc import Iterable

from sqlalchemy import select

from crm.extensions import db
from crm.models import Change, Client, Contact, Operation
from crm.security.visibility import sees_client


def find_target(client_id: int) -> int | None:
    """The client that this one was merged into, if the viewer sees it; None too where it was not merged."""
    target = followed(client_id)
    return target if target != client_id and sees_client(target) else None


def followed(client_id: int) -> int:
    """The id of the client that this id leads to now: its own, or that of what it was merged into."""
    table = Client.__table__
    passed = {client_id}
    while True:
        asked = select(table.c.merged_into_id).where(table.c.id == client_id)
        target = db.session.connection().scalar(asked)
        if target is None or target in passed:
            return client_id
        client_id = target
        passed.add(target)


def all_followed(ids: Iterable[int]) -> dict[int, int]:
    """Each of these ids -> the id that it leads to now, asked for together."""
    table, merged = Client.__table__, dict[int, int]()
    wanted = set(ids)
    todo = wanted
    while todo:
        asked = select(table.c.id, table.c.merged_into_id).where(
            table.c.id.in_(todo), table.c.merged_into_id.is_not(None)
        )
        steps = {one: other for one, other in db.session.connection().execute(asked) if one not in merged}
        merged.update(steps)
        todo = set(steps.values())
    ends = {}
    for number in wanted:
        end = number
        while end in merged:
            end = merged[end]
        ends[number] = end
    return ends


def went_to(contact_id: int) -> tuple[type[Client] | type[Contact], int] | None:
    """The contact with which a contact was made one, or the client that it became, if the viewer sees it."""
    passed = {contact_id}
    while True:
        deleted = (Change.table_name == Contact.__tablename__) & (Change.action == "delete")
        asked = (
            select(Operation.kind, Operation.details)
            .join(Change, Change.operation_id == Operation.id)
            .where(deleted, Change.row_id == contact_id, Operation.undone_by_id.is_(None))
        )
        found = db.session.execute(asked.order_by(Operation.id.desc())).first()
        details = (found.details or {}) if found else {}
        if found and found.kind == "to_client" and details.get("contact_id") == contact_id:
            client_id = followed(details["to_id"])
            return (Client, client_id) if sees_client(client_id) else None
        target = details.get("target_contact") if found and found.kind == "contact_merge" else None
        if target is None or target in passed:
            return None
        if db.session.get(Contact, target) is not None:
            return Contact, target
        contact_id = target
        passed.add(target)
