"""Rows of clients written: found by which key, what is done with those found, tags, words, contacts, refusals."""

from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select

from crm.extensions import db
from crm.models import AttributeDefinition, AttributeOption, Client, ClientExternalId, Contact, Tag
from crm.models.types import utc_now
from crm.registry import registry
from crm.security.visibility import as_system, as_user, including_hidden
from crm.services.importing.clients import ClientRows
from crm.services.importing.plan import CREATE, KEYS, SKIP, Plan
from crm.services.importing.rows import Result, Row
from crm.services.importing.writing import write_rows
from crm.services.merging.merge import merge


@contextmanager
def working(app: Flask, name: str = "office") -> Any:
    """As the job does: outside a request, for a user."""
    with app.app_context():
        with as_system():
            user = db.session.scalars(select(User).where(User.username == name)).one()
        with as_user(user):
            yield db.session
        db.session.remove()


def put(*rows: dict[str, Any], **plan: Any) -> list[Result]:
    made = Plan(registry()["client"], {}, **{"keys": tuple(KEYS["client"]), **plan})
    found, _items = write_rows([Row(n, row) for n, row in enumerate(rows, 2)], ClientRows(made))
    db.session.commit()
    return found


def verdicts(found: list[Result]) -> list[str]:
    return [one.verdict for one in found]


@pytest.mark.both_engines
def test_what_a_row_finds(app: Flask, make_client: Callable[..., int]) -> None:
    number = make_client("Acme", tax_id="PL 123-456-32-18", email="Info@Acme.example", phone="600 700 800")
    with working(app):
        ways: list[tuple[str, dict[str, Any]]] = [
            ("tax_id", {"tax_id": "1234563218"}),
            ("email", {"email": "info@acme.EXAMPLE"}),
            ("phone", {"mobile": "+48600700800"}),
            ("id", {"id": number}),
        ]
        for key, values in ways:
            found = put({"name": "Acme", **values}, strategy=SKIP)[0]
            assert (found.verdict, found.matched, found.record_id) == ("skipped", key, number), key
        first = put({"name": "Acme Ltd", "tax_id": "1234563218", "external_id": "x", "app_code": "shop"})[0]
        assert (first.verdict, first.record_id, first.details) == (
            "updated",
            number,
            ["external_id", "name", "tax_id"],
        )
        again = {"email": "other@acme.example", "external_id": "x"}
        assert put(again, app_code="shop")[0].record_id == number
        assert verdicts(put(again, app_code="shop")) == ["unchanged"]
        # another name in the same system is another client
        other = put({"name": "B", "phone": "600700800", "external_id": "y", "app_code": "shop"})[0]
        assert other.details == {"external_id": ["The client found has another external ID."]}
        assert put({"id": 10**6, "name": "Z"})[0].details == {"id": ["There is no such client."]}
        # added all the same, but never with an ID that is another's
        assert verdicts(put({"name": "Acme", "email": "info@acme.example"}, strategy=CREATE)) == ["created"]
        taken = put({"name": "C", "external_id": "x", "app_code": "shop"}, strategy=CREATE)[0]
        assert taken.details == {"external_id": ["Another client has this external ID."]}
        several = put({"name": "D", "phone": "600700800"}, {"name": "E", "email": "info@acme.example"})
        assert several[0].record_id == number and several[1].record_id != number
        make = [{"name": "Twin", "email": "twin@acme.example"}] * 2
        assert verdicts(put(*make, strategy=CREATE)) == ["created", "created"]
        assert put({"name": "Twin", "email": "twin@acme.example"})[0].details == {
            "email": ["Several clients have this."]
        }


@pytest.mark.both_engines
def test_rows_of_one_client_meet(app: Flask) -> None:
    with working(app) as session:
        found = put(
            {"name": "One", "email": "one@x.example"},
            {"name": "Two", "email": "two@x.example", "phone": "600100200"},
            {"name": "One more", "email": "ONE@x.example"},
            {"phone": "600 100 200", "notes": "by phone"},
            {"name": "Three"},
            {"name": "Three"},
        )
        assert verdicts(found) == ["created", "created", "updated", "updated", "created", "created"]
        assert [one.record_id for one in found[:4]] == [found[0].record_id, found[1].record_id] * 2
        session.expire_all()
        assert session.get(Client, found[0].record_id).name == "One more"
        assert session.get(Client, found[1].record_id).notes == "by phone"


