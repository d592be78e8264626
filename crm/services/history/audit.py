"""Reading that is written down: who looked at what or took it away, as an operation that changed nothing."""

from typing import Any

from sqlalchemy import insert

from crm.database import transactions
from crm.extensions import db
from crm.models import Operation
from crm.models.types import utc_now
from crm.security.viewer import actor_id
from crm.services.history.log import source


def note(kind: str, client_id: int | None = None, **details: Any) -> None:
    """Write down that the current user looks at something, of one client or of many, before it is shown.

    In a transaction of its own: it stands whatever becomes of the request, and a request that only reads can
    do it too.
    """
    row = _look(kind, client_id, details)
    with transactions(read_only=False), db.engine.begin() as connection:
        connection.execute(insert(Operation.__table__).values(row))


def note_in_session(kind: str, client_id: int | None = None, **details: Any) -> None:
    """The same in the transaction of the session; the caller commits."""
    db.session.connection().execute(insert(Operation.__table__).values(_look(kind, client_id, details)))


def _look(kind: str, client_id: int | None, details: dict[str, Any]) -> dict[str, Any]:
    """The row of an operation of the current user that changes nothing."""
    return {
        "kind": kind, "at": utc_now(), "user_id": actor_id(), "source": source(), "client_id": client_id,
        "details": details or None,
    }  # fmt: skip
