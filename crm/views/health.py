"""`/healthz`: whether the CRM can work, for whoever watches over it; says nothing about what is in it."""

from datetime import timedelta
from typing import Any

from flask import Blueprint
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from crm.extensions import db
from crm.models import WorkerHeartbeat
from crm.models.types import utc_now

#: A worker says every ten seconds that it is there.
SILENCE = timedelta(minutes=1)

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def health() -> tuple[dict[str, Any], int]:
    """200 while the database answers, 503 otherwise; a missing worker is told, pages do without one."""
    try:
        with db.engine.connect() as connection:
            workers = connection.scalar(
                select(func.count()).where(WorkerHeartbeat.seen_at > utc_now() - SILENCE)
            )
    except SQLAlchemyError:
        return {"status": "error", "database": "unreachable"}, 503
    return {"status": "ok", "database": "ok", "worker": "ok" if workers else "missing"}, 200
