"""Taking back: every kind of operation, what was changed since, who may, and the pages."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.exceptions import NotFound

from crm.errors import StateConflict
from crm.extensions import db
from crm.models import (
    Change,
    Client,
    ClientTag,
    Contact,
    Deal,
    Note,
    Operation,
    Relationship,
    RelationshipType,
    SearchEntry,
    Status,
    Tag,
    Task,
    TimelineEntry,
)
from crm.models.types import utc_now
from crm.security.visibility import as_user, including_hidden
from crm.services.contacts.primary import make_primary
from crm.services.history.log import operation
from crm.services.merging.merge import merge
from crm.services.undo import steps as undo_steps
from crm.services.undo.operation import undo
from crm.services.undo.report import CHANGED, CLASHES, DELETED, IN_USE
from tests.snapshots import differences, snapshot
from tests.users import user


def last_operation() -> int:
    return db.session.scalar(select(Operation.id).order_by(Operation.id.desc()))


@pytest.fixture(params=["row by row", "by statements"])
def both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small steps go row by row, large ones by statements; both must give the same."""
    if request.param == "by statements":
        monkeypatch.setattr(undo_steps, "ROW_BY_ROW", 0)


def edit(session: Any, client_id: int) -> None:
    client = session.get(Client, client_id)
    client.name, client.phone, client.status_id, client.stars = "Other", "221002031", 2, 3
    client.consent, client.consent_at = True, utc_now()


def add_records(session: Any, client_id: int) -> None:
    client = session.get(Client, client_id)
    task = Task(client=client, title="t")
    task.assignees = [user("bob")]
    client.tags = [Tag(name="New")]
    session.add_all([Note(client=client, text="new"), Contact(client=client, first_name="C"), task])


def delete_records(session: Any, client_id: int) -> None:
    for model in (Note, Contact, Task, ClientTag):
        for row in session.scalars(select(model).where(model.client_id == client_id)):
            session.delete(row)


def change_records(session: Any, client_id: int) -> None:
    client = session.get(Client, client_id)
    session.scalars(select(Note)).one().text = "changed words"
    session.scalars(select(Task)).one().done = True
    client.tags = [Tag(name="Blue")]
    client.assignees = [user("charlie"), user("alice")]


def archive(session: Any, client_id: int) -> None:
    session.get(Client, client_id).archived_at = utc_now()


def trash(session: Any, client_id: int) -> None:
    session.get(Client, client_id).deleted_at = utc_now()


@pytest.fixture
def rich(make_client: Callable[..., int], system: Callable[[], Any]) -> int:
    """A client with something of everything."""
    number = make_client("Rich", assignees=["alice", "bob"], phone="221002030", email="r@x.pl")
    with system() as session:
        client = session.get(Client, number)
        task = Task(client=client, title="call")
        task.assignees = [user("alice")]
        client.tags = [Tag(name="Gold"), Tag(name="Silver")]
        session.add_all(
            [
                Note(client=client, text="words"),
                Contact(client=client, first_name="Jan", is_primary=True),
                task,
            ]
        )
        session.add(Deal(client=client, title="sale"))
        session.commit()
    return number


@pytest.mark.both_engines
@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("act", [edit, add_records, delete_records, change_records, archive, trash])
def test_everything_is_as_before(rich: int, system: Callable[[], Any], act: Callable[..., None]) -> None:
    with system() as session:
        before = snapshot()
        act(session, rich)
        session.commit()
        assert differences(before, snapshot())
        report = undo(last_operation())
        session.commit()
        assert report.left == []
        assert not differences(before, snapshot())
        done = session.get(Operation, report.operation_id)
        assert session.get(Operation, done.details["undoes"]).undone_by_id == done.id


@pytest.mark.both_engines
@pytest.mark.usefixtures("both_ways")
def test_a_merge_is_as_before(rich: int, make_client: Callable[..., int], system: Callable[[], Any]) -> None:
    target = make_client("Target", assignees=["bob"], notes="n")
    with system() as session:
        to = session.get(Client, target)
        gold = session.scalars(select(Tag).where(Tag.name == "Gold")).one()
        session.add_all(
            [ClientTag(client=to, tag=gold), Contact(client=to, first_name="Eva", is_primary=True)]
        )
        session.commit()
        before = snapshot()
        number = merge(rich, target)
        session.commit()
        report = undo(number)
        session.commit()
        assert report.left == []
        assert not differences(before, snapshot())


