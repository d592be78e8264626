"""Every answer that a client gave about marketing: who wrote it down, when, and where it came from.

Read from the log of changes, so that nothing that changes a consent can forget to keep it: forms, bulk changes,
imports, programs, Mailchimp, merges, undo. The answers of clients merged into this one count as its own.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import or_, select

from crm.extensions import db
from crm.models import Change, Client, Operation
from crm.services.history.change_values import has_key
from crm.services.history.encoding import decode_row

MOST = 50
NAMES = ("consent", "consent_source", "consent_at")

log, clients = Change.__table__, Client.__table__


@dataclass(frozen=True)
class Answer:
    """consent: None for unset. at: when it was given, which may be before it was written down at `written_at`.

    changed: which of the three was written. kind, channel: of the operation. own: not of a client merged into this one.
    """

    consent: bool | None
    source: str | None
    at: datetime | None
    changed: frozenset[str]
    written_at: datetime
    user: User | None
    kind: str
    channel: str
    own: bool


def answers(client: Client) -> list[Answer]:
    """The answers of a client that the viewer sees, the last first."""
    connection = db.session.connection()
    merged = connection.scalars(select(clients.c.id).where(clients.c.merged_into_id == client.id)).all()
    dialect = db.session.get_bind().dialect.name
    asked = (
        select(log.c.row_id, log.c.after, Operation, User)
        .join(Operation, Operation.id == log.c.operation_id)
        .outerjoin(User, User.id == Operation.user_id)
        .where(
            log.c.table_name == clients.name,
            log.c.row_id.in_([client.id, *merged]),
            or_(has_key(dialect, log.c.after, "consent"), has_key(dialect, log.c.after, "consent_source")),
        )
    )
    rows = db.session.execute(asked.order_by(log.c.id.desc()).limit(MOST))
    return [_answer(row.after, row.Operation, row.User, row.row_id == client.id) for row in rows]


def _answer(after: dict[str, Any], operation: Operation, user: User | None, own: bool) -> Answer:
    known = decode_row(clients, {name: after[name] for name in NAMES if name in after})
    return Answer(
        known.get("consent"), known.get("consent_source"), known.get("consent_at"), frozenset(known),
        operation.at, user, operation.kind, operation.source, own,
    )  # fmt: skip
