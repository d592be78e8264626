"""Whatever goes wrong in the middle of a night, the next run ends in the state of a night without trouble."""

import os
import random
import signal
import threading
import time

import pytest

from crm.extensions import db
from crm.integrations.mailchimp.sync import sync
from crm.jobs.runs import run_here
from tests.mailchimp.conftest import Office, in_use
from tests.mailchimp.prism import STRICT, prism
from tests.mailchimp.standin import Fault, StandIn
from tests.mailchimp.story import outcome, prepare

FAULTS = ["429", "403", "500", "html", "drop", "half", "lost", "slow"]


@pytest.fixture(scope="module")
def undisturbed(prepared):
    """The outcome of the story when nothing goes wrong."""
    with StandIn() as server, in_use(prepared("sqlite"), server) as app, app.app_context():
        office = Office(app, server)
        prepare(office)
        office.sync()
        calls = server.calls.total()
        state = outcome(office)
        office.sync()
        assert outcome(office) == state
        assert server.writes == 0
    return state, calls


@pytest.mark.parametrize("kind", FAULTS)
def test_passing_trouble_is_ridden_out(office: Office, undisturbed, kind):
    prepare(office)
    office.server.slow_seconds = 1.2
    office.app.config["MAILCHIMP_OPTIONS"] = {"sleep": lambda seconds: None, "timeout": (1, 1)}
    method = "POST" if kind == "half" else ""
    office.server.faults = [
        Fault(kind, method=method, path="aud1$", after=1),
        Fault(kind, method="P", path="aud1$"),
    ]
    office.sync()
    assert outcome(office) == undisturbed[0]


@pytest.mark.parametrize("kind", FAULTS)
def test_lasting_trouble_is_made_good_by_the_next_run(office: Office, undisturbed, kind):
    prepare(office)
    office.server.slow_seconds = 0.3
    office.app.config["MAILCHIMP_OPTIONS"] = {"sleep": lambda seconds: None, "timeout": (1, 0.25)}
    office.server.faults = [Fault(kind, times=99, method="POST", path="aud1$", after=1)]
    run = office.run()
    assert run.state == "failed"
    office.server.faults.clear()
    office.app.config["MAILCHIMP_OPTIONS"] = {"sleep": lambda seconds: None, "timeout": (1, 5)}
    office.sync()
    assert outcome(office) == undisturbed[0]


def test_killed_at_any_call(offices: Office, undisturbed):
    """kill -9 before or after each of twenty calls of one night, then a run that ends it."""
    kill_and_finish(offices, random.Random(7), undisturbed, kills=20)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(9))
def test_killed_at_many_more_calls(offices: Office, undisturbed, seed):
    kill_and_finish(offices, random.Random(seed), undisturbed, kills=20)


def kill_and_finish(office: Office, chance: random.Random, undisturbed, kills: int) -> None:
    prepare(office)
    for number in range(kills):
        wanted_calls = chance.randint(1, 30) if number % 2 else chance.randint(1, 8)
        moment = chance.choice(["before", "after", "any"])
        killed_run(office, wanted_calls, moment, chance.random() * 0.4)
    office.sync()
    found = outcome(office)
    for name, expected in undisturbed[0].items():
        assert set(found[name]) ^ set(expected) == set(), name
    assert found == undisturbed[0]


def killed_run(office: Office, calls: int, moment: str, seconds: float) -> None:
    """A sync in a forked process that dies at its nth call, or after so many seconds."""
    db.session.remove()
    db.engine.dispose()
    left, child = [calls], []

    def watch(now: str) -> None:
        if now == moment and child:
            left[0] -= 1
            if left[0] == 0:
                kill(child[0])
                time.sleep(0.01)

    office.server.watch = watch
    pid = os.fork()
    if pid == 0:
        try:
            run_here("mailchimp", sync, {})
        finally:
            os._exit(0)
    child.append(pid)
    timer = threading.Timer(seconds, kill, [pid])
    if moment == "any":
        timer.start()
    os.waitpid(pid, 0)
    timer.cancel()
    office.server.watch = lambda now: None


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def test_a_whole_night_keeps_to_the_strict_specification(office: Office, undisturbed):
    """Every request and every answer of the story passes Prism, which stands in between."""
    office.server.audience.empty_times = False
    with prism("proxy", "--errors", str(STRICT), office.server.url) as url:
        office.app.config["MAILCHIMP_API_URL"] = url
        office.app.config["MAILCHIMP_OPTIONS"] = {"timeout": (5, 60)}
        prepare(office)
        office.sync()
        office.sync()
    assert outcome(office)["there"] == undisturbed[0]["there"]
