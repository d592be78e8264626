"""What somebody looked at or took away, noted in the log of operations: it changes nothing that could be undone."""

from typing import Any

from sqlalchemy import insert

from crm.database import transactions
from crm.extensions import db
from crm.models import Operation
from crm.models.types import utc_now
from crm.security.viewer import actor_id
from crm.services.history import source


def note(kind: str, client_id: int | None = None, **details: Any) -> None:
    """Write an operation of this kind now, in a transaction of its own.

    It stands in the log whatever comes of the request, which itself only reads.
    """
    row = {"kind": kind, "at": utc_now(), "user_id": actor_id(), "source": source(), "client_id": client_id,
           "details": details or None}  # fmt: skip
    with transactions(read_only=False), db.engine.begin() as connection:
        connection.execute(insert(Operation.__table__).values(row))
