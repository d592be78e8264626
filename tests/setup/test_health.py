"""`/healthz` answers without signing in."""

from datetime import timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import OperationalError

from crm.extensions import db
from crm.models import WorkerHeartbeat
from crm.models.types import utc_now


def heard_from_worker(app, ago: timedelta) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            insert(WorkerHeartbeat).values(name="w", seen_at=utc_now() - ago, started_at=utc_now())
        )


@pytest.mark.both_engines
def test_healthy(app):
    heard_from_worker(app, timedelta(seconds=5))
    answer = app.test_client().get("/healthz")
    assert answer.status_code == 200
    assert answer.json == {"status": "ok", "database": "ok", "worker": "ok"}


def test_missing_worker_is_told(app):
    assert app.test_client().get("/healthz").json["worker"] == "missing"
    heard_from_worker(app, timedelta(minutes=2))
    assert app.test_client().get("/healthz").json["worker"] == "missing"


def test_unreachable_database_is_503_and_tells_no_more(app, monkeypatch):
    def refuse(engine):
        raise OperationalError("connect", {}, Exception("secret host"))

    with app.app_context():
        monkeypatch.setattr(type(db.engine), "connect", refuse)
        answer = app.test_client().get("/healthz")
    assert answer.status_code == 503
    assert answer.json == {"status": "error", "database": "unreachable"}
