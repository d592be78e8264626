"""Where a client went that was merged into another."""

from sqlalchemy import select

from crm.extensions import db
from crm.models import Client
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
