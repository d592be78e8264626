"""Answers about companies that another service gave: how they are kept, and when they are asked for again.

What is due shows from the rows alone: nothing known, known of other numbers than the client has, or old. So no way
of changing a client has to tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Executable, Table, and_, or_, select
from sqlalchemy.exc import IntegrityError

from crm.database import insert_or_change
from crm.extensions import db
from crm.models import Client
from crm.models.types import utc_now

GOOD_FOR, FIRST_PAUSE, LONGEST_PAUSE = timedelta(days=30), timedelta(hours=1), timedelta(days=1)
#: More failures in a row than that are not counted.
MOST_FAILURES = 20

clients = Client.__table__


@dataclass(frozen=True)
class Answers:
    """The table of a service's answers. nothing: what its own columns say as long as nothing is known.

    Each row is about the numbers in its `basis`; `key` names the row: its client, and what else is unique with it.
    """

    table: Table
    nothing: Mapping[str, Any]

    def keep(
        self, key: Mapping[str, Any], basis: str, values: Mapping[str, Any], also: Executable | None = None
    ) -> None:
        """Keep what was learned, and `also` do this. Commits; called with no open transaction."""
        now = utc_now()
        usual = {"basis": basis, "tried_at": now, "failures": 0, "error": "", "next_at": now + GOOD_FOR}
        changed = {**usual, **values}
        connection = db.session.connection()
        try:
            connection.execute(
                insert_or_change(connection, self.table, key, {**self.nothing, **changed}, changed)
            )
            if also is not None:
                connection.execute(also)
            db.session.commit()
        except IntegrityError:  # the client was deleted for good meanwhile
            db.session.rollback()

    def keep_failure(self, key: Mapping[str, Any], basis: str, kind: str, *, is_passing: bool = True) -> None:
        """Keep that a look-up told nothing; an answer about these numbers stays. Commits, as above.

        is_passing: whether asking again after a pause may help; the pauses grow.
        """
        row = self.table.c
        mine = and_(row.basis == basis, *(row[name] == value for name, value in key.items()))
        before = db.session.connection().scalar(select(row.failures).where(mine))
        values = {**(self.nothing if before is None else {}), "error": kind}
        if is_passing:
            failures = min((before or 0) + 1, MOST_FAILURES)
            pause = min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE)
            now = utc_now()
            values |= {"failures": failures, "tried_at": now, "next_at": now + pause}
        self.keep(key, basis, values)

    def are_due(self, basis: Any) -> ColumnElement[bool]:
        """The condition that a client in use has no answer about its numbers, or an old one; with the table joined."""
        row = self.table.c
        return and_(
            clients.c.deleted_at.is_(None), clients.c.merged_into_id.is_(None), clients.c.archived_at.is_(None),
            or_(row.id.is_(None), row.next_at <= utc_now(), row.basis != basis),
        )  # fmt: skip
