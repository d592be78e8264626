"""`flask crm mailchimp sync` and `flask crm worker` as processes of their own."""

import os
import signal
import subprocess
import sys
import time

import pytest

from crm.extensions import db
from crm.jobs.runs import ask_for, runs
from tests.mailchimp.conftest import Office
from tests.mailchimp.prism import ROOT
from tests.mailchimp.standin import KEY


@pytest.fixture
def start(office: Office):
    """Start a command of `flask crm` on the office's database."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("CRM_", "MAILCHIMP_"))
    }
    environment |= {
        "CRM_INSTANCE": str(office.app.config["CRM_INSTANCE"]),
        "CRM_DATABASE_URL": office.app.config["SQLALCHEMY_DATABASE_URI"],
        "MAILCHIMP_API_KEY": KEY,
        "MAILCHIMP_AUDIENCE_ID": "aud1",
        "MAILCHIMP_API_URL": office.server.url,
    }
    started = []

    def run(*words: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "flask", "--app", "app", "crm", *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, cwd=ROOT, env=environment, **pipes))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


def last_run():
    row = db.session.execute(
        runs.select().where(runs.c.kind == "mailchimp").order_by(runs.c.id.desc()).limit(1)
    ).one()
    db.session.rollback()
    return row


def wait_for(what, seconds: float = 60):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "nothing came of it"
        time.sleep(0.1)


def test_counts_are_the_last_line(office: Office, start):
    ids = office.add(*(f"p{i}" for i in range(30)))
    process = start("mailchimp", "sync", "--dry-run")
    out, _err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "add: p0@x.pl" in out
    assert "added=30" in out.splitlines()[-1]
    assert not office.server.audience.members

    process = start("mailchimp", "sync")
    out, _err = process.communicate(timeout=60)
    assert (process.returncode, len(office.server.audience.members)) == (0, 30)
    assert out.splitlines()[-1].startswith("mode=full")

    office.set(*ids, consent=False)
    process = start("mailchimp", "sync")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "30 of 30 members would leave" in err
    process = start("mailchimp", "sync", "--confirm", "--full")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "unsubscribed=30" in out.splitlines()[-1]
    assert KEY not in out + err


def test_not_complete_is_not_zero(office: Office, start):
    office.server.audience.list_id = "elsewhere"
    process = start("mailchimp", "sync")
    _out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Resource Not Found" in err
    assert "Traceback" not in err


def test_the_worker_does_what_is_asked_for_and_ends_in_order(office: Office, start):
    office.add_many({"name": f"p{i}", "email": f"p{i}@x.pl"} for i in range(3000))
    worker = start("worker")
    wait_for(lambda: worker.poll() is not None or _heartbeats())
    office.server.answer_seconds = 0.4
    ask_for("mailchimp")
    db.session.commit()
    wait_for(lambda: office.server.batches)
    worker.send_signal(signal.SIGTERM)
    _out, err = worker.communicate(timeout=60)
    assert worker.returncode == 0, err
    # the night's run, if it was due, may have been put in again by then
    assert last_run().state in ("interrupted", "queued")
    sent = len(office.server.audience.members)
    assert 0 < sent < 3000
    office.server.answer_seconds = 0
    office.sync()
    assert sum(office.server.batches) == 3000 - sent
    assert len(office.server.audience.members) == 3000


def _heartbeats() -> int:
    found = db.session.execute(db.metadata.tables["worker_heartbeat"].select()).all()
    db.session.rollback()
    return len(found)
