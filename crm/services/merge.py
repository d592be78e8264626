"""Two clients made one: everything that points at the source moves to the target, and the source leads there."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, scoped_session
from werkzeug.exceptions import NotFound

from crm.errors import RuleError, StateConflict
from crm.extensions import db
from crm.models import AttributeDefinition, Client
from crm.registry import registry
from crm.security.viewer import forget_viewers
from crm.security.visibility import including_hidden, visible_client_ids
from crm.services import history
from crm.services.following import rewrite_entries, rewrite_links, rewrite_secrets
from crm.services.locking import hold_clients, hold_rows, patiently
from crm.services.merge_fields import check_choices, combine
from crm.services.merge_moves import Move, references
from crm.services.timeline import add_client_entries

clients = Client.__table__


def merge(source_id: int, target_id: int, choices: Mapping[str, str] | None = None) -> int:
    """Make two clients one; gives the number of the operation, by which it can be undone. The caller commits.

    choices: where both have a value, `source` or `target` by the name of the field (`phone`, `billing`,
    `attr.<key>`); the target's is kept otherwise, its blanks are filled from the source in any case.
    Raises NotFound for a client that the viewer does not see, StateConflict for one that is in the trash or
    was merged meanwhile, RuleError for a choice that makes no sense. Nothing is changed then.
    """
    if source_id == target_id:
        raise RuleError(_("Choose two different clients."), field="target_id")
    _check_visible(source_id, target_id)
    choices = dict(choices or {})
    check_choices(choices, attribute_choices())
    session = db.session

    def work() -> int:
        with history.operation("merge", client_id=target_id, source_id=source_id, target_id=target_id):
            return _merge(session, source_id, target_id, choices)

    number = patiently(session, work)
    forget_viewers()
    return number


def attribute_choices() -> dict[str, bool]:
    """Key of each attribute of clients, and whether the values of both clients can be kept: several words can."""
    asked = select(AttributeDefinition.key, AttributeDefinition.type).where(
        AttributeDefinition.applies_to == "client"
    )
    return {key: kind == "words" for key, kind in db.session.execute(asked)}


def _check_visible(*ids: int) -> None:
    if len(visible_client_ids(ids)) == len(ids):
        return
    with including_hidden():
        if len(visible_client_ids(ids)) == len(ids):
            raise StateConflict(_("One of the two was merged or put in the trash meanwhile."))
    raise NotFound(_("There is no such client."))


def _merge(session: scoped_session[Session], source_id: int, target_id: int, choices: dict[str, str]) -> int:
    for column in references():
        if column.table is not clients:
            hold_rows(session.connection(), column.table, column == source_id)
    hold_clients(session.connection(), [source_id, target_id], fully=True)
    session.expire_all()
    source, target = session.get(Client, source_id), session.get(Client, target_id)
    for client in (source, target):
        if client is None or client.merged_into_id or client.deleted_at:
            raise StateConflict(_("One of the two was merged or put in the trash meanwhile."))
    had_activity, differ = target.last_activity_at, source.sensitive != target.sensitive
    move = Move(session(), source_id, target_id)
    move.all(choices)
    session.expire_all()
    combine(source, target, choices)
    source.merged_into_id = target_id
    session.flush()
    number = history.operation_id(session())
    rewrite_entries(session(), registry().by_model[Client], [target_id], number)
    rewrite_links(session(), number)
    if differ:
        rewrite_secrets(session(), target_id)
    add_client_entries(session(), number, {target_id: "merge"})
    _keep_latest_activity(session, source, target)
    before: Any = had_activity.isoformat() if had_activity else None
    history.add_details(session(), moved=move.moved, last_activity_before=before)
    session.expire_all()
    return number


def _keep_latest_activity(session: scoped_session[Session], source: Client, target: Client) -> None:
    """Written past the version, as by everything that notes an activity."""
    latest = max(filter(None, (source.last_activity_at, target.last_activity_at)), default=None)
    session.connection().execute(
        update(clients)
        .where(clients.c.id == target.id, func.coalesce(clients.c.last_activity_at != latest, True))
        .values(last_activity_at=latest, changed_at=clients.c.changed_at)
    )
