"""Statuses: which are offered, giving one to a client, and how many clients are in each."""

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from crm.errors import RuleError, StateConflict
from crm.extensions import db
from crm.models import Client, Status
from crm.services.history.log import operation

#: Stands for "whatever it is" where None means "no status".
ANY: Any = object()


def all_statuses() -> list[Status]:
    """Every status, in order."""
    return list(db.session.scalars(select(Status).order_by(Status.position, Status.id)))


def offered() -> list[Status]:
    """The statuses that a client can be given, in order."""
    return [status for status in all_statuses() if status.selectable]


def default_status() -> Status | None:
    """The status of new clients."""
    asked = select(Status).where(Status.is_default, Status.selectable)
    return db.session.scalar(asked.order_by(Status.position))


def get_offered(status_id: int) -> Status:
    """The status with this id, which stays until the transaction ends. Raises RuleError where it cannot be given."""
    until_the_end = {"read": True, "key_share": True}
    status = db.session.get(Status, status_id, with_for_update=until_the_end, populate_existing=True)
    if status is None:
        raise RuleError(_("There is no such status."), field="value")
    if not status.selectable:
        raise RuleError(_("The status “%(name)s” is not in use any more.", name=status.name), field="value")
    return status


def set_status(client: Client, status_id: int | None, expected: int | None = ANY) -> None:
    """Give a client a status, or none; the caller commits.

    expected: the status that the user saw. Raises StateConflict where somebody has changed it since, and
    RuleError where the status is not to be had.
    """
    db.session.refresh(client, with_for_update={"of": Client})
    if expected is not ANY and client.status_id not in (expected, status_id):
        name = client.status.name if client.status else _("No status")
        raise StateConflict(_("Somebody has moved it to “%(name)s” meanwhile.", name=name))
    if client.status_id == status_id:
        return
    status = get_offered(status_id) if status_id is not None else None
    with operation("status", client_id=client.id):
        client.status = status
        db.session.flush()


def counts(*conditions: Any) -> dict[int | None, int]:
    """Status id -> how many clients that the viewer sees, and that meet the conditions, are in it."""
    asked = select(Client.status_id, func.count(Client.id)).where(*conditions).group_by(Client.status_id)
    return dict(db.session.execute(asked).all())
