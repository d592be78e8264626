"""A CRM of its own for each test, with a stand-in for Mailchimp beside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from crm.extensions import db
from crm.integrations.mailchimp.sync import sync
from crm.jobs.runs import Run, run_here, state_of
from crm.models import Client
from crm.models.types import utc_now
from tests.mailchimp.audience import Member, digest
from tests.mailchimp.standin import KEY, StandIn
from tests.prepared import PreparedDatabase

FAST = {"sleep": lambda seconds: None, "timeout": (1, 5)}
SET_UP = {"MAILCHIMP_API_KEY": KEY, "MAILCHIMP_AUDIENCE_ID": "aud1", "MAILCHIMP_OPTIONS": FAST}
clients = Client.__table__


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn(slow_seconds=1.5) as running:
        yield running


@contextmanager
def in_use(database: PreparedDatabase, server: StandIn, **settings: Any) -> Iterator[Flask]:
    """The CRM as it was prepared, with the stand-in for its Mailchimp."""
    database.refresh()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**SET_UP, "MAILCHIMP_API_URL": server.url, **settings}.items():
            patch.setitem(database.app.config, name, value)
        yield database.app
    database.disconnect()


@pytest.fixture
def on_sqlite(prepared, stand_in) -> Iterator[Flask]:
    with in_use(prepared("sqlite"), stand_in) as app, app.app_context():
        yield app


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def app(request, prepared, stand_in) -> Iterator[Flask]:
    """The CRM on each engine."""
    with in_use(prepared(request.param), stand_in) as app, app.app_context():
        yield app


@pytest.fixture
def app_with_people(prepared, stand_in) -> Iterator[Flask]:
    """The product with a Mailchimp that nobody has set up."""
    with in_use(prepared("sqlite"), stand_in, MAILCHIMP_API_KEY=None, MAILCHIMP_AUDIENCE_ID=None) as app:
        yield app


class Office:
    """What people do in the CRM, in few words, and what it says afterwards."""

    def __init__(self, app: Flask, server: StandIn):
        self.app, self.server = app, server

    def add(self, *names: str, **values: Any) -> list[int]:
        """Add people called so, with consent and `name@x.pl`, straight into the table."""
        return self.add_many({"name": name, "email": f"{name}@x.pl", **values} for name in names)

    def add_many(self, rows: Any) -> list[int]:
        now = utc_now()
        same = {"kind": "person", "consent": True, "version": 1, "stars": 0}
        same |= {"created_at": now, "changed_at": now, "status_changed_at": now}
        full = [{**same, "first_name": row["name"], "name_key": row["name"].lower(), **row} for row in rows]
        keys = {key for row in full for key in row}
        filled = [{key: row.get(key) for key in keys} for row in full]
        last = db.session.scalar(select(clients.c.id).order_by(clients.c.id.desc()).limit(1)) or 0
        db.session.execute(insert(clients), filled)
        db.session.commit()
        return list(range(last + 1, last + 1 + len(filled)))

    def set(self, *ids: int, **values: Any) -> None:
        db.session.execute(update(clients).where(clients.c.id.in_(ids)).values(**values))
        db.session.commit()

    def get(self, client_id: int) -> Any:
        row = db.session.execute(clients.select().where(clients.c.id == client_id)).one()
        db.session.rollback()
        return row

    def run(self, **options: Any) -> Run:
        """One sync; `state` and `error` on the run."""
        self.server.forget_calls()
        run = run_here("mailchimp", sync, options)
        assert run is not None
        run.state, run.error = state_of(run.id)  # type: ignore[attr-defined]
        return run

    def sync(self, **options: Any) -> Run:
        """One sync that has to be complete."""
        run = self.run(**options)
        assert run.state == "done", run.error  # type: ignore[attr-defined]
        assert not self.server.audience.resubscribed
        return run

    def there(self, name: str) -> Member:
        email = name if "@" in name else f"{name}@x.pl"
        return self.server.audience.members[digest(email)]

    def statuses(self) -> dict[str, str]:
        return {m.email.removesuffix("@x.pl"): m.status for m in self.server.audience.members.values()}


@pytest.fixture
def office(on_sqlite, stand_in) -> Office:
    return Office(on_sqlite, stand_in)


@pytest.fixture
def offices(app, stand_in) -> Office:
    """The same on each engine."""
    return Office(app, stand_in)
