"""Runs the migrations of this folder; called by Alembic through Flask-Migrate."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import Connection

import crm.models  # noqa: F401  (so that autogenerate knows every table)
from crm.extensions import db
from crm.models.types import Encrypted, Exact, Seconds, UtcDateTime

#: Made by hand in a migration or by another library; autogenerate leaves them alone.
FOREIGN_PREFIXES = ("search_fts", "task_queue", "huey_")


def include_object(item: object, _name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    """Indexes of one database only are made by hand."""
    return not (kind == "index" and getattr(item, "_ddl_if", None) is not None)


def render_item(kind: str, item: object, _context: object) -> str | bool:
    """Write our column types as what they store, so that a migration does not change with the code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Exact):
        return "sa.BigInteger()"
    if kind == "type" and isinstance(item, Seconds):
        return "sa.Integer()"
    if kind == "type" and isinstance(item, Encrypted):
        return "sa.Text()"
    return False


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    return not (kind == "table" and name and name.startswith(FOREIGN_PREFIXES))


@contextmanager
def without_foreign_keys(connection: Connection) -> Iterator[None]:
    """On SQLite: let tables be made anew that others refer to."""
    if connection.dialect.name != "sqlite":
        yield
        return
    # past SQLAlchemy, which would begin a transaction first, and in one SQLite ignores this
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON")


def check_foreign_keys(connection: Connection) -> None:
    """Refuse, and so take back, a migration that left rows behind which refer to nothing."""
    if connection.dialect.name == "sqlite":
        if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(10):
            raise RuntimeError(f"Rows refer to rows that are not there: {broken}")


def run() -> None:
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection, without_foreign_keys(connection):
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=True,
            compare_type=True,
            # on SQLite too, for there transactions are begun by us: all or nothing
            transactional_ddl=True,
            include_name=include_name,
            include_object=include_object,
            render_item=render_item,
        )
        with context.begin_transaction():
            context.run_migrations()
            check_foreign_keys(connection)


run()
