"""Locks that die with their process: PostgreSQL's advisory ones, or a locked file beside SQLite."""

import fcntl
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from flask import current_app
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from crm.extensions import db

#: Sets our advisory locks apart from those of other programs in the database.
OURS = 0x43524D


class Lock:
    """A named lock across processes and machines. `take` never waits."""

    def __init__(self, name: str):
        self.name = name
        self._number = zlib.crc32(name.encode()) - 2**31
        self._connection: Connection | None = None
        self._file: IO[Any] | None = None

    def take(self) -> bool:
        """True when the lock is ours from now on."""
        if db.engine.dialect.name == "postgresql":
            return self._take_advisory()
        return self._take_file()

    def is_held(self) -> bool:
        """Whether it is still ours: a database connection can be lost, and the lock with it."""
        if self._file:
            return True
        if not self._connection:
            return False
        try:
            self._connection.execute(text("SELECT 1"))
        except DBAPIError:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
            return False
        return True

    def release(self) -> None:
        if self._file:
            self._file.close()
            self._file = None
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            asked = text("SELECT pg_advisory_unlock(:ours, :number)")
            connection.execute(asked, {"ours": OURS, "number": self._number})
        except DBAPIError:
            connection.invalidate()  # closed instead of returned to the pool, so that the lock goes with it
        finally:
            connection.close()

    def _take_advisory(self) -> bool:
        connection = db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        asked = text("SELECT pg_try_advisory_lock(:ours, :number)")
        if not connection.scalar(asked, {"ours": OURS, "number": self._number}):
            connection.close()
            return False
        self._connection = connection
        return True

    def _take_file(self) -> bool:
        folder = current_app.config["CRM_INSTANCE"] / "locks"
        folder.mkdir(exist_ok=True)
        file = open(folder / f"{self.name}.lock", "w")  # noqa: SIM115 - open for as long as the lock is held
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        os.set_inheritable(file.fileno(), False)
        self._file = file
        return True


@contextmanager
def hold(name: str) -> Iterator[bool]:
    """Whether we got the lock; it is released at the end."""
    lock = Lock(name)
    got = lock.take()
    try:
        yield got
    finally:
        lock.release()
