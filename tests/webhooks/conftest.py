from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import has_app_context
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select

from crm.extensions import db
from crm.integrations.webhooks import job, subscriptions
from crm.jobs.runs import run_here, state_of
from crm.models import Webhook
from crm.security.visibility import as_system
from tests.webhooks.receiver import Receiver


@pytest.fixture
def receiver(app, monkeypatch) -> Iterator[Receiver]:
    # the queue's tables go with each test's database
    monkeypatch.setitem(app.extensions, "wake_job", lambda kind: None)
    before = app.config["CRM_WEBHOOKS_ALLOW_PRIVATE"]
    app.config["CRM_WEBHOOKS_ALLOW_PRIVATE"] = True
    with Receiver() as running:
        yield running
    app.config["CRM_WEBHOOKS_ALLOW_PRIVATE"] = before


@pytest.fixture
def subscribe(app, receiver) -> Callable[..., tuple[int, str]]:
    """Make a webhook to the receiver; gives its id and its secret."""

    def make(*events: str, user: str = "admin", url: str = "") -> tuple[int, str]:
        with app.app_context(), as_system():
            seen_by = db.session.scalars(select(User).filter_by(username=user)).one()
            hook = Webhook(name=user, url=url or receiver.url, events=list(events), user=seen_by)
            secret = subscriptions.add(hook)
            db.session.commit()
            return hook.id, secret

    return make


@pytest.fixture
def deliver(app) -> Callable[[], dict[str, Any]]:
    """Let the worker tell what is due; gives what it counted."""

    def run() -> dict[str, Any]:
        if has_app_context():
            db.session.rollback()
        with app.app_context():
            done = run_here("webhooks", job.deliver, {})
            assert done is not None
            assert state_of(done.id) == ("done", None)
            db.session.remove()
            return done.counters

    return run
