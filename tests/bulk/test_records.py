"""A task or a document for each of many clients, and many in the trash: as if each had been done by hand."""

from typing import Any

import pytest
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import func, select
from werkzeug.exceptions import Forbidden

from crm.errors import RuleError
from crm.extensions import db
from crm.models import Client, Operation, SearchEntry, StoredFile, Task, TimelineEntry
from crm.security.visibility import as_user
from crm.services.bulk import values as bulk_values
from crm.services.bulk.change import change_clients, change_many
from crm.services.undo.operation import undo
from tests.search.test_reindex import derived, reindex
from tests.snapshots import differences, snapshot
from tests.users import user

TASK = {"title": "Call before Christmas", "due": "2026-12-01T10:00:00+00:00", "priority": "high"}


@pytest.mark.both_engines
def test_a_task_for_each(app: Any, make_client: Any, system: Any) -> None:
    """With its entries, its doers and its history; gone again after the undo."""
    ids = [make_client("A", assignees=["bob", "alice"]), make_client("B"), make_client("C", sensitive=True)]
    with system() as session:
        before = snapshot()
        operations = session.scalar(select(func.count(Operation.id)))
        outcome = change_many([*ids, 4711], "task", TASK | {"assignee": "responsible"})
        session.commit()
        assert (outcome.changed, outcome.skipped) == (3, [(4711, "missing")])
        assert session.scalar(select(func.count(Operation.id))) == operations + 1
        tasks = list(session.scalars(select(Task).order_by(Task.client_id)))
        assert [task.client_id for task in tasks] == ids
        assert {(task.title, task.priority, task.done, task.version) for task in tasks} == {
            ("Call before Christmas", "high", False, 1)
        }
        assert [[user.username for user in task.assignees] for task in tasks] == [["bob"], [], []]
        told = select(TimelineEntry.client_id).where(TimelineEntry.kind == "task")
        assert sorted(session.scalars(told)) == ids
        words = select(SearchEntry.words).where(SearchEntry.table_name == "task")
        assert set(session.scalars(words)) == {"call before christmas"}
        assert session.get(Client, ids[1]).last_activity_at >= tasks[0].created_at
        assert session.get(Client, ids[1]).version == 1
    entries = derived(system)
    reindex(app)
    with_operations = {row[:5] for row in entries[1]}
    assert derived(system)[0] == entries[0]
    assert {row[:5] for row in derived(system)[1]} >= {row for row in with_operations if row[2] == "task"}
    with system() as session:
        tasks = list(session.scalars(select(Task).order_by(Task.client_id)))
        tasks[0].title = "Call Ewa"
        session.commit()
        report = undo(outcome.operation_id)
        session.commit()
        assert report.left_count
        session.delete(session.get(Task, tasks[0].id))
        session.commit()
        assert not differences(before, snapshot())


NONSENSE = (
    ("task", None, "value"), ("task", {}, "title"), ("task", {"title": "x" * 201}, "title"),
    ("task", {"title": "x", "due": "tomorrow"}, "due"), ("task", {"title": "x", "due": "2026-01-01"}, "due"),
    ("task", {"title": "x", "priority": "very"}, "priority"), ("task", {"title": 1}, "title"),
    ("task", {"title": "x", "assignee": "nobody"}, "value"), ("task", {"title": "x", "client": 1}, "client"),
    ("document", {"name": "x"}, "file"), ("document", {"stored_file_id": 4711, "name": "x"}, "file"),
    ("add_tag", [], "value"), ("add_tag", ["a,b"], "tags"), ("remove_tag", ["None such"], "value"),
    ("add_assignee", ["alice", "nobody"], "value"),
)  # fmt: skip


def test_values_that_make_no_sense(make_client: Any, system: Any) -> None:
    number = make_client()
    with system() as session:
        before = snapshot()
        for type, value, field in NONSENSE:
            with pytest.raises(RuleError) as raised:
                change_many([number], type, value)
            assert raised.value.field == field, value
        session.rollback()
        assert not differences(before, snapshot())


@pytest.mark.both_engines
def test_several_tags_and_people_at_once(make_client: Any, system: Any) -> None:
    """New tags are made on the way, and go with the undo."""
    ids = [make_client("A"), make_client("B")]
    with system() as session:
        before = snapshot()
        first = change_many(ids, "add_tag", ["Gold", "gold", "Ring"])
        session.commit()
        assert [tag.name for tag in session.get(Client, ids[0]).tags] == ["Gold", "Ring"]
        people = change_many(ids[:1], "add_assignee", ["alice", "bob"])
        session.commit()
        assert [u.username for u in session.get(Client, ids[0]).assignees] == ["alice", "bob"]
        for outcome in (people, first):
            assert not undo(outcome.operation_id).left
        session.commit()
        assert not differences(before, snapshot())
        session.get(User, bulk_values.users(active=True)("bob")[0]).username = "1"
        session.commit()
        named = change_many(ids[:1], "add_assignee", "1")
        assert [u.username for u in session.get(Client, ids[0]).assignees] == ["1"], "a name before a number"
        undo(named.operation_id)
        nobody = change_many([4711], "add_tag", ["Not made"])
        assert (nobody.changed, nobody.operation_id) == (0, None)


def test_only_what_the_role_may(app: Any, make_client: Any, system: Any) -> None:
    number = make_client(assignees=["alice"])
    with app.app_context():
        with as_user(user("alice")):
            with pytest.raises(Forbidden):
                change_many([number], "delete")
            assert change_many([number], "add_tag", ["New by Alice"]).changed == 1
            with pytest.raises(Exception, match="no change"):
                change_clients([number], "document", {"stored_file_id": 1, "name": "x"})
        with as_user(user("vera")):
            for type, value in (("stars", 1), ("task", TASK), ("delete", None)):
                with pytest.raises(Forbidden):
                    change_many([number], type, value)
        db.session.remove()


@pytest.mark.both_engines
def test_large_undo_leaves_later_edits_alone(system: Any) -> None:
    """By statements, as more rows are taken back than are looked at one by one; and from the trash."""
    with system() as session:
        clients = [Client(name=f"Client {n}") for n in range(310)]
        session.add_all(clients)
        session.commit()
        ids = sorted(client.id for client in clients)
        outcome = change_many(ids, "stars", 3)
        session.commit()
        session.get(Client, ids[7]).stars = 1
        session.get(Client, ids[8]).name = "Renamed"
        session.commit()
        report = undo(outcome.operation_id)
        session.commit()
        assert (report.undone["client"], [(one.row_id, one.fields) for one in report.left]) == (
            309, [(ids[7], ("stars",))],
        )  # fmt: skip
        assert session.get(Client, ids[8]).name == "Renamed"
        trashed = change_many(ids, "delete")
        session.commit()
        assert (trashed.changed, session.scalar(select(func.count(Client.id)))) == (310, 0)
        assert not undo(trashed.operation_id).left
        session.commit()
        assert session.scalar(select(func.count(Client.id))) == 310
        assert session.scalar(select(func.count(StoredFile.id))) == 0