@pytest.mark.both_engines
def test_a_new_client_goes_to_the_trash_with_all_it_has(system: Callable[[], Any]) -> None:
    with system() as session:
        gold = Tag(name="Gold")
        session.add(gold)
        session.commit()
        client = Client(name="New", phone="221002030")
        client.tags = [gold]
        session.add_all([client, Note(client=client, text="n")])
        session.commit()
        report = undo(last_operation())
        session.commit()
        assert report.left == []
        assert session.scalars(select(Client)).all() == []
        with including_hidden():
            found = session.scalars(select(Client)).one()
            assert found.deleted_at is not None
            assert session.scalars(select(Note)).one().client_id == found.id


@pytest.mark.both_engines
def test_what_changed_since_is_left_alone_and_listed(rich: int, system: Callable[[], Any]) -> None:
    with system() as session:
        edit(session, rich)
        session.commit()
        number = last_operation()
        client = session.get(Client, rich)
        client.phone = "48 500 600 700"
        session.commit()
        report = undo(number)
        session.commit()
        client = session.get(Client, rich)
        assert (client.name, client.stars, client.status_id) == ("Rich", 0, None)
        assert (client.phone, client.phone_e164) == ("48 500 600 700", "+48500600700")
        assert client.name_key == "rich"
        assert [(one.table, one.row_id, one.why, one.fields) for one in report.left] == [
            ("client", rich, CHANGED, ("phone",))
        ]
        entry = select(SearchEntry).where(SearchEntry.table_name == "client", SearchEntry.row_id == rich)
        assert "48500600700" in session.scalars(entry).one().words


@pytest.mark.both_engines
@pytest.mark.usefixtures("both_ways")
def test_rows_that_are_gone_used_or_there_again(rich: int, system: Callable[[], Any]) -> None:
    with system() as session:
        client = session.get(Client, rich)
        note, deal = Note(client=client, text="one"), Deal(client=client, title="two")
        session.add_all([note, deal])
        gold = next(link for link in client.tag_links if link.tag.name == "Gold")
        client.tag_links.remove(gold)
        session.scalars(select(Contact)).one().position = "boss"
        session.commit()
        number = last_operation()
        session.delete(note)
        session.delete(session.scalars(select(Contact)).one())
        session.add(Deal(client=client, title="three", next_deal=deal))
        session.add(
            ClientTag(client=client, tag=session.scalars(select(Tag).where(Tag.name == "Gold")).one())
        )
        session.commit()
        report = undo(number)
        session.commit()
        assert {(one.table, one.why) for one in report.left} == {
            ("note", DELETED), ("contact", DELETED), ("deal", IN_USE), ("client_tag", CLASHES),
        }  # fmt: skip


@pytest.mark.both_engines
def test_after_later_edits_an_unmerge_lists_what_it_left_alone(
    rich: int, make_client: Callable[..., int], system: Callable[[], Any]
) -> None:
    target, third = make_client("Target"), make_client("Third")
    with system() as session:
        number = merge(rich, target)
        session.commit()
        to = session.get(Client, target)
        note = session.scalars(select(Note)).one()
        note.client = session.get(Client, third)
        task = session.scalars(select(Task)).one()
        task.title = "edited"
        to.email = "new@x.pl"
        session.add(Note(client=to, text="since"))
        session.delete(session.scalars(select(Contact)).one())
        session.commit()
        report = undo(number)
        session.commit()
        assert {(one.table, one.why, one.fields) for one in report.left} == {
            ("note", CHANGED, ("client_id",)), ("contact", DELETED, ()), ("client", CHANGED, ("email",)),
        }  # fmt: skip
        assert {n.text: n.client_id for n in session.scalars(select(Note))} == {
            "words": third,
            "since": target,
        }
        task = session.scalars(select(Task)).one()
        assert (task.client_id, task.title) == (rich, "edited")
        assert (session.get(Client, target).email, session.get(Client, target).phone) == ("new@x.pl", None)
        on = select(TimelineEntry.client_id).where(TimelineEntry.table_name == "task")
        assert set(session.scalars(on)) == {rich}


@pytest.mark.both_engines
def test_the_number_of_a_deleted_row_is_not_given_to_another(rich: int, system: Callable[[], Any]) -> None:
    with system() as session:
        contact = session.scalars(select(Contact)).one()
        deal = session.scalars(select(Deal)).one()
        deal.contact = contact
        session.commit()
        number, before = contact.id, snapshot()
        session.delete(contact)
        session.commit()
        deleted = last_operation()
        other = Contact(client=session.get(Client, rich), first_name="Ola")
        session.add(other)
        session.commit()
        assert other.id != number
        session.delete(other)
        session.commit()
        assert undo(deleted).left == []
        session.commit()
        assert not differences(before, snapshot())


