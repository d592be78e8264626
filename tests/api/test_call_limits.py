"""So many calls a minute for each key, however many processes answer them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from crm.extensions import db
from crm.models import RateLimit
from crm.models.types import utc_now
from tests.api.conftest import Caller

pytestmark = pytest.mark.both_engines
URL = "/api/v1/notes/"


def test_all_processes_count_together(make_app: Any, make_key: Any, system: Any, count_queries: Any) -> None:
    """Two apps on one database know as little of each other as two processes."""
    apps = [make_app(RATELIMIT_ENABLED=True) for _ in range(2)]

    def limit(most: int) -> None:
        for app in apps:
            app.config["CRM_API_CALLS"] = most

    def callers(name: str) -> list[Caller]:
        key = f"Bearer {make_key(name)}"
        return [Caller(app, key) for app in apps]

    limit(6)
    mine = callers("alice")
    answers = [caller.get(URL) for caller in mine * 4]
    assert [answer.status_code for answer in answers] == [200] * 6 + [429] * 2
    assert answers[-1].json["code"] == 429 and 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert [caller.post(URL, {}).status_code for caller in callers("alice")] == [422] * 2

    # the next minute
    with system() as session:
        session.execute(update(RateLimit).values(ends_at=utc_now() - timedelta(seconds=1)))
        session.commit()
    apps[0].extensions["call_allowances"].clear()
    assert [caller.get(URL).status_code for caller in mine] == [200, 429]

    # each takes two at a time: most calls write nothing, and at once no call too many gets through
    limit(100)
    many = callers("bob")
    assert many[0].get(URL).status_code == 200
    with apps[0].app_context():
        engine = db.engine
    with count_queries(engine) as statements:
        assert many[0].get(URL).status_code == 200
    assert not [s for s in statements if s.startswith(("INSERT", "UPDATE", "DELETE"))]
    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(lambda n: many[n % 2].get(URL).status_code, range(120)))
    assert codes.count(200) + codes.count(429) == 120
    # what one process has taken and the other would need is lost until the minute is over
    assert 96 <= 2 + codes.count(200) <= 100

    limit(2)
    given = (
        apps[0]
        .test_client()
        .post("/api/v1/security/login", json={"username": "alice", "password": "demo", "provider": "db"})
    )
    token = f"Bearer {given.json['access_token']}"
    assert [Caller(apps[0], token).get(URL).status_code for _ in range(3)] == [200, 200, 429]
    limit(0)
    assert {Caller(apps[0], token).get(URL).status_code for _ in range(4)} == {200}
