"""The product as tests meet it: a fresh database each, the people of the stories, signed-in browsers.

One app serves a whole run per database engine; each test gets a copy of a prepared database. Tests
marked `both_engines` run on SQLite and on PostgreSQL. Alice owns, Bob shares her team, Charlie has nothing.
"""

import os
import socket
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import Engine, event, select

from tests import in_memory

os.environ["TMPDIR"] = in_memory.folder()
os.environ["CRM_INSTANCE"] = tempfile.mkdtemp(prefix="crm-tests-")

from crm import create_app
from crm.extensions import db
from crm.models import Client
from crm.security.visibility import as_system
from tests import pg
from tests.prepared import PASSWORD, SETTINGS, PreparedDatabase


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-query-counts", action="store_true", help="write tests/query_counts.json anew")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "both_engines: runs on SQLite and on PostgreSQL")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        both = metafunc.definition.get_closest_marker("both_engines")
        only = metafunc.definition.get_closest_marker("postgres")
        names = ["postgresql"] if only else ["sqlite", "postgresql"] if both else ["sqlite"]
        metafunc.parametrize("engine", names, scope="session")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing outside this machine is ever spoken to."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in (
            "127.0.0.1",
            "::1",
            "localhost",
        ):
            raise OSError(f"a test may not connect to {address}")
        return real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], PreparedDatabase]]:
    """The prepared database of an engine, made once."""
    known: dict[str, PreparedDatabase] = {}

    def get(engine: str) -> PreparedDatabase:
        if engine not in known:
            server = running_postgres() if engine == "postgresql" else None
            known[engine] = PreparedDatabase(tmp_path_factory.mktemp(engine), server)
        return known[engine]

    yield get
    for database in known.values():
        database.disconnect()


def running_postgres() -> str:
    """Address of a PostgreSQL; skips the test where there is none."""
    server = pg.start()
    if server is None:
        pytest.skip("no PostgreSQL on this machine (set CRM_TEST_POSTGRES_URL)")
    return server


@pytest.fixture
def app(engine: str, prepared: Callable[[str], PreparedDatabase]) -> Iterator[Flask]:
    """The product with an empty CRM: migrated, with roles, defaults and people."""
    database = prepared(engine)
    database.refresh()
    yield database.app
    with database.app.app_context():
        db.session.remove()


@pytest.fixture(scope="session")
def made_apps() -> dict[Any, list[Flask]]:
    """What `make_app` made, by its settings: making one takes as long as ten quick tests."""
    return defaultdict(list)


@pytest.fixture
def make_app(app: Flask, made_apps: dict[Any, list[Flask]]) -> Iterator[Callable[..., Flask]]:
    """Another app on the test's database: `make_app(records=(*RECORDS, mine), MAX_CONTENT_LENGTH=1000)`.

    Each call in a test gives one more. The next test may get the same ones, but those with records of its own.
    """
    used: list[Flask] = []

    def make(**overrides: Any) -> Flask:
        settings = {"SQLALCHEMY_DATABASE_URI": app.config["SQLALCHEMY_DATABASE_URI"], **SETTINGS, **overrides}
        known = [] if "records" in overrides else made_apps[tuple(sorted(settings.items()))]
        spare = [one for one in known if one not in used]
        if not spare:
            spare = [create_app(**settings)]
            known.append(spare[0])
        used.append(spare[0])
        return spare[0]

    yield make
    for one in used:
        with one.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def system(app: Flask) -> Callable[[], Any]:
    """`with system() as session:` looks and writes as the system: sees every client, has no author.

    A request made inside would be the system's too, so make requests outside.
    """

    @contextmanager
    def acting() -> Iterator[Any]:
        with app.app_context(), as_system() as session:
            yield session
            session.remove()

    return acting


@pytest.fixture
def people(app: Flask) -> dict[str, int]:
    """User name -> id."""
    with app.app_context():
        return dict(tuple(row) for row in db.session.execute(select(User.username, User.id)))


@pytest.fixture
def sign_in(app: Flask) -> Callable[..., FlaskClient]:
    """`sign_in("alice")` gives a browser in which Alice is signed in."""

    def signed_in(name: str, of: Flask | None = None) -> FlaskClient:
        browser = (of or app).test_client()
        answer = browser.post("/login/", data={"username": name, "password": PASSWORD})
        assert answer.status_code == 302, answer.text
        return browser

    return signed_in


@pytest.fixture
def make_client(app: Flask) -> Callable[..., int]:
    """`make_client("Acme", assignees=["alice"], email=…)` adds a client as the system and gives its id."""

    def make(name: str = "Acme", assignees: Any = (), **columns: Any) -> int:
        with app.app_context(), as_system():
            users = [db.session.scalars(select(User).where(User.username == one)).one() for one in assignees]
            client = Client(name=name, **columns)
            client.assignees = users
            db.session.add(client)
            db.session.commit()
            number = client.id
            db.session.remove()
            return number

    return make


@pytest.fixture
def count_queries(app: Flask) -> Callable[[], Any]:
    """`with count_queries() as statements:` collects the SQL sent meanwhile."""

    @contextmanager
    def counting(engine: Engine | None = None) -> Iterator[list[str]]:
        statements: list[str] = []

        def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE", "PRAGMA")):
                statements.append(statement)

        if engine is None:
            with app.app_context():
                engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            event.remove(engine, "before_cursor_execute", note)

    return counting
