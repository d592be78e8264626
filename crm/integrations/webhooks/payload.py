"""What a delivery says: the record as the API answers it to the webhook's user, when it is sent.

Made by the API's own code, so that both always agree; without the values of sensitive attributes, whoever the user
is. There is nothing to say of what the user does not see.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from flask import current_app
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import Row, or_, select

from crm.extensions import db
from crm.models import Change, Client, ClientAssignee, Operation, WebhookDelivery
from crm.models.attribute import OWNER_COLUMNS
from crm.models.base import SeenByAll
from crm.models.webhook import DELETE
from crm.registry import RecordType, registry
from crm.security.viewer import Viewer
from crm.security.visibility import as_system, as_user, including_hidden
from crm.services.attributes.values import definitions
from crm.services.clients.as_json import plain
from crm.services.clients.redirects import all_followed
from crm.services.modules import is_on

log = Change.__table__


def payloads(user: User, deliveries: Sequence[WebhookDelivery]) -> dict[int, dict[str, Any]]:
    """Delivery -> its body; none for one that says nothing to this user. By a fixed number of statements a type."""
    by_type: dict[str, list[WebhookDelivery]] = defaultdict(list)
    for delivery in deliveries:
        by_type[delivery.record].append(delivery)
    found: dict[int, dict[str, Any]] = {}
    with as_user(user) as viewer:
        told = _operations(deliveries)
        for key, rows in by_type.items():
            record = registry().by_key.get(key)
            if record is None or not _may_see(user, record):
                continue
            there = records_json(record, {row.row_id for row in rows})
            # of one that has come back nobody is told that it went: when it is told again, it would go for good there
            gone = [row for row in rows if row.action == DELETE and row.row_id not in there]
            bodies: dict[int, Any] = {
                row.id: there[row.row_id] for row in rows if row.action != DELETE and row.row_id in there
            }
            seen = _seen_before(viewer, record, gone) if gone else set()
            bodies |= {row.id: None for row in gone if row.id in seen}
            for row in rows:
                if row.id in bodies:
                    found[row.id] = _envelope(record, row, told.get(row.operation_id or 0), bodies[row.id])
    return found


def ping_payload(delivery: WebhookDelivery) -> dict[str, Any]:
    """What the test says."""
    return {"event": delivery.event, "at": plain(delivery.created_at)}


def records_json(record: RecordType, ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """id -> record as the API answers it to whoever is asking, of those that they see."""
    api = current_app.extensions["record_apis"][record.key]
    items = api.load(select(record.model).where(record.model.id.in_(ids))) if ids else []
    answers = api.several_json(items)
    if record.key in OWNER_COLUMNS:
        secret = {one.key for one in definitions(record.key, options=False) if one.sensitive}
        answers = [{name: value for name, value in one.items() if name not in secret} for one in answers]
    return {one["id"]: one for one in answers}


def _envelope(record: RecordType, delivery: WebhookDelivery, told: Any, data: Any) -> dict[str, Any]:
    return {
        "event": delivery.event, "type": record.key, "action": delivery.action, "id": delivery.row_id,
        "url": f"/api/v1/{record.url_name}/{delivery.row_id}", "operation": delivery.operation_id,
        "at": plain(told.at if told else delivery.created_at), "by": told.username if told else None,
        "source": told.source if told else None, "data": data,
    }  # fmt: skip


def _may_see(user: User, record: RecordType) -> bool:
    manager = current_app.appbuilder.sm
    return is_on(record.module) and any(
        manager.user_may(user.id, f"can_{action}", record.key) for action in ("show", "list")
    )


def _operations(deliveries: Iterable[WebhookDelivery]) -> dict[int, Row[Any]]:
    """Operation -> when, from where and by whom."""
    asked = select(Operation.id, Operation.at, Operation.source, User.username).outerjoin(
        User, User.id == Operation.user_id
    )
    ids = {delivery.operation_id for delivery in deliveries}
    return {row.id: row for row in db.session.execute(asked.where(Operation.id.in_(ids)))}


# -- what is gone


def _seen_before(viewer: Viewer, record: RecordType, gone: Sequence[WebhookDelivery]) -> set[int]:
    """The deliveries among these of records that the viewer saw, as far as can still be told."""
    if record.model is Client:
        seen = _clients_seen(viewer, {row.row_id for row in gone}) | _clients_assigned(viewer, gone)
        return {row.id for row in gone if row.row_id in seen}
    if issubclass(record.model, SeenByAll) or not record.of_client:
        return {row.id for row in gone}
    rows = _rows_before(record, gone)
    clients = {number for row in rows.values() for number in _clients_of(row)}
    seen = _clients_seen(viewer, clients)
    return {one.id for one in gone if _saw(viewer, rows.get((one.operation_id, one.row_id)), seen)}


def _saw(viewer: Viewer, row: dict[str, Any] | None, seen: set[int]) -> bool:
    if row is None:
        return False
    clients = _clients_of(row)
    if clients:
        return clients <= seen
    return viewer.is_admin or (viewer.user_id is not None and row.get("created_by_id") == viewer.user_id)


def _clients_of(row: dict[str, Any]) -> set[int]:
    return {row[name] for name in ("client_id", "other_id") if row.get(name) is not None}


def _clients_seen(viewer: Viewer, ids: Collection[int]) -> set[int]:
    """Of these clients those that the viewer sees, in the trash too; of those merged away, whose target they see."""
    if viewer.mode == "all":
        return set(ids)
    leads_to = all_followed(ids)
    with including_hidden():
        visible = set(db.session.scalars(select(Client.id).where(Client.id.in_(leads_to.values()))))
    return {number for number, target in leads_to.items() if target in visible}


def _clients_assigned(viewer: Viewer, gone: Sequence[WebhookDelivery]) -> set[int]:
    """The clients of which the viewer's assignments went together with them; of those that were deleted for good
    meanwhile, which takes them without a line in the log, those that the viewer was assigned to last."""
    with including_hidden(), as_system() as session:
        numbers = {row.row_id for row in gone}
        left = numbers.difference(session.scalars(select(Client.id).where(Client.id.in_(numbers))))
    asked = select(log.c.client_id, log.c.operation_id, log.c.row_id, log.c.before, log.c.after).where(
        log.c.client_id.in_(numbers), log.c.table_name == ClientAssignee.__tablename__
    )
    operations, last, found = {row.operation_id for row in gone}, dict[tuple[int, int], Any](), set[int]()
    for row in db.session.connection().execute(asked.order_by(log.c.id)):
        if row.after is None and row.operation_id in operations and _is_theirs(viewer, row.before):
            found.add(row.client_id)
        last[row.client_id, row.row_id] = row.after
    return found | {
        number for (number, _link), row in last.items() if number in left and _is_theirs(viewer, row)
    }


def _is_theirs(viewer: Viewer, assignment: dict[str, Any] | None) -> bool:
    return (assignment or {}).get("user_id") in viewer.user_ids


def _rows_before(
    record: RecordType, gone: Sequence[WebhookDelivery]
) -> dict[tuple[Any, int], dict[str, Any]]:
    """(operation, row) -> the row that was deleted, in the log's values."""
    asked = select(log.c.operation_id, log.c.row_id, log.c.before).where(
        or_(*(_in_log(row) for row in gone)), log.c.table_name == record.key, log.c.action == "delete"
    )
    rows = db.session.connection().execute(asked.order_by(log.c.step))
    return {(row.operation_id, row.row_id): row.before or {} for row in rows}


def _in_log(row: WebhookDelivery) -> Any:
    return (log.c.operation_id == row.operation_id) & (log.c.row_id == row.row_id)
