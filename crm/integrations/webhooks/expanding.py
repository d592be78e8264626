"""From the log to deliveries: which records an operation added, changed and deleted, and who is to be told.

By a few statements for each type of record, however many rows an operation changed. Rows that are pieces of a
record (its tags, lines, values of attributes) count as changes of it; what one operation did to one record is one
delivery.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import (
    CTE,
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
from crm.models.webhook import ACTIONS, CREATE, DELETE, UPDATE, WAITING
from crm.registry import RecordType
from crm.services.history.bulk import dialect_of
from crm.services.history.change_values import unpacked
from crm.services.history.pieces import Piece, movers_of, pieces_of
from crm.services.modules import records_on

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
        written = _written_by(ids)
        tables = set(connection.scalars(select(written.c.table_name).distinct())) if hooks else set()
        for record in records_on() if tables else ():
            if parts := _parts(dialect_of(session), record, tables, written):
                _add(session, record, parts, hooks)
        connection.execute(delete(outbox).where(outbox.c.id.in_(ids)))
    session.commit()
    return len(ids)


def _written_by(ids: Sequence[int]) -> CTE:
    """The rows of the log that belong to these of the outbox: up to where the next of the same operation begins,
    which is there or not together with its steps."""
    mine, next_ = outbox.alias(), outbox.alias()
    later = (
        exists().where(
            next_.c.operation_id == mine.c.operation_id, next_.c.after_step > mine.c.after_step,
            next_.c.after_step < log.c.step,
        ).correlate(mine, log)
    )  # fmt: skip
    its_own = and_(log.c.operation_id == mine.c.operation_id, log.c.step > mine.c.after_step)
    found = select(log).join(mine, its_own).where(mine.c.id.in_(ids), ~later)
    # found by operation before anything else is asked of it: the log has an index by table too, of all there is
    return found.cte("written").prefix_with("MATERIALIZED")


def _add(session: Session, record: RecordType, parts: Sequence[Select[Any]], hooks: Iterable[Any]) -> None:
    """The deliveries of one type of record."""
    facts = _facts(parts)
    for hook in hooks:
        wanted = [action for action in ACTIONS if f"{record.key}.{action}" in hook.events]
        if not wanted:
            continue
        rows = select(
            literal(hook.id), facts.c.operation_id, literal(record.key), facts.c.row_id, facts.c.action,
            literal(WAITING), literal(0), literal(utc_now(), deliveries.c.created_at.type), literal(""), literal(""),
        ).where(facts.c.action.in_(wanted)).order_by(facts.c.operation_id, facts.c.row_id)  # fmt: skip
        names = ["webhook_id", "operation_id", "record", "row_id", "action", "state", "attempts", "created_at",
                 "answer", "error"]  # fmt: skip
        session.connection().execute(insert(deliveries).from_select(names, rows))


def _parts(dialect: str, record: RecordType, tables: Collection[str], written: CTE) -> list[Select[Any]]:
    """(operation_id, row_id, step in which it came, in which it went) by each table of those that were changed."""
    parts = []
    if record.key in tables:
        come, gone = _come(dialect, record, written), _gone(dialect, record, written)
        its_own = select(
            written.c.operation_id, written.c.row_id, case((come, written.c.step), else_=0).label("come"),
            case((gone, written.c.step), else_=0).label("gone"),
        )  # fmt: skip
        parts.append(its_own.where(written.c.table_name == record.key))
    for piece in (*pieces_of(record), *movers_of(record)):
        if piece.table.name in tables:
            parts += _owners(dialect, piece, written)
    return parts


def _facts(parts: Sequence[Select[Any]]) -> Any:
    """(operation_id, row_id, action) of each record that these parts are about."""
    found = union_all(*parts).subquery()
    come, gone = func.max(found.c.come), func.max(found.c.gone)
    # in one operation a row can come and go: what it did last counts
    action = case((come > gone, CREATE), (gone > 0, DELETE), else_=UPDATE)
    return (
        select(found.c.operation_id, found.c.row_id, action.label("action"))
        .group_by(found.c.operation_id, found.c.row_id)
        .subquery()
    )


def _come(dialect: str, record: RecordType, written: CTE) -> ColumnElement[bool]:
    """That a change of the log made a record appear: added, or brought back from where nobody sees it."""
    added = written.c.action == "insert"
    return or_(added, _is_hidden(dialect, written.c.before)) if record.model is Client else added


def _gone(dialect: str, record: RecordType, written: CTE) -> ColumnElement[bool]:
    """That a change of the log made a record disappear: deleted, or put where nobody sees it."""
    deleted = written.c.action == "delete"
    if record.model is not Client:
        return deleted
    trashed = and_(written.c.action == "update", _is_hidden(dialect, written.c.after))
    # one that was in the trash was gone already
    return or_(trashed, and_(deleted, ~_is_hidden(dialect, written.c.before)))


def _is_hidden(dialect: str, side: Any) -> ColumnElement[bool]:
    table = Client.__table__
    columns = (table.c.deleted_at, table.c.merged_into_id)
    return or_(*(unpacked(dialect, side, column).is_not(None) for column in columns))


def _owners(dialect: str, piece: Piece, written: CTE) -> Iterator[Select[Any]]:
    """The records whose pieces changed, as before, as after, and of a piece that stayed theirs as it is."""
    table = piece.table
    owner = table.c[piece.owner]
    # values of a contact's attributes name its client too
    contact = table.c.contact_id if piece.model is AttributeValue and piece.owner == "client_id" else None
    for side in (written.c.before, written.c.after):
        its_owner = unpacked(dialect, side, owner)
        own = [] if contact is None else [unpacked(dialect, side, contact).is_(None)]
        yield _changed(written, its_owner).where(
            written.c.table_name == table.name, its_owner.is_not(None), *own
        )
    own = [] if contact is None else [contact.is_(None)]
    staying = _changed(written, owner).join_from(written, table, table.c.id == written.c.row_id)
    yield staying.where(
        written.c.table_name == table.name, written.c.action == "update", owner.is_not(None), *own
    )


def _changed(written: CTE, owner: ColumnElement[Any]) -> Select[Any]:
    return select(
        written.c.operation_id, owner.label("row_id"), literal(0).label("come"), literal(0).label("gone")
    )
