"""A PostgreSQL for tests that is gone afterwards.

CRM_TEST_POSTGRES_URL where it is set; else a server of our own from the machine's programs, else from
those npm brings; else none, and the tests that need it are skipped with one line. Our own listens on no
port, only on a socket in a temporary folder. PostgreSQL refuses to run as root, so root starts it as
somebody else.
"""

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from tools.machine import postgresql, postgresql_from_npm

FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
SMALL = ("max_connections=60", "shared_buffers=64MB")
NOBODY = ("postgres", "nobody")
_started: list[str | None] = []


def start() -> str | None:
    """Address of a server for this process, started once; None where there is none."""
    if not _started:
        _started.append(os.environ.get("CRM_TEST_POSTGRES_URL") or start_own())
    return _started[0]


def fresh_database(url: str, like: str | None = None) -> str:
    """Address of a new database on the server at `url`: empty, or a copy of the one at `like`."""
    name = f"crm_{uuid.uuid4().hex[:12]}"
    with connection(url) as server:
        create_database(server, name, str(make_url(like).database) if like else "template0")
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def create_database(server: psycopg.Connection, name: str, template: str) -> None:
    """A copy of the database called template, by copying its files where the server has the choice: half the work."""
    by_files = " STRATEGY file_copy" if server.info.server_version >= 150_000 else ""
    server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"{by_files}'.encode())


def drop_database(url: str) -> None:
    """Removes what `fresh_database` made, whoever is still connected to it."""
    with connection(make_url(url).set(database="postgres").render_as_string(hide_password=False)) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')


def connection(url: str) -> psycopg.Connection:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


def start_own() -> str | None:
    for programs in [*postgresql(), *postgresql_from_npm()]:
        server = Server(programs)
        atexit.register(server.stop)
        if server.started():
            return server.url
        server.stop()
    return None


class Server:
    """One throw-away server in a temporary folder."""

    def __init__(self, programs: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="crm-pg-"))
        self.process: subprocess.Popen | None = None
        self.identity = self.somebody_else() if os.geteuid() == 0 else {}
        self.environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        self.programs = self.reachable(programs)
        self.url = f"postgresql+psycopg://postgres@/postgres?host={self.folder}"
        if (self.programs.parent / "lib").is_dir():
            self.environment["LD_LIBRARY_PATH"] = str(self.programs.parent / "lib")

    def somebody_else(self) -> dict:
        known = {user.pw_name: user for user in pwd.getpwall()}
        user = next(known[name] for name in NOBODY if name in known)
        os.chown(self.folder, user.pw_uid, user.pw_gid)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def reachable(self, programs: Path) -> Path:
        """A copy, where the other user cannot get at the programs (a checkout below /root, say)."""
        look = ["test", "-x", str(programs / "initdb")]
        if subprocess.run(look, env=self.environment, **self.identity).returncode == 0:
            return programs
        shutil.copytree(programs.parent, self.folder / "postgresql", symlinks=True)
        return self.folder / "postgresql/bin"

    def started(self) -> bool:
        if not self.made_cluster():
            return False
        options = [word for setting in (*FORGETFUL, *SMALL) for word in ("-c", setting)]
        command = [
            self.programs / "postgres",
            "-D",
            self.folder / "data",
            "-k",
            self.folder,
            "-h",
            "",
            *options,
        ]
        with (self.folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                env=self.environment,
                cwd="/",
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests, which then stop it in order
                **self.identity,
            )
        return self.answers()

    def made_cluster(self) -> bool:
        command = [self.programs / "initdb", "-D", self.folder / "data", "-U", "postgres", "-A", "trust"]
        options = ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
        made = subprocess.run(
            [str(word) for word in (*command, *options)],
            env=self.environment,
            cwd="/",
            capture_output=True,
            text=True,
            **self.identity,
        )
        if made.returncode:
            print(f"{self.programs}: {made.stderr[-300:]}", file=sys.stderr)
        return made.returncode == 0

    def answers(self) -> bool:
        """Waits until it takes connections; a busy machine may need some seconds."""
        for _ in range(300):
            try:
                psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres").close()
                return True
            except psycopg.OperationalError:
                if self.process is None or self.process.poll() is not None:
                    return False
                time.sleep(0.05)
        return False

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # "fast": does not wait for clients
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)
