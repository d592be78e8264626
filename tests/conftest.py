"""The product as tests meet it: a fresh database each, the people of the stories, signed-in browsers.

One app serves a whole run per database engine; each test gets a copy of a prepared database. Tests
marked `both_engines` run on SQLite and on PostgreSQL. Alice owns, Bob shares her team, Charlie has nothing.
"""

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import Engine, event, select
from sqlalchemy.engine import make_url

from tests import in_memory

os.environ["TMPDIR"] = in_memory.folder()
os.environ["CRM_INSTANCE"] = tempfile.mkdtemp(prefix="crm-tests-")

from crm import create_app
from crm.collecting import collect_seldom
from crm.extensions import db
from crm.models import Client
from crm.security.visibility import as_system
from crm.services.setup import initialise
from crm.services.users import add_user
from tests import pg
from tests.ring import Ring
from tests.stone import Stone

PASSWORD = "demo"
#: name -> (role, team)
PEOPLE = {
    "admin": ("Admin", None),
    "office": ("Office admin", None),
    "alice": ("Sales rep", "North"),
    "bob": ("Sales rep", "North"),
    "charlie": ("Sales rep", "South"),
    "vera": ("Read-only", None),
}
SETTINGS = {
    "TESTING": True,
    "WTF_CSRF_ENABLED": False,
    "RATELIMIT_ENABLED": False,
    "FAB_PASSWORD_HASH_METHOD": "pbkdf2:sha256:1",
}


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


class PreparedDatabase:
    """A migrated database with the people in it, of which each test gets its own copy at one address."""

    def __init__(self, engine: str, folder: Path):
        self.engine, self.folder = engine, folder
        if engine == "sqlite":
            self.url = f"sqlite:///{folder}/test.db"
        else:
            self.url = pg.fresh_database(running_postgres())
        self.app = create_app(SQLALCHEMY_DATABASE_URI=self.url, **SETTINGS)
        with self.app.app_context(), as_system():
            initialise()
            Ring.__table__.create(db.engine)
            Stone.__table__.create(db.engine)
            for name, (role, team) in PEOPLE.items():
                add_user(name, role, PASSWORD, team)
            db.session.commit()
        self.disconnect()
        collect_seldom()  # as app.py does
        if engine == "sqlite":
            shutil.copyfile(folder / "test.db", folder / "template.db")
        else:
            self.template = make_url(self.url).database
            self.url = make_url(self.url).set(database=f"{self.template}_copy").render_as_string(False)
            # another database for the same app: its engine is made anew
            self.app = create_app(SQLALCHEMY_DATABASE_URI=self.url, **SETTINGS)

    def disconnect(self) -> None:
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()

    def refresh(self) -> None:
        """Make the database what it was when prepared."""
        self.disconnect()
        if self.engine == "sqlite":
            for leftover in self.folder.glob("test.db*"):
                leftover.unlink()
            shutil.copyfile(self.folder / "template.db", self.folder / "test.db")
        else:
            name = make_url(self.url).database
            with pg.connection(make_url(self.url).set(database="postgres").render_as_string(False)) as server:
                server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                pg.create_database(server, str(name), str(self.template))


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], PreparedDatabase]]:
    """The prepared database of an engine, made once."""
    known: dict[str, PreparedDatabase] = {}

    def get(engine: str) -> PreparedDatabase:
        if engine not in known:
            known[engine] = PreparedDatabase(engine, tmp_path_factory.mktemp(engine))
        return known[engine]

    yield get
    for database in known.values():
        database.disconnect()


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Path], str]:
    """`new_database("sqlite", folder)` makes a migrated database with nobody in it, and gives its address."""
    templates: dict[str, str] = {}

    def template(engine: str) -> str:
        folder = tmp_path_factory.mktemp(f"new-{engine}")
        url = f"sqlite:///{folder}/crm.db" if engine == "sqlite" else pg.fresh_database(running_postgres())
        app = create_app(CRM_INSTANCE=folder, SQLALCHEMY_DATABASE_URI=url)
        with app.app_context():
            initialise()
            db.metadata.create_all(db.engine)  # tables that only tests have
            db.session.remove()
            db.engine.dispose()
        return url

    def make(engine: str, folder: Path) -> str:
        if engine not in templates:
            templates[engine] = template(engine)
        if engine == "sqlite":
            shutil.copy(str(make_url(templates[engine]).database), folder / "crm.db")
            return f"sqlite:///{folder}/crm.db"
        return pg.fresh_database(running_postgres(), like=templates[engine])

    return make


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


@pytest.fixture
def make_app(app: Flask) -> Iterator[Callable[..., Flask]]:
    """Another app on the test's database: `make_app(records=(*RECORDS, mine), CRM_VISIBILITY="own")`."""

    made: list[Flask] = []

    def make(**overrides: Any) -> Flask:
        address = {"SQLALCHEMY_DATABASE_URI": app.config["SQLALCHEMY_DATABASE_URI"]}
        made.append(create_app(**{**address, **SETTINGS, **overrides}))
        return made[-1]

    yield make
    for one in made:
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