@pytest.mark.both_engines
def test_one_contact_stays_primary(rich: int, system: Callable[[], Any]) -> None:
    def primaries() -> list[str]:
        return list(session.scalars(select(Contact.first_name).where(Contact.is_primary)))

    with system() as session:
        client = session.get(Client, rich)
        jan = session.scalars(select(Contact)).one()
        session.add(Contact(client=client, first_name="Ola"))
        session.commit()
        added = last_operation()
        before = snapshot()
        session.delete(jan)
        session.commit()
        deleted = last_operation()
        assert primaries() == ["Ola"]
        undo(deleted)
        session.commit()
        assert not differences(before, snapshot())
        session.delete(session.scalars(select(Contact).where(Contact.first_name == "Jan")).one())
        session.commit()
        deleted = last_operation()
        eva = Contact(client=client, first_name="Eva")
        session.add(eva)
        session.commit()
        make_primary(eva)
        session.commit()
        report = undo(deleted)
        session.commit()
        assert primaries() == ["Eva"]
        assert [(one.table, one.fields) for one in report.left] == [("contact", ("is_primary",))]
        assert {c.first_name for c in session.scalars(select(Contact))} == {"Jan", "Ola", "Eva"}
        undo(added)
        session.commit()
        assert primaries() == ["Eva"]


@pytest.mark.both_engines
def test_where_the_only_primary_is_taken_back_another_follows(rich: int, system: Callable[[], Any]) -> None:
    with system() as session:
        client = session.get(Client, rich)
        session.delete(session.scalars(select(Contact)).one())
        session.commit()
        session.add(Contact(client=client, first_name="First"))
        session.commit()
        added = last_operation()
        session.add(Contact(client=client, first_name="Second"))
        session.commit()
        undo(added)
        session.commit()
        only = session.scalars(select(Contact)).one()
        assert (only.first_name, only.is_primary) == ("Second", True)


def test_only_once_and_no_undo_of_an_undo(rich: int, system: Callable[[], Any]) -> None:
    with system() as session:
        archive(session, rich)
        session.commit()
        number = last_operation()
        report = undo(number)
        session.commit()
        for again in (number, report.operation_id):
            with pytest.raises(StateConflict):
                undo(again)
        with pytest.raises(NotFound):
            undo(4711)


def test_what_the_crm_begins_with_stays(system: Callable[[], Any]) -> None:
    with system() as session:
        first = session.scalars(select(Operation).order_by(Operation.id)).first()
        statuses = session.scalar(select(func.count(Status.id)))
        with pytest.raises(StateConflict):
            undo(first.id)
        session.rollback()
        assert (first.kind, session.scalar(select(func.count(Status.id)))) == ("setup", statuses)


@pytest.mark.both_engines
def test_one_s_own_or_any(app: Flask, rich: int) -> None:
    def act(name: str) -> int:
        with as_user(user(name)):
            with operation("archive", client_id=rich):
                archive(db.session, rich)
                db.session.commit()
            number = last_operation()
            db.session.get(Client, rich).archived_at = None
            db.session.commit()
            return number

    with app.app_context():
        mine, theirs = act("alice"), act("bob")
        with as_user(user("alice")):
            with pytest.raises(NotFound):
                undo(theirs)
            undo(mine)
            db.session.rollback()
        with as_user(user("vera")), pytest.raises(NotFound):
            undo(mine)
        with as_user(user("office")):
            undo(theirs)
            db.session.rollback()


@pytest.mark.both_engines
def test_clients_that_one_sees_no_more_are_left_alone(
    app: Flask, rich: int, make_client: Callable[..., int], system: Callable[[], Any]
) -> None:
    other = make_client("Other", assignees=["alice"])
    with app.app_context(), as_user(user("alice")):
        for number in (rich, other):
            db.session.get(Client, number).stars = 2
        db.session.commit()
        mine = last_operation()
        db.session.remove()
    with system() as session:
        session.get(Client, rich).assignees = [user("charlie")]
        session.commit()
    with app.app_context(), as_user(user("alice")):
        report = undo(mine)
        db.session.commit()
        assert (report.hidden, report.left) == (1, [])
        db.session.remove()
    with system() as session:
        assert (session.get(Client, rich).stars, session.get(Client, other).stars) == (2, 0)


