"""From the log to deliveries: which records an operation added, changed and deleted, and who is to be told.

By a few statements for each type of record, however many rows an operation changed. Rows that are pieces of a
record (its tags, lines, values of attributes) count as changes of it; what one operation did to one record is one
delivery.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
)  # fmt: skip
from sqlalchemy.orm import Session

from crm.models import AttributeValue, Change, Client, Webhook, WebhookDelivery, WebhookOutbox
from crm.models.types import utc_now
from crm.models.webhook import CREATE, DELETE, UPDATE, WAITING
from crm.registry import RecordType
from crm.services.bulk import dialect_of
from crm.services.change_values import unpacked
from crm.services.modules import records_on
from crm.services.pieces import Piece, pieces_of

#: Operations that are looked at in one transaction.
PORTION = 200

log, outbox = Change.__table__, WebhookOutbox.__table__
webhooks, deliveries = Webhook.__table__, WebhookDelivery.__table__


def expand(session: Session) -> int:
    """Turn the oldest of what waits in the outbox into deliveries; commits. Gives how many operations these were."""
    connection = session.connection()
    ids = list(connection.scalars(select(outbox.c.id).order_by(outbox.c.id).limit(PORTION)))
    if ids:
        hooks = connection.execute(select(webhooks.c.id, webhooks.c.events).where(webhooks.c.active)).all()
        window = _written_by(ids)
        tables = (
            set(connection.scalars(select(log.c.table_name).distinct().where(window))) if hooks else set()
        )
        for record in records_on() if tables else ():
            if tables & {record.key, *(piece.table.name for piece in pieces_of(record))}:
                _add(session, record, window, hooks)
        connection.execute(delete(outbox).where(outbox.c.id.in_(ids)))
    session.commit()
    return len(ids)


def _written_by(ids: Sequence[int]) -> ColumnElement[bool]:
    """The rows of the log that belong to these of the outbox: up to where the next of the same operation begins,
    which is there or not together with its steps."""
    mine, next_ = outbox.alias(), outbox.alias()
    later = (
        exists().where(
            next_.c.operation_id == mine.c.operation_id, next_.c.after_step > mine.c.after_step,
            next_.c.after_step < log.c.step,
        ).correlate(mine, log)
    )  # fmt: skip
    in_one = (
        exists().where(
            mine.c.id.in_(ids), mine.c.operation_id == log.c.operation_id, mine.c.after_step < log.c.step, ~later
        ).correlate(log)
    )  # fmt: skip
    # first by operation, as the log's key is
    operations = select(outbox.c.operation_id).where(outbox.c.id.in_(ids))
    return log.c.operation_id.in_(operations) & in_one


def _add(session: Session, record: RecordType, window: ColumnElement[bool], hooks: Iterable[Any]) -> None:
    """The deliveries of one type of record."""
    facts = _facts(session, record, window)
    for hook in hooks:
        wanted = [action for action in (CREATE, UPDATE, DELETE) if f"{record.key}.{action}" in hook.events]
        if not wanted:
            continue
        rows = select(
            literal(hook.id), facts.c.operation_id, literal(record.key), facts.c.row_id, facts.c.action,
            literal(WAITING), literal(0), literal(utc_now(), deliveries.c.created_at.type), literal(""), literal(""),
        ).where(facts.c.action.in_(wanted)).order_by(facts.c.operation_id, facts.c.row_id)  # fmt: skip
        names = ["webhook_id", "operation_id", "record", "row_id", "action", "state", "attempts", "created_at",
                 "answer", "error"]  # fmt: skip
        session.connection().execute(insert(deliveries).from_select(names, rows))


def _facts(session: Session, record: RecordType, window: ColumnElement[bool]) -> Any:
    """(operation_id, row_id, action) of each record that the log of this window is about."""
    dialect = dialect_of(session)
    parts = [
        select(
            log.c.operation_id, log.c.row_id, case((_come(dialect, record), log.c.step), else_=0).label("come"),
            case((_gone(dialect, record), log.c.step), else_=0).label("gone"),
        ).where(window, log.c.table_name == record.key),
        *(part for piece in pieces_of(record) for part in _owners(dialect, piece, window)),
    ]  # fmt: skip
    found = union_all(*parts).subquery()
    come, gone = func.max(found.c.come), func.max(found.c.gone)
    # in one operation a row can come and go: what it did last counts
    action = case((come > gone, CREATE), (gone > 0, DELETE), else_=UPDATE)
    return (
        select(found.c.operation_id, found.c.row_id, action.label("action"))
        .group_by(found.c.operation_id, found.c.row_id)
        .subquery()
    )


def _come(dialect: str, record: RecordType) -> ColumnElement[bool]:
    """That a change of the log made a record appear: added, or brought back from where nobody sees it."""
    added = log.c.action == "insert"
    return or_(added, _is_hidden(dialect, log.c.before)) if record.model is Client else added


def _gone(dialect: str, record: RecordType) -> ColumnElement[bool]:
    """That a change of the log made a record disappear: deleted, or put where nobody sees it."""
    deleted = log.c.action == "delete"
    if record.model is not Client:
        return deleted
    trashed = and_(log.c.action == "update", _is_hidden(dialect, log.c.after))
    # one that was in the trash was gone already
    return or_(trashed, and_(deleted, ~_is_hidden(dialect, log.c.before)))


def _is_hidden(dialect: str, side: Any) -> ColumnElement[bool]:
    table = Client.__table__
    columns = (table.c.deleted_at, table.c.merged_into_id)
    return or_(*(unpacked(dialect, side, column).is_not(None) for column in columns))


def _owners(dialect: str, piece: Piece, window: ColumnElement[bool]) -> Iterator[Select[Any]]:
    """The records whose pieces changed, as before, as after, and of a piece that stayed theirs as it is."""
    table = piece.table
    owner = table.c[piece.owner]
    # values of a contact's attributes name its client too
    contact = table.c.contact_id if piece.model is AttributeValue and piece.owner == "client_id" else None
    for side in (log.c.before, log.c.after):
        its_owner = unpacked(dialect, side, owner)
        own = [] if contact is None else [unpacked(dialect, side, contact).is_(None)]
        yield _changed(its_owner).where(window, log.c.table_name == table.name, its_owner.is_not(None), *own)
    own = [] if contact is None else [contact.is_(None)]
    staying = _changed(owner).join_from(log, table, table.c.id == log.c.row_id)
    yield staying.where(
        window, log.c.table_name == table.name, log.c.action == "update", owner.is_not(None), *own
    )


def _changed(owner: ColumnElement[Any]) -> Select[Any]:
    return select(
        log.c.operation_id, owner.label("row_id"), literal(0).label("come"), literal(0).label("gone")
    )
