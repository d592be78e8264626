"""`make run`: web and worker start together and end together."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests import pg
from tests.running import Running, free_port, running
from tools.machine import ROOT

SERVE = (sys.executable, "-m", "tools.serve")


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "CRM_INSTANCE": str(tmp_path / "instance")}


def worker_of(program: Running) -> int:
    """Process number of the worker, which starts after the web server answers."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        for pid, command in program.members().items():
            if command.endswith("crm worker"):
                return pid
        time.sleep(0.1)
    return pytest.fail("no worker:\n" + program.output())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_group_ends_all(tmp_path, environment, number):
    with running(SERVE, ROOT, environment, tmp_path / "log") as program:
        worker_of(program)
        os.killpg(program.process.pid, number)
        assert program.ended()
        assert program.process.returncode == 0
        assert "Traceback" not in program.output()


def test_a_dying_worker_ends_the_rest(tmp_path, environment):
    with running(SERVE, ROOT, environment, tmp_path / "log") as program:
        os.kill(worker_of(program), signal.SIGKILL)
        assert program.ended()
        assert program.process.returncode != 0


def test_first_start_has_demo_data_and_says_who_can_sign_in(tmp_path, environment):
    with running((*SERVE, "--demo"), ROOT, environment, tmp_path / "log", patience=120) as program:
        worker_of(program)
        assert f"http://127.0.0.1:{program.port}" in program.output()
        assert "Demo users: admin, office, alice, bob, charlie, vera; password: demo" in program.output()


@pytest.mark.postgres
def test_the_same_on_postgresql(tmp_path, environment):
    server = pg.start()
    if server is None:
        pytest.skip("no PostgreSQL on this machine (set CRM_TEST_POSTGRES_URL)")
    environment["CRM_DATABASE_URL"] = pg.fresh_database(server)
    try:
        with running((*SERVE, "--demo"), ROOT, environment, tmp_path / "log", patience=120) as program:
            worker_of(program)
            assert "Demo users" in program.output()
    finally:
        pg.drop_database(environment["CRM_DATABASE_URL"])


def test_no_demo_data_where_others_can_reach_it(tmp_path, environment):
    environment["CRM_HOST"] = "0.0.0.0"
    with running((*SERVE, "--demo"), ROOT, environment, tmp_path / "log") as program:
        assert "No demo data" in program.output()
        assert "flask crm user add" in program.output()


def test_taken_port_is_said_in_one_sentence(environment):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environment["CRM_PORT"] = str(taken.getsockname()[1])
        ended = subprocess.run(SERVE, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "CRM_PORT" in ended.stderr


def test_wrong_setting_is_said_in_one_sentence(environment):
    environment |= {"CRM_PORT": str(free_port()), "CRM_VISIBILITY": "everyone"}
    ended = subprocess.run(SERVE, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stderr == "CRM_VISIBILITY must be one of own, team, all.\n"
