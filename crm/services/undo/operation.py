"""An operation taken back: its steps in reverse order, each row as it was before.

What somebody changed since is left alone and listed. Small steps are taken back row by row, large ones by a
few statements each. Nothing is compared by version or time of change: those go on.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from crm.errors import StateConflict
from crm.extensions import db
from crm.models import Change, Client, Operation, TimelineEntry
from crm.models.base import Base
from crm.models.types import utc_now
from crm.security.viewer import forget_viewers
from crm.security.visibility import viewer
from crm.services.attributes.sealing import follow_flags_after
from crm.services.attributes.undoing import bring_back_options, fit_values, set_since
from crm.services.contacts.going_along import take_along
from crm.services.duplicates.keeping import rewrite_after_undo
from crm.services.flags import raise_missing
from crm.services.history import log as history
from crm.services.locking import hold_clients, hold_rows, patiently
from crm.services.sales.lines import add_up_again
from crm.services.sales.settling import settle_after
from crm.services.timeline.entries import CONTACT_KINDS, add_client_entries
from crm.services.timeline.following import note_on_timelines, rewrite_after, rewrite_secrets
from crm.services.undo.hidden import SETUP, UNDOING, Hidden, hidden_rows, seen, used_clients
from crm.services.undo.report import CHANGED, Report
from crm.services.undo.steps import Reverter

operations = Operation.__table__
log = Change.__table__
clients = Client.__table__

#: Operations that made the rows of one client, `source_id`, those of another, `target_id`.
MERGES = frozenset({"merge", "to_contact"})
#: Operations whose undo leaves the clients that they added where somebody has worked with them since.
LEAVES_USED = frozenset({"import"})


def may_undo(operation: Any) -> bool:
    """Whether the viewer may take an operation back: their own, or any with that permission."""
    asking = viewer()
    if asking.user_id is None:
        return asking.mode == "all"
    allowed = current_app.appbuilder.sm.user_may
    if not allowed(asking.user_id, "can_undo", "operation"):
        return False
    return operation.user_id == asking.user_id or allowed(asking.user_id, "can_undo_any", "operation")


def undo(operation_id: int) -> Report:
    """Take an operation back; gives what was and what was not. The caller commits.

    Raises NotFound for an operation that the viewer may not undo, StateConflict for one that is undone already
    or that a later merge stands upon. Nothing is changed then.
    """
    session = db.session()
    session.flush()

    def work() -> Report:
        asked = select(operations).where(operations.c.id == operation_id).with_for_update()
        operation = session.connection().execute(asked).one_or_none()
        if operation is None or not may_undo(operation):
            raise NotFound(_("There is no such operation."))
        check_undoable(session, operation)
        kind = "unmerge" if operation.kind == "merge" else "undo"
        pair = (
            {name: operation.details[name] for name in ("source_id", "target_id")}
            if operation.kind in MERGES
            else {}
        )
        with history.operation(kind, client_id=operation.client_id, undoes=operation_id, **pair):
            return _undo(session, operation, kind)

    report = patiently(session, work)
    session.expire_all()
    forget_viewers()
    return report


def preview_undo(operation_id: int) -> Report:
    """What taking an operation back would do: it is done, looked at, and rolled back, with all that was not committed.

    Raises as `undo` does.
    """
    try:
        return undo(operation_id)
    finally:
        db.session.rollback()
        forget_viewers()


def check_undoable(session: Session, operation: Any) -> None:
    """Raise StateConflict where an operation cannot be taken back, NotFound where its clients are not seen."""
    if operation.undone_by_id is not None:
        raise StateConflict(_("This was undone already."))
    if operation.kind in UNDOING:
        raise StateConflict(_("An undo cannot be undone. Do again what you want to have."))
    if operation.kind == SETUP:
        raise StateConflict(_("What the CRM begins with cannot be undone. Change it where it stands."))
    if (operation.details or {}).get("unfinished"):
        raise StateConflict(_("This is still going on. Stop it first, or wait for its end."))
    if operation.kind in MERGES:
        source, target = operation.details["source_id"], operation.details["target_id"]
        asked = select(clients.c.id, clients.c.merged_into_id).where(clients.c.id.in_([source, target]))
        leads_to = dict(session.connection().execute(asked).all())
        if target in leads_to and leads_to[target] is None and target not in seen({target}):
            raise NotFound(_("There is no such operation."))
        if leads_to.get(source) != target:
            raise StateConflict(_("The client has been merged on since. Undo the later merge first."))
    _ask_models(session, operation.id)


def _ask_models(session: Session, operation_id: int) -> None:
    """Let each model refuse that what was done to its rows is taken back."""
    connection = session.connection()
    for mapper in Base.registry.mappers:
        model = mapper.class_
        if not issubclass(model, Base) or model.before_undo.__func__ is Base.before_undo.__func__:
            continue
        mine = (log.c.operation_id == operation_id) & (log.c.table_name == model.__tablename__)
        asked = select(log.c.row_id, log.c.action, log.c.before, log.c.after).where(mine)
        changes = [
            row for row in connection.execute(asked)
            if row.action != "update" or set(row.after) - {"client_id"}
        ]  # fmt: skip
        if changes:
            model.before_undo(connection, changes)


def _undo(session: Session, operation: Row[Any], kind: str) -> Report:
    connection, details = session.connection(), operation.details or {}
    pair = (details["target_id"], details["source_id"]) if operation.kind in MERGES else None
    involved = select(log.c.client_id).where(log.c.operation_id == operation.id, log.c.client_id.is_not(None))
    names = connection.scalars(
        select(log.c.table_name).where(log.c.operation_id == operation.id).distinct()
    ).all()
    for table in (Base.metadata.tables[name] for name in sorted(names) if name in Base.metadata.tables):
        if table is not clients:
            rows = select(log.c.row_id).where(
                log.c.operation_id == operation.id, log.c.table_name == table.name
            )
            hold_rows(connection, table, table.c.id.in_(rows))
    hold_clients(connection, list(pair) if pair else involved)
    number = history.operation_id(session)
    report = Report(number)
    # the links that a merge moved go back with what else it moved, wherever they lead
    hidden = hidden_rows(session, operation.id, with_links=not pair)
    if operation.kind in LEAVES_USED:
        hidden = _without_used(session, operation.id, hidden, report)
    since = set_since(session, operation.id)
    bring_back_options(session, operation.id)
    reverter = Reverter(session, operation.id, report, hidden, pair)
    steps = (
        select(log.c.step).where(log.c.operation_id == operation.id).distinct().order_by(log.c.step.desc())
    )
    for step in list(connection.scalars(steps)):
        reverter.revert(step)
    raise_missing(session, number)
    take_along(session, number)
    add_up_again(session, number)
    settle_after(session, number)
    follow_flags_after(session, number)
    fit_values(session, operation.id, number, since, report)
    rewrite_after(session, number, reverter.followed)
    rewrite_after_undo(session, number)
    note_on_timelines(session, number, kind)
    if report.undone["contact"]:
        told = set(_told_of_contacts(session, operation.id)) - hidden.clients
        add_client_entries(session, number, dict.fromkeys(told, kind))
    if pair:
        # the target too where the merge had filled none of its fields
        add_client_entries(session, number, dict.fromkeys(pair, kind))
        _restore_activity(session, operation, pair[0], details.get("last_activity_before"))
        if connection.scalar(select(func.count()).where(clients.c.id.in_(pair), clients.c.sensitive)):
            for client_id in pair:
                rewrite_secrets(session, client_id)
    history.add_details(session, **report.as_json())
    connection.execute(update(operations).where(operations.c.id == operation.id).values(undone_by_id=number))
    return report


def _without_used(session: Session, operation_id: int, hidden: Hidden, report: Report) -> Hidden:
    """Leave alone, and say so, the clients that the operation added and others have worked with since."""
    used = used_clients(session, operation_id) - hidden.clients
    for client_id in sorted(used):
        report.leave(clients.name, client_id, CHANGED)
    return replace(hidden, used=frozenset(used))


def _told_of_contacts(session: Session, operation: int) -> list[int]:
    """The clients whose timelines tell what an operation did to a contact."""
    entries = TimelineEntry.__table__
    told = select(entries.c.client_id).where(
        entries.c.operation_id == operation, entries.c.kind.in_(CONTACT_KINDS)
    )
    return list(session.connection().scalars(told.where(entries.c.client_id.in_(select(clients.c.id)))))


def _restore_activity(session: Session, operation: Row[Any], target: int, before: str | None) -> None:
    """The target's last activity as it was, unless something happened at it since."""
    entries, connection = TimelineEntry.__table__, session.connection()
    since = select(func.max(entries.c.at)).where(
        entries.c.client_id == target, entries.c.table_name.is_not(None),
        entries.c.at > operation.at, entries.c.at <= utc_now(),
    )  # fmt: skip
    latest = connection.scalar(since) or (datetime.fromisoformat(before) if before else None)
    connection.execute(
        update(clients)
        .where(clients.c.id == target)
        .values(last_activity_at=latest, changed_at=clients.c.changed_at)
    )
