"""Two clients made one: everything that points at the source moves to the target, and the source leads there."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, update
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from crm.errors import RuleError, StateConflict
from crm.extensions import db
from crm.models import Client
from crm.registry import registry
from crm.security.viewer import forget_viewers
from crm.security.visibility import including_hidden, visible_client_ids
from crm.services.history import log as history
from crm.services.locking import hold_clients, hold_rows, patiently
from crm.services.merging.attributes import attribute_choices
from crm.services.merging.fields import check_choices, combine
from crm.services.merging.moves import Move, references
from crm.services.timeline.entries import add_client_entries
from crm.services.timeline.following import rewrite_entries, rewrite_links, rewrite_secrets

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
    check_visible(source_id, target_id)
    choices = dict(choices or {})
    check_choices(choices, attribute_choices("client"))
    session = db.session

    def work() -> int:
        with history.operation("merge", client_id=target_id, source_id=source_id, target_id=target_id):
            return _merge(session(), source_id, target_id, choices)

    number = patiently(session, work)
    forget_viewers()
    return number


def check_visible(*ids: int) -> None:
    """Raise NotFound, or StateConflict for one that is in the trash or was merged, where not all are seen."""
    if len(visible_client_ids(ids)) == len(ids):
        return
    with including_hidden():
        if len(visible_client_ids(ids)) == len(ids):
            raise StateConflict(_("One of the two was merged or put in the trash meanwhile."))
    raise NotFound(_("There is no such client."))


def _merge(session: Session, source_id: int, target_id: int, choices: dict[str, str]) -> int:
    source, target = hold_both(session, source_id, target_id)
    had_activity, differ = target.last_activity_at, source.sensitive != target.sensitive
    move = Move(session, source_id, target_id)
    move.all(choices)
    session.expire_all()
    combine(source, target, choices)
    number = lead_to(source, target, "merge", differ)
    keep_latest_activity(session, source, target)
    before: Any = had_activity.isoformat() if had_activity else None
    history.add_details(session, moved=move.moved, last_activity_before=before)
    session.expire_all()
    return number


def hold_both(session: Session, source_id: int, target_id: int) -> tuple[Client, Client]:
    """Two clients with all that points at the source, held until the transaction ends. Raises StateConflict."""
    for column in references():
        if column.table is not clients:
            hold_rows(session.connection(), column.table, column == source_id)
    hold_clients(session.connection(), [source_id, target_id], fully=True)
    session.expire_all()
    source, target = session.get(Client, source_id), session.get(Client, target_id)
    for client in (source, target):
        if client is None or client.merged_into_id or client.deleted_at:
            raise StateConflict(_("One of the two was merged or put in the trash meanwhile."))
    assert source and target
    return source, target


def lead_to(source: Client, target: Client, kind: str, differ: bool) -> int:
    """Let the source lead to the target, which has its rows already; gives the number of the operation.

    kind: what the target's timeline says of it. differ: whether one of the two was sensitive and the other not.
    """
    session = db.session()
    source.merged_into_id = target.id
    session.flush()
    number = history.operation_id(session)
    rewrite_entries(session, registry().by_model[Client], [target.id], number)
    rewrite_links(session, number)
    if differ:
        rewrite_secrets(session, target.id)
    add_client_entries(session, number, {target.id: kind})
    return number


def keep_latest_activity(session: Session, source: Client, target: Client) -> None:
    """Written past the version, as by everything that notes an activity."""
    latest = max(filter(None, (source.last_activity_at, target.last_activity_at)), default=None)
    session.connection().execute(
        update(clients)
        .where(clients.c.id == target.id, func.coalesce(clients.c.last_activity_at != latest, True))
        .values(last_activity_at=latest, changed_at=clients.c.changed_at)
    )
