"""Two clients made one: what moves, what is kept of two, who may, and where the old address leads."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.exceptions import NotFound

from crm.errors import RuleError, StateConflict
from crm.extensions import db
from crm.models import (
    AttributeDefinition,
    AttributeOption,
    AttributeValue,
    Change,
    Client,
    ClientAssignee,
    ClientExternalId,
    ClientPhoto,
    ClientTag,
    Contact,
    Deal,
    MailchimpMember,
    Note,
    Relationship,
    RelationshipType,
    SearchEntry,
    Tag,
    Task,
    TimelineEntry,
)
from crm.models.base import Base
from crm.models.types import utc_now
from crm.security.visibility import as_user, including_hidden
from crm.services.clients.redirects import find_target, followed
from crm.services.merging import moves as merge_moves
from crm.services.merging.merge import merge
from crm.services.undo.operation import undo
from tests.users import user


@pytest.fixture
def two(make_client: Callable[..., int]) -> tuple[int, int]:
    """Source (Alice's) and target (Bob's)."""
    return make_client("Source", assignees=["alice"]), make_client("Target", assignees=["bob"])


def merged(source: int, target: int, choices: dict[str, str] | None = None) -> int:
    number = merge(source, target, choices)
    db.session.commit()
    return number


def test_every_column_that_holds_a_client_moves_or_is_named_as_staying() -> None:
    moving = {(c.table.name, c.name) for c in merge_moves.references()}
    for table in Base.metadata.tables.values():
        for column in table.c:
            points = any(key.target_fullname == "client.id" for key in column.foreign_keys)
            if (points or column.name == "client_id") and table.name not in merge_moves.DERIVED:
                assert ((table.name, column.name) in moving) != (
                    (table.name, column.name) in merge_moves.STAYS
                )
    assert {("note", "client_id"), ("relationship", "other_id"), ("client", "merged_into_id")} <= moving


@pytest.mark.both_engines
def test_everything_moves(two: tuple[int, int], system: Callable[[], Any]) -> None:
    source, target = two
    with system() as session:
        of = session.get(Client, source)
        rows = [Note(client=of, text="n"), Deal(client=of, title="d"), Task(client=of, title="t"),
                Contact(client=of, first_name="c"), ClientTag(client=of, tag=Tag(name="Gold")),
                ClientExternalId(external_id="x-1"),
                ClientPhoto(client=of, content_type="image/png", digest="0", image=b"1"),
                MailchimpMember(client_id=source, hash="0" * 32, email="a@b.pl", status="subscribed")]  # fmt: skip
        of.external_ids.append(rows[5])
        session.add_all(rows)
        session.commit()
        merged(source, target)
        for row in rows:
            session.refresh(row)
            assert row.client_id == target, row
        assert [link.user.username for link in session.get(Client, target).assignee_links] == ["bob", "alice"]
        kinds = set(session.scalars(select(TimelineEntry.kind).where(TimelineEntry.client_id == target)))
        assert {"note", "deal", "task", "merge", "created"} <= kinds
        found = set(session.scalars(select(SearchEntry.table_name).where(SearchEntry.client_id == target)))
        assert {"note", "deal", "task", "contact", "client"} <= found
        words = session.scalar(
            select(SearchEntry.words).where(SearchEntry.row_id == target, SearchEntry.table_name == "client")
        )
        assert "x-1" in words.split()


@pytest.mark.both_engines
def test_doubles_become_one(two: tuple[int, int], system: Callable[[], Any]) -> None:
    source, target = two
    with system() as session:
        of, to = session.get(Client, source), session.get(Client, target)
        gold, blue = Tag(name="Gold"), Tag(name="Blue")
        session.add_all(
            [ClientTag(client=of, tag=gold), ClientTag(client=to, tag=gold), ClientTag(client=of, tag=blue)]
        )
        of.external_ids[:] = [
            ClientExternalId(external_id="s"),
            ClientExternalId(app_code="shop", external_id="s"),
        ]
        to.external_ids.append(ClientExternalId(external_id="t"))
        session.add(ClientAssignee(client=of, user=user("bob"), position=1))
        session.commit()
        merged(source, target)
        assert {tag.name for tag in to.tags} == {"Gold", "Blue"}
        assert len(to.tag_links) == 2
        assert {(e.app_code, e.external_id, e.alias) for e in to.external_ids} == {
            ("", "t", False), ("", "s", True), ("shop", "s", False),
        }  # fmt: skip
        assert [link.user.username for link in to.assignee_links] == ["bob", "alice"]


@pytest.mark.both_engines
def test_one_primary_contact_and_no_double_relationships(
    two: tuple[int, int], make_client: Callable[..., int], system: Callable[[], Any]
) -> None:
    source, target = two
    third = make_client("Third")
    with system() as session:
        of, to, other = (session.get(Client, i) for i in (source, target, third))
        partner = session.scalars(select(RelationshipType).where(RelationshipType.label == "Partner")).one()
        parent = session.scalars(
            select(RelationshipType).where(RelationshipType.label == "Parent company")
        ).one()
        session.add_all(
            [
                Contact(client=of, first_name="S", is_primary=True),
                Contact(client=to, first_name="T", is_primary=True),
            ]
        )
        session.add_all([
            Relationship(client=of, other=to, type=partner), Relationship(client=to, other=of, type=parent),
            Relationship(client=of, other=other, type=parent), Relationship(client=to, other=other, type=parent),
            Relationship(client=other, other=of, type=partner), Relationship(client=to, other=other, type=partner),
            Relationship(client=other, other=of, type=parent),
        ])  # fmt: skip
        session.commit()
        merged(source, target)
        contacts = session.scalars(select(Contact).where(Contact.client_id == target)).all()
        assert {c.first_name: c.is_primary for c in contacts} == {"S": False, "T": True}
        links = session.scalars(select(Relationship)).all()
        assert {(r.client_id, r.other_id, r.type.label) for r in links} == {
            (target, third, "Parent company"), (target, third, "Partner"), (third, target, "Parent company"),
        }  # fmt: skip
        told = select(TimelineEntry.row_id).where(TimelineEntry.table_name == "relationship")
        assert set(session.scalars(told)) == {r.id for r in links}


@pytest.mark.both_engines
def test_fields(make_client: Callable[..., int], system: Callable[[], Any]) -> None:
    source = make_client(
        "Source", email="s@x.pl", phone="22 100 20 30", stars=3, payment_period=14, is_buyer=True, consent=True,
        billing_city="Łódź", billing_street="Piotrkowska 1", delivery_city="Gdynia", use_delivery=True, notes="n",
    )  # fmt: skip
    target = make_client(
        "Target", email="t@x.pl", stars=1, payment_period=0, billing_city="Kraków", status_id=2
    )
    with system() as session:
        merged(source, target, {"email": "source"})
        found = session.get(Client, target)
        assert (found.name, found.email, found.phone_e164) == ("Target", "s@x.pl", "+48221002030")
        assert (found.stars, found.payment_period, found.is_buyer, found.notes) == (3, 0, True, "n")
        assert (found.billing_city, found.billing_street) == ("Kraków", None), "an address is kept whole"
        assert (found.use_delivery, found.delivery_city, found.consent) == (True, "Gdynia", True)
        assert found.status_id == 2


@pytest.mark.parametrize(("of", "to"), [(False, True), (True, False), (False, None)])
def test_an_opt_out_of_either_wins(
    make_client: Callable[..., int], system: Callable[[], Any], of: bool, to: bool | None
) -> None:
    source = make_client("S", consent=of, consent_source="form")
    target = make_client("T", consent=to)
    with system() as session:
        merged(source, target, {"consent": "source"})
        assert session.get(Client, target).consent is False


@pytest.mark.both_engines
def test_attributes(two: tuple[int, int], system: Callable[[], Any]) -> None:
    source, target = two
    with system() as session:
        of, to = session.get(Client, source), session.get(Client, target)
        text, size, colours, blank = (
            AttributeDefinition(label=key, key=key, type=kind)
            for key, kind in (("text", "text"), ("size", "integer"), ("colours", "words"), ("blank", "text"))
        )
        red, blue = AttributeOption(label="red", position=0), AttributeOption(label="blue", position=1)
        colours.options = [red, blue]
        session.add_all([text, size, colours, blank])
        session.flush()
        session.add_all([
            AttributeValue(client=of, definition=text, text="of"),
            AttributeValue(client=to, definition=text, text="to"),
            AttributeValue(client=of, definition=size, integer=4),
            AttributeValue(client=of, definition=colours, option=red, slot=red.id),
            AttributeValue(client=to, definition=colours, option=red, slot=red.id),
            AttributeValue(client=of, definition=colours, option=blue, slot=blue.id),
            AttributeValue(client=of, definition=blank, text="x"), AttributeValue(client=to, definition=blank, text=""),
        ])  # fmt: skip
        session.commit()

        def values() -> set[Any]:
            asked = select(AttributeValue).where(AttributeValue.client_id == target)
            return {(v.definition.key, v.text or v.integer or v.option.label) for v in session.scalars(asked)}

        number = merged(source, target)
        both = {("colours", "red"), ("colours", "blue"), ("size", 4), ("blank", "x")}
        assert values() == both | {("text", "to")}
        undo(number)
        number = merged(source, target, {"attr.text": "source", "attr.colours": "target"})
        assert values() == {("text", "of"), ("colours", "red"), ("size", 4), ("blank", "x")}


@pytest.mark.parametrize("choices", [{"nonsense": "source"}, {"email": "both"}, {"attr.none": "source"}])
def test_choices_that_make_no_sense(
    two: tuple[int, int], system: Callable[[], Any], choices: dict[str, str]
) -> None:
    with system() as session:
        with pytest.raises(RuleError):
            merge(*two, choices)
        assert session.scalar(select(func.count(Change.id)).where(Change.table_name == "note")) == 0


@pytest.mark.both_engines
def test_chains_lead_to_the_end(make_client: Callable[..., int], system: Callable[[], Any]) -> None:
    a, b, c = (make_client(name) for name in "abc")
    with system() as session:
        session.add(Note(client_id=a, text="of a"))
        session.commit()
        first = merged(a, b)
        second = merged(b, c)
        assert followed(a) == followed(b) == c
        assert find_target(a) == c
        assert find_target(c) is None
        assert session.scalars(select(Note.client_id)).all() == [c]
        with pytest.raises(StateConflict):
            undo(first)
        session.rollback()
        undo(second)
        session.commit()
        assert (followed(a), followed(b)) == (b, b)
        assert session.scalars(select(Note.client_id)).all() == [b]
        undo(first)
        session.commit()
        assert session.scalars(select(Note.client_id)).all() == [a]


def test_what_cannot_be_merged(
    two: tuple[int, int], make_client: Callable[..., int], system: Callable[[], Any]
) -> None:
    source, target = two
    gone = make_client("Gone", deleted_at=utc_now())
    with system():
        with pytest.raises(RuleError):
            merge(source, source)
        for pair in ((gone, target), (source, gone)):
            with pytest.raises(StateConflict):
                merge(*pair)
        with pytest.raises(NotFound):
            merge(source, 4711)
        merged(source, target)
        with pytest.raises(StateConflict):
            merge(source, target)


def test_a_rep_merges_only_what_they_see(
    app: Flask, two: tuple[int, int], make_client: Callable[..., int]
) -> None:
    foreign = make_client("Foreign", assignees=["charlie"])
    with app.app_context(), as_user(user("alice")):
        for pair in ((foreign, two[0]), (two[0], foreign)):
            with pytest.raises(NotFound):
                merge(*pair)
        number = merge(*two)
        db.session.commit()
        assert db.session.get(Client, two[1]) is not None
        undo(number)
        db.session.commit()
        assert db.session.get(Client, two[0]) is not None


def test_sensitive_words_stay_secret(make_client: Callable[..., int], system: Callable[[], Any]) -> None:
    source, target = make_client("Source", sensitive=True, phone="221002030"), make_client("Target")
    with system() as session:
        of = session.get(Client, source)
        to = session.get(Client, target)
        session.add_all(
            [
                Contact(client=of, first_name="C", email="secret@x.pl"),
                Contact(client=to, first_name="D", email="open@x.pl"),
            ]
        )
        session.commit()

        def words() -> str:
            return " ".join(session.scalars(select(SearchEntry.words)))

        assert "open@x.pl" in words()
        number = merged(source, target)
        assert "x.pl" not in words()
        undo(number)
        session.commit()
        assert "open@x.pl" in words()
        assert "secret@x.pl" not in words()


# -- editors meanwhile


@pytest.mark.both_engines
def test_a_note_added_to_a_client_merged_meanwhile_goes_to_the_target(
    two: tuple[int, int], system: Callable[[], Any]
) -> None:
    source, target = two
    with system() as session:
        of = session.get(Client, source)
        session.expunge(of)
        merged(source, target)
        session.add(Note(client_id=source, text="late"))
        session.commit()
        assert session.scalars(select(Note.client_id)).all() == [target]


@pytest.mark.both_engines
def test_a_client_merged_meanwhile_is_not_edited(two: tuple[int, int], system: Callable[[], Any]) -> None:
    with system() as session:
        merged(*two)
        with including_hidden():
            gone = session.get(Client, two[0])
        gone.name = "New name"
        with pytest.raises(StateConflict):
            session.flush()
        session.rollback()


# -- pages


def test_the_page(two: tuple[int, int], sign_in: Callable[..., Any], system: Callable[[], Any]) -> None:
    source, target = two
    with system() as session:
        session.get(Client, source).phone = "1234567"
        session.add(Note(client_id=source, text="n"))
        session.get(Client, source).email = "s@x.pl"
        session.get(Client, target).email = "t@x.pl"
        session.commit()
    office = sign_in("office")
    assert office.get("/crm/clients/merge/").status_code == 200
    page = office.get(f"/crm/clients/merge/?source={source}&target={target}")
    assert page.status_code == 200
    assert 'name="choice.email"' in page.text
    assert "choice.phone" not in page.text
    ticked = office.get(f"/crm/clients/merge/?ids={target}&ids={source}")
    assert f'name="source" value="{source}"' in ticked.text
    assert office.get(f"/crm/clients/merge/?source={source}&target={source}").status_code == 422
    assert office.get("/crm/clients/merge/?source=4711").status_code == 422
    assert office.post("/crm/clients/merge/", data={"source": source}).status_code == 422
    assert office.post("/crm/clients/merge/", data={"source": source, "target": "abc"}).status_code == 422
    answer = office.post(
        "/crm/clients/merge/", data={"source": source, "target": target, "choice.email": "never"}
    )
    assert answer.status_code == 400
    answer = office.post(
        "/crm/clients/merge/", data={"source": source, "target": target, "choice.email": "source"}
    )
    assert answer.status_code == 302
    assert answer.location.endswith(f"/crm/clients/show/{target}")
    with system() as session:
        assert session.get(Client, target).email == "s@x.pl"
    moved = office.get(f"/crm/clients/show/{source}")
    assert (moved.status_code, moved.location) == (301, f"/crm/clients/show/{target}")
    assert office.get(f"/crm/clients/show/{target}").status_code == 200


def test_choices_mark_archived_clients(make_client: Callable[..., int], sign_in: Callable[..., Any]) -> None:
    make_client("Old firm", archived_at=utc_now())
    make_client("Foreign firm", assignees=["charlie"])
    found = sign_in("office").get("/crm/clients/merge/choices?q=fir").json["results"]
    assert {(one["text"], one["hint"]) for one in found} == {("Old firm", "Archived"), ("Foreign firm", "")}
    assert sign_in("alice").get("/crm/clients/merge/choices?q=fir").json["results"] == []


def test_who_may_merge(two: tuple[int, int], sign_in: Callable[..., Any]) -> None:
    data = {"source": two[0], "target": two[1]}
    reader = sign_in("vera")
    assert reader.get("/crm/clients/merge/").status_code in (302, 403)
    assert reader.post("/crm/clients/merge/", data=data).status_code in (302, 403)
    charlie = sign_in("charlie")
    answer = charlie.post("/crm/clients/merge/", data=data)
    assert answer.status_code == 422
    assert "Target</option>" not in answer.text
    assert sign_in("alice").post("/crm/clients/merge/", data=data).status_code == 302


def test_the_command_line(app: Flask, two: tuple[int, int], system: Callable[[], Any]) -> None:
    run = app.test_cli_runner().invoke
    answer = run(args=["crm", "merge", str(two[0]), str(two[1])])
    assert answer.exit_code == 0, answer.output
    number = answer.output.split()[-1]
    again = run(args=["crm", "merge", str(two[0]), str(two[1])])
    assert again.exit_code == 1
    assert run(args=["crm", "undo", number]).exit_code == 0
    assert run(args=["crm", "undo", number]).exit_code == 1
    with system() as session:
        assert session.get(Client, two[0]).merged_into_id is None
