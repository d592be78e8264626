"""Many clients changed at once: what changes, what is skipped and why, the log, the timeline, undo."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from crm.errors import RuleError
from crm.extensions import db
from crm.models import (
    AttributeDefinition,
    AttributeValue,
    Change,
    Client,
    Note,
    Operation,
    Tag,
    TimelineEntry,
)
from crm.models.types import utc_now
from crm.security.visibility import as_user
from crm.services.bulk.change import change_clients
from crm.services.history import bulk
from crm.services.history import log as history
from crm.services.history.encoding import decode_row
from crm.services.undo.operation import undo
from tests.snapshots import differences, snapshot
from tests.users import user


@pytest.fixture
def many(make_client: Callable[..., int], system: Callable[[], Any]) -> list[int]:
    """Four clients, the last one archived."""
    with system() as session:
        session.add(Tag(name="Gold"))
        session.commit()
    names = [["alice", "bob"], ["bob"], [], ["charlie"]]
    found = [make_client(f"Client {n}", assignees=people) for n, people in enumerate(names)]
    with system() as session:
        session.get(Client, found[-1]).archived_at = utc_now()
        session.get(Client, found[0]).stars = 2
        session.commit()
    return found


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("type", "value", "changed", "kind"),
    [
        ("status_id", 3, {0, 1, 2, 3}, "status"),
        ("status_id", None, set(), ""),
        ("stars", 2, {1, 2, 3}, "change"),
        ("add_tag", "gold", {0, 1, 2, 3}, "change"),
        ("remove_tag", "Gold", set(), ""),
        ("add_assignee", "bob", {2, 3}, "change"),
        ("remove_assignee", "bob", {0, 1}, "change"),
        ("archive", None, {0, 1, 2}, "archive"),
        ("restore", None, {3}, "restore"),
        ("consent", "yes", {0, 1, 2, 3}, "consent"),
    ],
)
def test_every_type(
    many: list[int], system: Callable[[], Any], type: str, value: Any, changed: set[int], kind: str
) -> None:
    with system() as session:
        before = snapshot()
        result = change_clients([*many, 4711], type, value)
        session.commit()
        assert result["changed"] == len(changed)
        why = {one["id"]: one["why"] for one in result["skipped"]}
        assert set(why) == {4711} | {many[n] for n in set(range(4)) - changed}
        assert why[4711] == "There is no such client."
        number = result["operation_id"]
        if not changed:
            assert number is None
            assert not differences(before, snapshot())
            return
        told = select(TimelineEntry.client_id, TimelineEntry.kind).where(TimelineEntry.operation_id == number)
        assert {tuple(row) for row in session.execute(told)} == {(many[n], kind) for n in changed}
        assert session.get(Operation, number).kind == kind
        report = undo(number)
        session.commit()
        assert report.left == []
        assert not differences(before, snapshot())


@pytest.mark.parametrize(
    ("type", "value"),
    [
        ("nonsense", 1), ("status_id", 4711), ("status_id", "new!"), ("stars", 4), ("stars", None), ("stars", True),
        ("add_tag", "None such"), ("add_tag", 4711), ("add_tag", None), ("add_assignee", "nobody"),
        ("add_assignee", 2**70), ("consent", "perhaps"), ("consent", 1.5), ("consent", []), ("status_id", {}),
    ],
)  # fmt: skip
def test_values_that_make_no_sense(many: list[int], system: Callable[[], Any], type: str, value: Any) -> None:
    with system(), pytest.raises(RuleError):
        change_clients(many, type, value)


def test_only_what_one_sees_is_changed(app: Flask, many: list[int], system: Callable[[], Any]) -> None:
    with app.app_context(), as_user(user("alice")):
        result = change_clients(many, "stars", 3)
        db.session.commit()
        assert result["changed"] == 2
        assert {one["why"] for one in result["skipped"]} == {"There is no such client."}
        db.session.remove()
    with system() as session:
        assert [session.get(Client, n).stars for n in many] == [3, 3, 0, 0]


@pytest.mark.both_engines
def test_ids_may_be_a_query_and_very_many(many: list[int], system: Callable[[], Any]) -> None:
    with system() as session:
        result = change_clients(select(Client.id).where(Client.archived_at.is_(None)), "stars", 1)
        assert result["changed"] == 3
        result = change_clients(range(1, 120_001), "stars", 3)
        assert (result["changed"], len(result["skipped"])) == (4, 120_000 - 4)
        session.rollback()


@pytest.mark.both_engines
def test_open_forms_notice_a_bulk_change(many: list[int], system: Callable[[], Any]) -> None:
    with system() as session:
        before = session.get(Client, many[0]).version
        changed_at = session.get(Client, many[0]).changed_at
        change_clients(many, "stars", 3)
        session.commit()
        assert session.get(Client, many[0]).version == before + 1
        assert session.get(Client, many[0]).changed_at > changed_at


# -- the log is the same whoever writes it


@pytest.mark.both_engines
def test_statements_log_what_a_flush_logs(many: list[int], system: Callable[[], Any]) -> None:
    """Every type of column: the JSON of a statement equals that of a flush."""
    with system() as session:
        definition = AttributeDefinition(label="d", key="d", type="text")
        client = session.get(Client, many[0])
        client.billing_amount, client.discount = Decimal("1234.50"), Decimal("0")
        client.consent, client.consent_at, client.use_delivery = (
            True,
            datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            True,
        )
        client.notes = 'Łódź "quoted" \\ and\nlines'
        session.add_all([
            AttributeValue(client=client, definition=definition, text="x", day=date(2026, 2, 3)),
            AttributeValue(client=client, definition=definition, slot=1, integer=-5, yes=False),
            AttributeValue(client=client, definition=definition, slot=2, number=Decimal("0.000001")),
        ])  # fmt: skip
        session.commit()
        for table, which in ((AttributeValue.__table__, AttributeValue), (Client.__table__, Client)):
            item = session.scalars(select(which).order_by(which.id)).first()
            flushed = {k: v for k, v in history.whole(item).items() if k not in history.BOOKKEEPING}
            whole = bulk.packed(bulk.dialect_of(session()), table, bulk.whole_row(table, table))
            stated = session.connection().execute(select(whole).where(table.c.id == item.id)).scalar()
            assert {
                k: v for k, v in stated.items() if v is not None and k not in history.BOOKKEEPING
            } == flushed
            decoded = decode_row(table, stated)
            stored = session.connection().execute(select(table).where(table.c.id == item.id)).mappings().one()
            assert {**dict.fromkeys(stored), **decoded} == dict(stored)


@pytest.mark.both_engines
def test_only_rows_that_change_are_logged_and_touched(many: list[int], system: Callable[[], Any]) -> None:
    with system() as session:
        session.add_all(Note(client_id=many[0], text=f"note {n}", pinned=n % 2 == 0) for n in range(5))
        session.commit()
        notes = Note.__table__
        with history.operation("test"):
            step, number = bulk.update_rows(session(), notes, notes.c.client_id == many[0], {"pinned": True})
        assert number == 2
        operation = history.current_operation_id()
        asked = select(func.count()).where(Change.operation_id == operation, Change.step == step)
        assert session.scalar(asked) == 2
        assert sorted(session.scalars(select(Note.version))) == [1, 1, 1, 2, 2]
        session.rollback()
