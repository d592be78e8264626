"""The one policy of who sees which client: as conditions, and over random lives of clients and teams."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from flask_appbuilder import BaseView, expose, has_access
from flask_appbuilder.security.sqla.models import Group, User
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import aliased, joinedload, selectinload

from crm.errors import RuleError, StateConflict
from crm.extensions import db
from crm.models import Client, Contact, Deal, Note, Relationship, RelationshipType, Task
from crm.models.types import utc_now
from crm.records import RECORDS
from crm.security import viewer
from crm.security.visibility import NobodyAsks, as_system, as_user, including_hidden
from crm.services.history.recording import BulkRefused
from tests.users import user

REPS = ("alice", "bob", "charlie")


def names(statement: Any = None) -> set[str]:
    return {str(row) for row in db.session.scalars(statement if statement is not None else select(Client))}


@pytest.fixture
def world(app: Flask, make_client: Callable[..., int]) -> dict[str, int]:
    """One client of each rep and one of nobody, each with a note named after it."""
    ids = {name: make_client(name, assignees=[name]) for name in REPS} | {"nobody": make_client("nobody")}
    with app.app_context(), as_system():
        db.session.add_all(Note(client_id=pk, text=name) for name, pk in ids.items())
        db.session.commit()
        db.session.remove()
    return ids


@pytest.mark.both_engines
@pytest.mark.parametrize("few", [True, False], ids=["few", "many"])
@pytest.mark.parametrize(
    ("setting", "name", "seen"),
    [
        ("own", "alice", {"alice"}),
        ("team", "alice", {"alice", "bob"}),
        ("team", "charlie", {"charlie"}),
        ("all", "alice", {"alice", "bob", "charlie", "nobody"}),
        ("own", "vera", {"alice", "bob", "charlie", "nobody"}),
        ("own", "office", {"alice", "bob", "charlie", "nobody"}),
        ("own", "admin", {"alice", "bob", "charlie", "nobody"}),
    ],
)
def test_who_sees_what(
    app: Flask, world: Any, monkeypatch: Any, setting: str, name: str, seen: set[str], few: bool
) -> None:
    monkeypatch.setitem(app.config, "CRM_VISIBILITY", setting)
    monkeypatch.setattr(viewer, "FEW", 10_000 if few else 0)
    with app.app_context():
        with as_user(user(name)):
            assert names() == seen
            assert names(select(Note)) == seen
            assert names(select(aliased(Note))) == seen
            assert db.session.scalar(select(func.count()).select_from(Client)) == len(seen)
            assert db.session.scalar(select(func.count(Note.id)).join(Note.client)) == len(seen)
            for load in (joinedload, selectinload):
                db.session.expunge_all()
                notes = db.session.scalars(select(Note).options(load(Note.client)))
                assert {note.client.name for note in notes} == seen
            hidden = next((pk for n, pk in world.items() if n not in seen), None)
            if hidden:
                db.session.expunge_all()
                assert db.session.get(Client, hidden) is None
                there = select(User.id).where(exists().where(Client.id == hidden))
                assert list(db.session.scalars(there)) == []
        db.session.remove()


def test_read_only_in_a_team_follows_the_setting(app: Flask, world: Any) -> None:
    with app.app_context():
        vera = user("vera")
        vera.groups = [db.session.scalars(select(Group).where(Group.name == "North")).one()]
        db.session.commit()
        with as_user(vera):
            assert names() == {"alice", "bob"}


def test_outside_a_request_a_query_must_say_for_whom(app: Flask) -> None:
    with app.app_context():
        for statement in (
            select(Note),
            select(Client.id),
            select(User).where(exists().where(Client.id == 1)),
        ):
            with pytest.raises(Exception, match="Say for whom") as refusal:
                db.session.execute(statement)
            assert isinstance(refusal.value.__cause__ or refusal.value, NobodyAsks)
        db.session.add(Client(name="nobody's"))
        with pytest.raises(NobodyAsks):
            db.session.flush()


def test_trash_and_tombstones_are_hidden_from_everybody(app: Flask, world: Any) -> None:
    with app.app_context(), as_system():
        db.session.get(Client, world["alice"]).deleted_at = utc_now()
        db.session.get(Client, world["bob"]).merged_into_id = world["charlie"]
        db.session.commit()
        db.session.expunge_all()
        assert names() == names(select(Note)) == {"charlie", "nobody"}
        with including_hidden():
            assert len(names()) == 4
        with as_user(user("alice")), including_hidden():
            assert names() == names(select(Note)) == {"alice", "bob"}


def test_a_task_at_a_hidden_client_shows_to_its_assignee_alone(app: Flask, world: Any) -> None:
    with app.app_context():
        with as_system():
            task = Task(title="for alice", client_id=world["charlie"])
            task.assignees = [user("alice")]
            own = Task(title="bob's own", created_by_id=user("bob").id)
            db.session.add_all([task, own])
            db.session.commit()
        for name, seen in {"alice": {"for alice"}, "bob": {"bob's own"}, "charlie": {"for alice"}}.items():
            db.session.expunge_all()
            with as_user(user(name)):
                found = {t.title: t.client for t in db.session.scalars(select(Task))}
                assert set(found) == seen
                if name == "alice":
                    assert found["for alice"] is None


def test_a_relationship_shows_where_both_sides_do(app: Flask, world: Any) -> None:
    with app.app_context():
        with as_system():
            kind = db.session.scalars(select(RelationshipType)).first()
            pairs = (("alice", "bob"), ("alice", "charlie"))
            db.session.add_all(
                Relationship(client_id=world[a], other_id=world[b], type=kind) for a, b in pairs
            )
            db.session.commit()
        for name, count in {"alice": 1, "charlie": 0}.items():
            with as_user(user(name)):
                assert db.session.scalar(select(func.count(Relationship.id))) == count


def test_no_write_reaches_a_hidden_client(app: Flask, world: Any) -> None:
    foreign, own = world["charlie"], world["alice"]
    with app.app_context():
        with as_system():
            db.session.add(Contact(client_id=foreign, first_name="Carl"))
            db.session.commit()
            carl = db.session.scalars(select(Contact)).one()
            hidden = db.session.get(Client, foreign)
        with as_user(user("alice")):
            note = db.session.scalars(select(Note).where(Note.client_id == own)).one()
            attempts: list[Callable[[], Any]] = [
                lambda: db.session.add(Note(client_id=foreign, text="x")),
                lambda: db.session.add(Note(client=hidden, text="x")),
                lambda: setattr(note, "client_id", foreign),
                lambda: setattr(note, "client", hidden),
                lambda: db.session.add(Deal(client_id=own, title="x", contact_id=carl.id)),
                lambda: db.session.add(Deal(client_id=own, title="x", contact=carl)),
                lambda: setattr(carl, "client_id", own),
                lambda: db.session.add(Task(title="x", client_id=foreign)),
            ]
            for attempt in attempts:
                with pytest.raises(RuleError):  # noqa: PT012  (some raise at once, by autoflush)
                    attempt()
                    db.session.flush()
                    pytest.fail(f"attempt {attempts.index(attempt)} passed")
                db.session.rollback()
            for model in (Client, Note, Contact):
                with pytest.raises(BulkRefused):
                    db.session.execute(update(model).values(id=0))


def test_what_is_added_to_a_merged_client_goes_to_the_target(app: Flask, world: Any) -> None:
    with app.app_context(), as_system():
        chain = ("alice", "bob", "charlie")
        for source, target in pairwise(chain):
            db.session.get(Client, world[source]).merged_into_id = world[target]
            db.session.commit()
        note = Note(client_id=world["alice"], text="late")
        db.session.add(note)
        db.session.commit()
        assert note.client_id == world["charlie"]
        db.session.get(Client, world["nobody"]).deleted_at = utc_now()
        db.session.commit()
        db.session.add(Note(client_id=world["nobody"], text="too late"))
        with pytest.raises(StateConflict):
            db.session.commit()


class BarePage(BaseView):
    """A page written by somebody who never heard of visibility."""

    route_base = "/bare"
    class_permission_name = "note"
    method_permission_name = {"everything": "list"}

    @expose("/")
    @has_access
    def everything(self) -> str:
        found = [*db.session.scalars(select(Client)), *db.session.scalars(select(Note))]
        total = db.session.scalar(select(func.count()).select_from(Client))
        return f"{total} {found}"


def test_a_bare_view_shows_nothing_foreign(make_app: Any, sign_in: Any, world: Any) -> None:
    app = make_app(records=RECORDS)  # its own: it gets a page more
    with app.app_context():
        app.appbuilder.add_view_no_menu(BarePage)
    page = sign_in("charlie", app).get("/bare/")
    assert page.status_code == 200
    assert "charlie" in page.text
    assert "1 [" in page.text
    assert "alice" not in page.text


def test_a_moved_client_counts_from_the_next_request(app: Flask, sign_in: Any, world: Any) -> None:
    alice, charlie = sign_in("alice"), sign_in("charlie")
    url = f"/crm/clients/show/{world['alice']}"
    assert (alice.get(url).status_code, charlie.get(url).status_code) == (200, 404)
    with app.app_context(), as_system():
        db.session.get(Client, world["alice"]).assignees = [user("charlie")]
        db.session.commit()
    assert (alice.get(url).status_code, charlie.get(url).status_code) == (404, 200)
    with app.app_context(), as_system():
        user("alice").groups = list(user("charlie").groups)
        db.session.commit()
    assert (alice.get(url).status_code, charlie.get(url).status_code) == (200, 200)


STEP = st.one_of(
    st.tuples(st.just("assign"), st.integers(0, 4), st.lists(st.sampled_from(REPS), max_size=2, unique=True)),
    st.tuples(st.just("team"), st.sampled_from(REPS), st.sampled_from(["North", "South", None])),
    st.tuples(st.sampled_from(["trash", "restore", "archive"]), st.integers(0, 4), st.none()),
    st.tuples(st.just("merge"), st.integers(0, 4), st.integers(0, 4)),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=12))
def test_random_lives(app: Flask, steps: list[Any]) -> None:
    """After any sequence of assignments, team changes, trash and merges each rep sees what the rule says."""
    with app.app_context(), as_system():
        clients = [Client(name=f"c{n}") for n in range(5)]
        db.session.add_all(clients)
        db.session.flush()
        assigned: dict[int, set[str]] = {n: set() for n in range(5)}
        gone: set[int] = set()
        trashed: set[int] = set()
        teams = {"alice": "North", "bob": "North", "charlie": "South"}
        for step, which, how in steps:
            if step == "team":
                user(which).groups = (
                    [] if how is None else list(db.session.scalars(select(Group).where(Group.name == how)))
                )
                teams[which] = how
            elif step == "assign" and which not in gone | trashed:
                clients[which].assignees = [user(name) for name in how]
                assigned[which] = set(how)
            elif step == "merge" and which != how and which not in gone and how not in gone | trashed:
                clients[which].merged_into_id = clients[how].id
                gone.add(which)
            elif which in gone:
                continue  # what was merged into another one is nobody's to change
            elif step in ("trash", "restore"):
                clients[which].deleted_at = utc_now() if step == "trash" else None
                (trashed.add if step == "trash" else trashed.discard)(which)
            elif step == "archive":
                clients[which].archived_at = utc_now()
            db.session.flush()
        for name in REPS:
            team = {n for n in REPS if n == name or (teams[n] is not None and teams[n] == teams[name])}
            expected = {clients[n].id for n in range(5) if assigned[n] & team and n not in gone | trashed}
            with as_user(user(name)):
                assert set(db.session.scalars(select(Client.id))) == expected
        db.session.rollback()
