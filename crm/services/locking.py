"""Holding many rows at once without making anybody who edits one of them fail.

An editor holds a record and then asks for its client. So whoever needs both takes the records first, by
`hold_rows`. Where the two still wait for each other, PostgreSQL would end one of them after a second; before
that, the one that can simply begin again gives way.
"""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Connection, Select, Table, func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, scoped_session

from crm.errors import StateConflict
from crm.models import Client

#: Shorter than PostgreSQL's deadlock_timeout, so that the editor is never the one to be ended.
PATIENCE = "600ms"
ATTEMPTS = 12
#: SQLSTATEs: lock not available, deadlock detected, serialization failure.
GIVE_WAY = frozenset({"55P03", "40P01", "40001"})

Result = TypeVar("Result")


def patiently(session: Session | scoped_session[Session], work: Callable[[], Result]) -> Result:
    """Do work in a savepoint; begin it again where others hold its rows. Raises StateConflict after some seconds.

    On SQLite a writing transaction is alone, so nobody else holds anything.
    """
    if session.get_bind().dialect.name == "sqlite":
        with session.begin_nested():
            return work()
    for attempt in range(ATTEMPTS):
        try:
            with session.begin_nested():
                _wait_at_most(session.connection(), PATIENCE)
                result = work()
            _wait_at_most(session.connection(), "0")
            return result
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) not in GIVE_WAY:
                raise
            time.sleep(random.uniform(0.02, 0.1) * (attempt + 1))
    raise StateConflict(_("Somebody is working on these records. Please try again."))


def hold_rows(connection: Connection, table: Table, condition: ColumnElement[bool]) -> None:
    """Hold the rows that meet a condition until the transaction ends."""
    if connection.dialect.name != "sqlite":
        rows = select(table.c.id).where(condition).with_for_update().subquery()
        connection.execute(select(func.count()).select_from(rows))


def _wait_at_most(connection: Connection, how_long: str) -> None:
    connection.execute(select(func.set_config("lock_timeout", how_long, True)))


def hold_clients(connection: Connection, ids: Select[tuple[int]] | list[int], fully: bool = False) -> None:
    """Hold these clients until the transaction ends: nobody else edits them or attaches to them.

    fully: also against what only refers to them, unknown to the application.
    """
    table = Client.__table__
    asked = select(table.c.id).where(table.c.id.in_(ids)).order_by(table.c.id)
    connection.execute(asked.with_for_update(key_share=not fully)).all()
