"""What an admin does with statuses: their order, and deleting one whose clients move to another."""

from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import func, select

from crm.errors import RuleError
from crm.extensions import db
from crm.models import Client, Status
from crm.models.types import utc_now
from crm.services import bulk, following, history
from crm.services.statuses import all_statuses


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

    Returns how many clients moved. Raises RuleError where it is in use and nothing is to take its place.
    """
    db.session.refresh(status, with_for_update=True)  # nobody is given it meanwhile
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
