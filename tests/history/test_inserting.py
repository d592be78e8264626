"""Many rows in one statement: what is stored is what each row by itself would be."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Boolean, Column, Date, Integer, MetaData, Table, Text, insert, select

from crm.models import Tag
from crm.models.types import Encrypted, Exact, Json, SortKey, UtcDateTime
from crm.services.history.inserting import MANY, insert_many

MOMENT = datetime(2026, 3, 29, 1, 59, 59, 123456, UTC)
ROWS: list[dict[str, Any]] = [
    {"text": 'Łódź "quoted" \\ and\nlines \U0001f469\u200d\U0001f527',
     "key": "Ż", "whole": -5, "yes": True, "day": date(2026, 2, 3),
     "at": MOMENT, "money": Decimal("1234.50"), "small": Decimal("0.000001"), "secret": "n/a",
     "document": {"a": [1, 2.5, None, {"b": "ć"}], "nothing": None}},
    {"text": "", "key": "", "whole": 2**31 - 1, "yes": False, "day": date.min, "at": MOMENT.replace(microsecond=0),
     "money": Decimal("0"), "small": Decimal("-12.5"), "secret": "", "document": []},
    dict.fromkeys(("text", "key", "whole", "yes", "day", "at", "money", "small", "secret", "document")),
]  # fmt: skip


def kinds() -> Table:
    """A table with a column of each of our types."""
    return Table(
        "kinds", MetaData(),
        Column("id", Integer, primary_key=True), Column("text", Text), Column("key", SortKey),
        Column("whole", Integer), Column("yes", Boolean), Column("day", Date), Column("at", UtcDateTime),
        Column("money", Exact(2)), Column("small", Exact(6)), Column("secret", Encrypted),
        Column("document", Json), prefixes=["TEMPORARY"],
    )  # fmt: skip


@pytest.mark.both_engines
def test_many_rows_are_stored_as_each_by_itself(system: Callable[[], Any]) -> None:
    with system() as session:
        connection, table = session.connection(), kinds()
        table.create(connection)
        asked = select(*table.c).order_by(table.c.id)
        for row in ROWS:
            connection.execute(insert(table), row)
        one_by_one = [row._mapping for row in connection.execute(asked)]
        connection.execute(table.delete())
        returned = insert_many(connection, insert(table).returning(table.c.text), ROWS).scalars().all()
        assert sorted(returned, key=str) == sorted((row["text"] for row in ROWS), key=str)
        together = [row._mapping for row in connection.execute(asked)]
        assert [{**row, "id": 0} for row in together] == [{**row, "id": 0} for row in one_by_one]
        assert [row["at"] for row in together] == [row["at"] for row in ROWS]
        session.rollback()


@pytest.mark.both_engines
def test_ids_given_beforehand_are_nobody_elses(system: Callable[[], Any]) -> None:
    with system() as session:
        gone = Tag(name="gone")
        session.add(gone)
        session.flush()
        last = gone.id
        session.delete(gone)
        session.flush()
        new = [Tag(name=f"new {n}") for n in range(2 * MANY)]
        session.add_all(new)
        session.flush()
        after = Tag(name="after")
        session.add(after)
        session.flush()
        ids = [one.id for one in (gone, *new, after)]
        assert ids == sorted(set(ids)) and ids[0] == last
        session.rollback()
