"""The log of calls to an outside service, written when no transaction is open; and its last lines."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, insert, select

from crm.extensions import db
from crm.models import IntegrationCall
from crm.models.types import utc_now

KEPT, RECENT = timedelta(days=90), 10
calls = IntegrationCall.__table__


class CallLog:
    """Collects calls during one run, and keeps them at its end."""

    def __init__(self, service: str):
        self._service = service
        self._rows: list[dict[str, Any]] = []
        self.number = 0

    def add(self, method: str, path: str, status: int | None, seconds: float, error: str) -> None:
        self.number += 1
        row = {"method": method, "path": path[:200], "status": status, "error": error[:300]}
        self._rows.append(
            row | {"service": self._service, "at": utc_now(), "milliseconds": round(seconds * 1000)}
        )

    def write(self) -> None:
        """Also when the run failed; old calls go."""
        db.session.rollback()
        if self._rows:
            db.session.execute(insert(calls), self._rows)
        db.session.execute(
            delete(calls).where(calls.c.service == self._service, calls.c.at < utc_now() - KEPT)
        )
        db.session.commit()
        self._rows.clear()


def recent_calls(*services: str) -> Sequence[IntegrationCall]:
    """The last calls to a service or several, the latest first."""
    of_services = select(IntegrationCall).where(IntegrationCall.service.in_(services))
    return db.session.scalars(of_services.order_by(IntegrationCall.id.desc()).limit(RECENT)).all()


def seems_down(service: str, failures: int) -> bool:
    """Whether so many calls failed one after the other, the last of them within the hour: the background rests then."""
    last = select(calls.c.error, calls.c.at).where(calls.c.service == service).order_by(calls.c.id.desc())
    rows = db.session.connection().execute(last.limit(failures)).all()
    return (
        len(rows) == failures
        and all(row.error for row in rows)
        and rows[0].at > utc_now() - timedelta(hours=1)
    )