@pytest.mark.both_engines
@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("act", ["add", "delete", "redirect"])
def test_a_link_to_a_client_that_one_sees_no_more_is_left_alone(
    app: Flask, make_client: Callable[..., int], system: Callable[[], Any], act: str
) -> None:
    mine, far, third = (make_client(name, ["alice"]) for name in ("Mine", "Far", "Third"))

    def links() -> list[tuple[int, int]]:
        with system() as session:
            return [(r.client_id, r.other_id) for r in session.scalars(select(Relationship))]

    with app.app_context(), as_user(user("alice")):
        link = Relationship(client_id=mine, other_id=far, type=db.session.scalar(select(RelationshipType)))
        db.session.add(link)
        db.session.commit()
        if act == "delete":
            db.session.delete(link)
        elif act == "redirect":
            link.other_id = third
        db.session.commit()
        number = last_operation()
        db.session.remove()
    before = links()
    with system() as session:
        session.get(Client, far).assignees = [user("charlie")]
        session.commit()
    with app.app_context(), as_user(user("alice")):
        report = undo(number)
        db.session.commit()
        assert (report.hidden, report.left, sum(report.undone.values())) == (1, [], 0)
        db.session.remove()
    assert links() == before


@pytest.mark.both_engines
@pytest.mark.usefixtures("both_ways")
def test_a_record_is_not_taken_back_to_a_client_that_one_sees_no_more(
    app: Flask, make_client: Callable[..., int], system: Callable[[], Any]
) -> None:
    left, mine = make_client("Left", ["alice"]), make_client("Mine", ["alice"])
    with app.app_context(), as_user(user("alice")):
        note, contact = Note(client_id=left, text="n"), Contact(client_id=left, first_name="C")
        db.session.add_all([note, contact])
        db.session.commit()
        note.client_id = contact.client_id = mine
        db.session.commit()
        number = last_operation()
        db.session.remove()
    with system() as session:
        session.get(Client, left).assignees = [user("charlie")]
        session.commit()
    with app.app_context(), as_user(user("alice")):
        report = undo(number)
        db.session.commit()
        assert (report.hidden, report.left, sum(report.undone.values())) == (2, [], 0)
        db.session.remove()
    with system() as session:
        assert session.scalars(select(Note)).one().client_id == mine
        assert session.scalars(select(Contact)).one().client_id == mine
        told = select(TimelineEntry.kind).where(TimelineEntry.client_id == left)
        assert "undo" not in set(session.scalars(told))


@pytest.mark.both_engines
@pytest.mark.usefixtures("both_ways")
def test_links_of_others_follow_a_name_that_comes_back(
    make_client: Callable[..., int], system: Callable[[], Any]
) -> None:
    acme, other = make_client("Acme"), make_client("Other")

    def told() -> str:
        on = select(TimelineEntry.summary).where(
            TimelineEntry.client_id == other, TimelineEntry.table_name == "relationship"
        )
        return session.scalars(on).one()

    with system() as session:
        kind = session.scalar(select(RelationshipType))
        session.add(Relationship(client_id=acme, other_id=other, type=kind))
        session.commit()
        before = told()
        session.get(Client, acme).name = "Renamed"
        session.commit()
        assert "Renamed" in told()
        undo(last_operation())
        session.commit()
        assert told() == before and "Acme" in before


# -- pages


def test_pages(rich: int, sign_in: Callable[..., Any], system: Callable[[], Any]) -> None:
    with system() as session:
        archive(session, rich)
        session.commit()
        number = last_operation()
    office, alice = sign_in("office"), sign_in("alice")
    assert f"/crm/operations/show/{number}" in office.get("/crm/operations/").text
    assert f"/crm/operations/show/{number}" not in alice.get("/crm/operations/").text
    assert office.get("/crm/operations/?kind=merge").status_code == 200
    assert office.get("/crm/operations/?kind=nonsense").status_code == 400
    assert office.get(f"/crm/operations/show/{number}").status_code == 200
    assert alice.get(f"/crm/operations/show/{number}").status_code == 404
    assert alice.post(f"/crm/operations/undo/{number}").status_code == 404
    assert sign_in("vera").get("/crm/operations/").status_code in (302, 403)
    assert office.get(f"/crm/operations/undo/{number}").status_code == 405
    answer = office.post(f"/crm/operations/undo/{number}")
    assert answer.status_code == 302
    assert office.get(answer.location).status_code == 200
    assert office.post(f"/crm/operations/undo/{number}", follow_redirects=True).status_code == 200
    with system() as session:
        assert session.get(Client, rich).archived_at is None
        assert session.scalars(select(Change).where(Change.operation_id > number)).first() is not None
