"""Bulk changes from their confirmation to their result: small ones at once, large ones by the worker.

A change and the note that it is done are one transaction. So a worker that is killed has done all of it or
nothing, and what is not noted as done is done by the next.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select, update
from sqlalchemy.orm import defer
from werkzeug.exceptions import Forbidden, HTTPException

from crm.errors import RuleError
from crm.extensions import db
from crm.models import BulkChange
from crm.models.bulk_change import DONE, FAILED, WAITING
from crm.models.types import utc_now
from crm.security.visibility import as_user, viewer
from crm.services.bulk.change import change_many, find_type
from crm.services.bulk.selection import Selection
from crm.services.history.operations import sees_all_operations
from crm.services.permissions import is_permitted
from crm.services.progress import Progress

log = logging.getLogger(__name__)
#: Up to so many clients are changed at once, while the page waits.
AT_ONCE = 2_000
#: So many of the clients that were left as they are are kept by name.
MOST_NAMED = 300
MOST_LISTED = 50


def confirm(selection: Selection, type: str, value: Any, expected: int | None = None) -> BulkChange:
    """Change the chosen clients, or leave it to the worker where they are many. The caller commits.

    expected: how many there were when it was decided. Who is meant is found out here, once. Raises RuleError,
    UnknownFilter, Forbidden; what waits for the worker has been checked too.
    """
    find_type(type).read(value)
    ids = selection.ids()
    if not ids:
        raise RuleError(_("No client matches any more."))
    row = BulkChange(
        asked_by_id=viewer().user_id, type=type, value=value, ids=ids, chosen=len(ids),
        expected=len(ids) if expected is None else expected,
        list_query=selection.kept_query, state=WAITING,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    if len(ids) <= AT_ONCE:
        carry_out(row)
    return row


def carry_out(row: BulkChange) -> None:
    """Make a change that was confirmed, and note its result. The caller commits."""
    if not is_permitted("bulk", "client"):
        raise Forbidden(_("You may not do this."))
    outcome = change_many(row.ids or (), row.type, row.value)
    row.state, row.finished_at, row.ids = DONE, utc_now(), None
    row.changed, row.operation_id = outcome.changed, outcome.operation_id
    row.reasons = dict(Counter(why for _id, why in outcome.skipped))
    row.skipped = [list(one) for one in outcome.skipped[:MOST_NAMED]]


def find_bulk_change(number: int) -> BulkChange | None:
    """A bulk change that the viewer asked for, or may look at."""
    row = db.session.get(BulkChange, number)
    if row is None or (row.asked_by_id != viewer().user_id and not sees_all_operations()):
        return None
    return row


def latest_changes() -> Sequence[BulkChange]:
    """The latest bulk changes that the viewer asked for, newest first."""
    mine = select(BulkChange).where(BulkChange.asked_by_id == viewer().user_id)
    newest = mine.order_by(BulkChange.id.desc()).limit(MOST_LISTED).options(defer(BulkChange.ids))
    return db.session.scalars(newest).all()


# -- the worker's part


def is_any_waiting() -> bool:
    """Whether a bulk change waits for the worker."""
    return _first() is not None


def _first() -> int | None:
    return db.session.scalar(select(BulkChange.id).where(BulkChange.state == WAITING).order_by(BulkChange.id))


def work_off(run: Progress) -> None:
    """Make all bulk changes that wait, in the order in which they were asked for."""
    while (number := _first()) is not None:
        row = db.session.get_one(BulkChange, number)
        chosen = row.chosen
        run.progress(ngettext("Changing %(num)d client", "Changing %(num)d clients", chosen))
        try:
            _make(number)
        except HTTPException as error:
            _fail(number, str(error.description))
        except Exception:
            log.exception("bulk change %s failed", number)
            _fail(number, _("It did not work, and nothing was changed. Please try again."))
        else:
            run.count("changes")
            run.count("clients", chosen)


def _make(number: int) -> None:
    row = db.session.get_one(BulkChange, number)
    user = db.session.get(User, row.asked_by_id) if row.asked_by_id else None
    if user is None or not user.active:
        raise RuleError(_("Whoever asked for it cannot sign in any more."))
    with as_user(user):
        carry_out(row)
        db.session.commit()


def _fail(number: int, why: str) -> None:
    db.session.rollback()
    failed = update(BulkChange).where(BulkChange.id == number)
    db.session.execute(failed.values(state=FAILED, finished_at=utc_now(), error=why, ids=None))
    db.session.commit()
