"""What an admin does with statuses: their order, and deleting one whose clients move to another."""

from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import func, select

from crm.errors import RuleError, StateConflict
from crm.extensions import db
from crm.models import Client, Status
from crm.models.types import utc_now
from crm.services.clients.statuses import all_statuses
from crm.services.history import bulk
from crm.services.history import log as history
from crm.services.locking import patiently
from crm.services.timeline import following


def reorder(ids: Sequence[int]) -> None:
    """Put the statuses in this order; those not named follow as they were. The caller commits."""
    places = {number: place for place, number in enumerate(ids)}
    statuses = sorted(all_statuses(), key=lambda s: places.get(s.id, len(places) + s.position))
    with history.operation("statuses"):
        for place, status in enumerate(statuses):
            status.position = place
        db.session.flush()


def is_used(status: Status) -> bool:
    """Whether any client is in it, hidden ones (archived, in the trash, merged) included."""
    clients = Client.__table__
    some = select(clients.c.id).where(clients.c.status_id == status.id).limit(1)
    return db.session.connection().scalar(some) is not None


def clients_in(status: Status) -> int:
    """How many clients are in it, hidden ones included."""
    clients = Client.__table__
    asked = select(func.count()).select_from(clients).where(clients.c.status_id == status.id)
    return db.session.connection().scalar(asked) or 0


def delete_status(status: Status, replacement: Status | None = None, clear: bool = False) -> int:
    """Delete a status; its clients go to the replacement, or to none with `clear`. The caller commits.

    Returns how many clients moved. Raises RuleError where it is in use and nothing is to take its place, or
    what was to is gone, StateConflict where the status itself is.
    """
    return patiently(db.session, lambda: _delete(status, replacement, clear))


def _delete(status: Status, replacement: Status | None, clear: bool) -> int:
    _hold(status, replacement)
    if replacement is not None and (replacement.id == status.id or not replacement.selectable):
        raise RuleError(_("Choose another status that is in use."), field="replacement")
    if replacement is None and not clear and is_used(status):
        raise RuleError(_("Clients are in this status. Choose the one that they go to."), field="replacement")
    clients, number = Client.__table__, 0
    with history.operation("status", status=status.name):
        if is_used(status):
            _step, number = bulk.update_rows(
                db.session(), clients, clients.c.status_id == status.id,
                {"status_id": replacement.id if replacement else None},
                also={"status_changed_at": utc_now()},
            )  # fmt: skip
            following.note_on_timelines(db.session(), history.operation_id(db.session()), "status")
            db.session.expire_all()
        db.session.delete(status)
        db.session.flush()
    return number


def _hold(status: Status, replacement: Status | None) -> None:
    """Hold the two until the transaction ends: nobody is given the one, nobody deletes the other."""
    ids = {one.id for one in (status, replacement) if one is not None}
    asked = select(Status).where(Status.id.in_(ids)).order_by(Status.id).with_for_update()
    there = set(db.session.scalars(asked.execution_options(populate_existing=True)))
    if status not in there:
        raise StateConflict(_("Somebody has just deleted this."))
    if replacement is not None and replacement not in there:
        raise RuleError(_("Somebody has just deleted the status that you chose."), field="replacement")
