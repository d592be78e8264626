"""Deliveries on their way: signed, tried again, in order, given up; and never lost with a worker."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from crm.extensions import db
from crm.integrations.webhooks import job, sending
from crm.integrations.webhooks.signing import signed_headers
from crm.jobs import wake
from crm.jobs.runs import run_here
from crm.models import Client, JobRun, Webhook, WebhookDelivery, WebhookOutbox
from crm.models.types import utc_now
from crm.models.webhook import FAILED, FAILING, GONE, NO_SECRET, NO_USER, SENT, WAITING
from crm.security.visibility import as_system
from crm.services.clients import archiving, trash
from crm.services.secret_settings import forget_secret
from tests.killing import alone, in_child, statements_of
from tests.users import user

DOC = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"
table, hooks = WebhookDelivery.__table__, Webhook.__table__


def rename(number: int, name: str) -> None:
    db.session.get_one(Client, number).name = name
    db.session.commit()


def make_ripe() -> None:
    """Let the pauses be over."""
    db.session.execute(update(table).where(table.c.next_at.is_not(None)).values(next_at=utc_now()))
    db.session.execute(update(hooks).values(retry_at=None))
    db.session.commit()


def states() -> list[tuple[str, int]]:
    rows = db.session.execute(select(table.c.state, table.c.attempts).order_by(table.c.id)).all()
    db.session.rollback()
    return [tuple(row) for row in rows]


def test_the_signature_is_that_of_standard_webhooks_and_the_documentation_checks_it(
    app, receiver, subscribe, deliver, make_client
) -> None:
    # the example of the libraries for Standard Webhooks
    known = signed_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}', 1614265330,
    )  # fmt: skip
    assert known["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    told: dict[str, Any] = {}
    exec(re.search(r"```python\n(.*?)```", DOC.read_text(), re.S).group(1), told)
    _, secret = subscribe("client.create")
    make_client("Acme")
    # packed although that was not asked for: heard all the same
    receiver.headers = {"Content-Encoding": "gzip"}
    deliver()
    with app.app_context():
        assert states() == [(SENT, 1)]
    headers, body = receiver.told[0]
    check = told["is_from_the_crm"]
    assert check(secret, headers, body)
    assert not check(secret, headers, body + b" ")
    assert not check("whsec_" + "A" * 44, headers, body)
    assert not check(secret, {**headers, "webhook-timestamp": "1614265330"}, body)


def test_a_failure_is_tried_again_in_order_and_given_up_in_the_end(
    app, receiver, subscribe, deliver, make_client
) -> None:
    number, _ = subscribe("client.create", "client.update")
    one, other = make_client("One"), make_client("Other")
    bad = one
    receiver.answer_to = lambda body: 500 if body["id"] == bad else 200
    with app.app_context(), as_system():
        deliver()
        rename(one, "One, later")
        deliver()
        # the later message about it waits for the earlier one; others do not
        assert states() == [(WAITING, 1), (SENT, 1), (WAITING, 0)]
        assert receiver.take() == [("client.create", one), ("client.create", other)]
        row = db.session.get_one(WebhookDelivery, 1)
        assert (row.status, row.answer, row.next_at - row.tried_at) == (500, "told", timedelta(minutes=5))
        assert db.session.get_one(Webhook, number).failing_since is None
        assert not job.is_any_due()
        make_ripe()
        bad = 0
        assert job.is_any_due()
        deliver()
        assert [(body["event"], body["data"]["name"]) for body in receiver.bodies] == [
            ("client.create", "One, later"), ("client.update", "One, later"),
        ]  # fmt: skip
        assert receiver.told[0][0]["webhook-id"] == "delivery_1"
        receiver.take()
        # one that is never heard
        bad = other
        rename(other, "Never")
        for attempt in range(1, len(sending.PAUSES) + 2):
            deliver()
            assert states()[-1] == (FAILED if attempt > len(sending.PAUSES) else WAITING, attempt)
            make_ripe()
        deliver()
        assert len(receiver.take()) == len(sending.PAUSES) + 1
        assert not job.is_any_due()
        # runs that came to a good end do not pile up
        assert db.session.scalar(select(func.count(JobRun.id)).filter_by(kind="webhooks")) <= 2


def test_a_receiver_that_takes_nothing_gets_a_breather_and_is_left_alone_in_the_end(
    app, receiver, subscribe, deliver, make_client, sign_in
) -> None:
    number, _ = subscribe("client.create", "client.update")
    clients = [make_client(f"Client {n}") for n in range(5)]
    receiver.status, receiver.headers = 302, {"Location": receiver.url}

    def hook() -> Webhook:
        db.session.rollback()
        return db.session.get_one(Webhook, number)

    def told_at_start(name: str) -> bool:
        return "switched off by itself" in sign_in(name).get("/").text

    deliver()
    assert not told_at_start("office")
    with app.app_context(), as_system():
        # redirects are answers: each was called once
        assert len(receiver.take()) == 5
        assert hook().failing_since is not None and hook().active
        rename(clients[0], "Once more")
        deliver()
        assert receiver.take() == []
        make_ripe()
        deliver()
        assert len(receiver.take()) == 1
        since = utc_now() - sending.GIVE_UP
        # long ago, and nothing was to be sent since: this is a new beginning
        db.session.execute(update(hooks).values(failing_since=since, retry_at=since))
        db.session.commit()
        deliver()
        assert hook().active and hook().failing_since > since
        db.session.execute(update(hooks).values(failing_since=since, retry_at=utc_now()))
        db.session.commit()
        deliver()
        assert (hook().active, hook().off_because) == (False, FAILING)
        # off: nothing is noted, nothing sent
        db.session.rollback()
        make_client("Unheard of")
        assert db.session.scalar(select(func.count(WebhookOutbox.id))) == 0
    assert told_at_start("office") and not told_at_start("alice")
    receiver.take()
    receiver.status, receiver.headers = 200, {}
    sign_in("office").post(f"/settings/webhooks/switch/{number}", data={"on": "yes"})
    with app.app_context(), as_system():
        deliver()
        assert len(receiver.take()) == 6 and hook().failing_since is None
        # gone, and a user who left
        receiver.status = 410
        rename(clients[0], "Gone")
        deliver()
        assert hook().off_because == GONE
        db.session.execute(update(hooks).values(active=True, retry_at=None))
        user("admin").active = False
        db.session.commit()
        make_ripe()
        deliver()
        assert hook().off_because == NO_USER


def test_private_addresses_are_not_called_even_by_another_name(
    app, receiver, subscribe, deliver, make_client, monkeypatch
) -> None:
    app.config["CRM_WEBHOOKS_ALLOW_PRIVATE"] = False
    subscribe("client.create", url="https://localhost/")
    make_client("Acme")
    deliver()
    with app.app_context():
        row = db.session.get_one(WebhookDelivery, 1)
        assert (row.state, row.status, row.error) == (WAITING, None, "localhost is not on the open internet")


def test_nothing_is_signed_without_a_secret_and_answers_go_with_their_client(
    app, receiver, subscribe, deliver, make_client
) -> None:
    number, _ = subscribe("client.create", "client.delete")
    subscribe("client.delete", user="alice")
    client = make_client("Acme", assignees=["alice"])
    deliver()
    with app.app_context(), as_system():
        assert db.session.scalar(select(table.c.answer)) == "told"
        archiving.move_to_trash(db.session.get_one(Client, client))
        db.session.commit()
        trash.purge(trash.find_trashed(client))
        db.session.commit()
        assert db.session.scalars(select(table.c.answer)).all() == [""]
        deliver()
        # that it went to the trash, though now there is nothing left of it; and no more
        assert receiver.take() == [("client.create", client), *2 * [("client.delete", client)]]
        forget_secret(sending.secret_key(number))
        db.session.commit()
        make_client("Unsigned")
        deliver()
        assert receiver.take() == []
        assert db.session.get_one(Webhook, number).off_because == NO_SECRET


@pytest.mark.both_engines
def test_kill_9_loses_nothing(app, receiver, subscribe, make_client) -> None:
    """Wherever the worker is killed, each change is told in the end; at most what was under way, twice."""
    subscribe("client.create", "client.update")

    def work() -> None:
        run_here("webhooks", job.deliver, {})

    clients = [make_client(f"Client {n}") for n in range(3)]
    with app.app_context(), as_system():
        number = statements_of(work)
        assert len(receiver.take()) == 3
        db.session.remove()
    for last in sorted({*range(8, number, 5), number - 2, number - 1}):
        with app.app_context(), as_system():
            for client in clients:
                rename(client, f"Before statement {last}")
            db.session.remove()
        os.waitpid(in_child(app, work, last), 0)
        with app.app_context(), as_system():
            alone()
            work()
            assert job.is_any_due() is False
            names = {body["id"]: body["data"]["name"] for body in receiver.bodies}
            assert names == dict.fromkeys(clients, f"Before statement {last}"), last
            numbers = [headers["webhook-id"] for headers, _body in receiver.told]
            assert len(set(numbers)) == 3 and len(numbers) <= 6
            receiver.take()
            db.session.remove()


def test_the_queue_is_told_after_the_commit_and_only_where_there_is_a_webhook(
    app, receiver, subscribe, make_client, monkeypatch
) -> None:
    hints: list[str] = []
    monkeypatch.setitem(app.extensions, "wake_job", hints.append)
    make_client("Nobody is told")
    assert hints == []
    subscribe("client.create")
    hints.clear()
    make_client("Acme")
    assert hints == ["webhooks"]
    with app.app_context():
        wake("webhooks")
        assert db.session.scalar(select(JobRun.kind).filter_by(state="queued")) == "webhooks"
