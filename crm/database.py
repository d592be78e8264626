"""How connections to the two databases behave: pragmas, and which transactions may write."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from flask import has_request_context, request
from sqlalchemy import Connection, Engine, Table, event
from sqlalchemy.dialects import postgresql, sqlite

OLDEST_SQLITE = (3, 38)
BUSY_SECONDS = 30
#: Methods that read; the last two are WebDAV's.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT"})

_read_only: ContextVar[bool | None] = ContextVar("read_only_transactions", default=None)


@contextmanager
def transactions(read_only: bool) -> Iterator[None]:
    """Say whether transactions begun inside only read, where the request's method does not say it rightly."""
    token = _read_only.set(read_only)
    try:
        yield
    finally:
        _read_only.reset(token)


def only_reads() -> bool:
    """Whether a transaction begun now is expected to read only: those of requests that read."""
    if (said := _read_only.get()) is not None:
        return said
    return has_request_context() and request.method in SAFE_METHODS


def check_sqlite() -> None:
    """Stop with one sentence where Python's SQLite is too old."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise SystemExit(f"SQLite {sqlite3.sqlite_version} is too old: 3.38 or newer is needed.")


@event.listens_for(Engine, "connect")
def _set_pragmas(connection: Any, _record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        # transactions are begun by _begin below, not by the driver
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -64000")


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    """A writing transaction takes the lock at once: read, then write, then "database is locked" cannot be."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN" if only_reads() else "BEGIN IMMEDIATE")


def hold_tables(connection: Connection, *tables: Table) -> None:
    """Wait for whoever is writing to these tables, and let nobody begin, until the transaction ends.

    On SQLite a writing transaction does so by itself.
    """
    if connection.dialect.name == "postgresql":
        names = ", ".join(f'"{table.name}"' for table in tables)
        connection.exec_driver_sql(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")


def insert_or_replace(connection: Connection, table: Table, **values: Any) -> Any:
    """The statement that puts a row in the place of the one with its primary key, also while another does so."""
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    new = dialect.insert(table).values(**values)
    keys = [column.name for column in table.primary_key]
    rest = {name: new.excluded[name] for name in values if name not in keys}
    return new.on_conflict_do_update(index_elements=keys, set_=rest)


def insert_or_change(
    connection: Connection,
    table: Table,
    key: Mapping[str, Any],
    new: Mapping[str, Any],
    changed: Mapping[str, Any],
) -> Any:
    """The statement that adds a row with this key, or changes the one there is, also while another does so."""
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    adding = dialect.insert(table).values(**key, **new)
    return adding.on_conflict_do_update(index_elements=list(key), set_=dict(changed))