@pytest.mark.both_engines
def test_trash_archive_merge(app: Flask, make_client: Callable[..., int], system: Callable[..., Any]) -> None:
    trashed = make_client("Gone", email="gone@x.example")
    archived = make_client("Old", email="old@x.example")
    source, target = make_client("S", email="s@x.example"), make_client("T", email="t@x.example")
    with system() as session:
        session.get(Client, trashed).deleted_at = utc_now()
        session.get(Client, archived).archived_at = utc_now()
        merge(source, target)
        session.commit()
    with working(app) as session:
        rows = [{"email": f"{name}@x.example", "notes": "seen"} for name in ("gone", "old", "s")]
        skipped = put(*rows, strategy=SKIP)
        assert [one.record_id for one in skipped] == [trashed, archived, target]
        with including_hidden():
            assert session.get(Client, trashed).deleted_at is not None
        session.expunge_all()
        found = put(*rows)
        assert [(one.verdict, one.record_id) for one in found] == [
            ("updated", trashed), ("updated", archived), ("updated", target)
        ]  # fmt: skip
        assert session.get(Client, trashed).notes == "seen"
        assert session.get(Client, archived).archived
        # one that lives is meant before one in the trash
        session.get(Client, trashed).deleted_at = utc_now()
        session.commit()
        assert verdicts(put({"name": "New", "email": "gone@x.example"}, strategy=CREATE)) == ["created"]
        assert put({"email": "gone@x.example", "notes": "n"})[0].record_id != trashed


def test_what_the_user_may_not_see(app: Flask, make_client: Callable[..., int]) -> None:
    make_client("Foreign", assignees=["charlie"], email="f@x.example")
    make_client("Secret", assignees=["alice"], email="s@x.example", sensitive=True)
    with working(app, "alice"):
        foreign, secret = put({"name": "F", "email": "f@x.example"}, {"name": "S", "email": "s@x.example"})
        assert foreign.details == {"email": ["A client that you may not see has this."]}
        # a match would tell whose address it is
        assert secret.verdict == "created"


@pytest.mark.both_engines
def test_presets_tags_words_contacts(
    app: Flask, make_client: Callable[..., int], system: Callable[..., Any]
) -> None:
    with system() as session:
        colour = AttributeDefinition(key="colour", label="Colour", type="word", applies_to="client")
        colour.options = [AttributeOption(label="Red", position=0)]
        session.add_all([Tag(name="Old"), colour])
        session.commit()
    number = make_client("Acme", email="a@x.example")
    presets = {"status": "vip", "tags": ["Fair"], "assignees": ["alice", "bob"]}
    rows = [
        {"email": "a@x.example", "tags": "Old", "colour": "Blue"},
        {
            "name": "B",
            "status": "active",
            "assignees": ["charlie"],
            "contact": {"first_name": "Jan", "email": "j@x.example"},
        },
    ]
    with working(app) as session:
        found = put(*rows, presets=presets)
        assert verdicts(found) == ["updated", "created"]
        first, second = (session.get(Client, one.record_id) for one in found)
        assert (first.status.code, second.status.code) == ("vip", "active")
        assert [user.username for user in second.assignees] == ["charlie"]
        assert sorted(tag.name for tag in first.tags) == ["Fair", "Old"]
        assert [tag.name for tag in second.tags] == ["Fair"]
        assert session.scalar(select(AttributeOption.label).where(AttributeOption.label == "Blue"))
        contact = session.scalars(select(Contact)).one()
        assert (contact.client_id, contact.is_primary) == (second.id, True)
        assert verdicts(put(rows[0], presets=presets)) == ["unchanged"]
        rows[1] |= {
            "id": second.id,
            "contact": {"first_name": "Jan", "last_name": "Nowak", "email": "J@x.example"},
        }
        assert put(rows[1])[0].details == ["contact.email", "contact.last_name"]
        assert len(session.scalars(select(Contact)).all()) == 1
        put({"id": number, "tags": "New"}, replace_tags=True)
        session.expire_all()
        assert [tag.name for tag in session.get(Client, number).tags] == ["New"]
        # a blank cell that clears
        put({"id": number, "tags": None})
        assert [tag.name for tag in session.get(Client, number).tags] == ["New"]
        put({"id": number, "tags": None}, replace_tags=True)
        session.expire_all()
        assert not session.get(Client, number).tags
    with working(app, "vera"):
        # who may not add words, tags and clients is told so, row by row
        assert put({"name": "X"})[0].details == {"": ["You may not do this."]}
    with working(app, "alice"):
        refused = put({"name": "X", "colour": "Green", "phone": "600600600"}, {"name": "Y"})
        assert verdicts(refused) == ["refused", "created"] and "colour" in refused[0].details


def test_refused_rows_leave_others_alone(app: Flask) -> None:
    with working(app) as session:
        found = put(
            {"name": "Fine", "contact": {"email": "no address"}},
            {"name": "Fine", "email": "no address"},
            {"notes": "nobody"},
            {"name": "Fine", "status": "nonsense"},
            {"name": "Fine", "external_id": "1"},
        )
        assert verdicts(found) == ["refused"] * 4 + ["created"]
        assert [list(one.details) for one in found[:4]] == [
            ["contact.email"],
            ["email"],
            ["name"],
            ["status"],
        ]
        assert len(session.scalars(select(Client)).all()) == 1
        assert session.scalars(select(ClientExternalId.external_id)).all() == ["1"]
