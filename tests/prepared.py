"""A migrated database with the people of the stories in it, of which each test gets a copy at one address."""

import shutil
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from crm import create_app
from crm.collecting import collect_seldom
from crm.extensions import db
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
SETTINGS: dict[str, Any] = {
    "TESTING": True,
    "WTF_CSRF_ENABLED": False,
    "RATELIMIT_ENABLED": False,
    "FAB_PASSWORD_HASH_METHOD": "pbkdf2:sha256:1",
}


class PreparedDatabase:
    """The database of an engine, with one app on it for all tests."""

    def __init__(self, folder: Path, server: str | None = None):
        """On the PostgreSQL server at that address, else on SQLite in the folder."""
        self.folder, self.on_postgresql = folder, server is not None
        self.url = pg.fresh_database(server) if server else f"sqlite:///{folder}/test.db"
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
        if self.on_postgresql:
            self.template = str(make_url(self.url).database)
            self.url = make_url(self.url).set(database=f"{self.template}_copy").render_as_string(False)
            # another database for the same app: its engine is made anew
            self.app = create_app(SQLALCHEMY_DATABASE_URI=self.url, **SETTINGS)
        else:
            shutil.copyfile(folder / "test.db", folder / "template.db")

    def disconnect(self) -> None:
        """Let go of the database, and of the queue beside it."""
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()
        self.app.extensions["huey"].storage.close()
        self.app.extensions["huey_tables"] = False

    def refresh(self) -> None:
        """Make the database what it was when prepared."""
        self.disconnect()
        if self.on_postgresql:
            with pg.connection(make_url(self.url).set(database="postgres").render_as_string(False)) as server:
                name = make_url(self.url).database
                server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                pg.create_database(server, str(name), self.template)
        else:
            for leftover in self.folder.glob("test.*"):
                leftover.unlink()
            shutil.copyfile(self.folder / "template.db", self.folder / "test.db")
