"""A contact goes to another client, becomes a client, was one: both timelines say so, and Undo takes it back."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from crm.errors import RuleError
from crm.extensions import db
from crm.models import (
    AttributeDefinition,
    Change,
    Client,
    ClientExternalId,
    Contact,
    ContactExternalId,
    Deal,
    Note,
    Operation,
    Relationship,
    RelationshipType,
    Tag,
    Task,
    TimelineEntry,
)
from crm.security.visibility import as_user
from crm.services.attributes import values as attributes
from crm.services.clients.redirects import find_target
from crm.services.contacts.from_person import become_contact
from crm.services.contacts.to_person import become_client, naming
from crm.services.undo import steps as undo_steps
from crm.services.undo.operation import undo
from tests.history.test_undo import last_operation
from tests.snapshots import differences, snapshot
from tests.users import user

pytestmark = pytest.mark.both_engines


@pytest.fixture(params=["row by row", "by statements"])
def both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "by statements":
        monkeypatch.setattr(undo_steps, "ROW_BY_ROW", 0)


@pytest.fixture
def acme(make_client: Callable[..., int]) -> int:
    return make_client("Acme", ["alice"], email="info@acme.example", language="pl", billing_currency="PLN")


@pytest.fixture
def jan(make_client: Callable[..., int], acme: int, system: Any) -> int:
    """A person with something of everything."""
    number = make_client(
        "Jan Lis", ["alice", "bob"], kind="person", first_name="Jan", last_name="Lis", position="Buyer",
        email="jan@x.example", phone="22 123 45 67", phone2="600 100 200", notes="careful", pesel="44051401359",
        billing_city="Hel", billing_country="PL",
    )  # fmt: skip
    with system() as session:
        client = session.get(Client, number)
        client.tags = [Tag(name="Gold")]
        client.external_ids = [ClientExternalId(app_code="shop", external_id="j-1")]
        for kind in ("client", "contact"):
            session.add(AttributeDefinition(label="Ring size", type="number", applies_to=kind))
        session.add(AttributeDefinition(label="Budget", type="integer"))
        session.flush()
        attributes.set_attributes(client, {"ring_size": "52.5", "budget": 3})
        wife = Contact(client=client, first_name="Ewa", last_name="Lis")
        kind = session.scalars(select(RelationshipType)).first()
        session.add(wife)
        session.flush()
        session.add_all([Note(client=client, text="likes gold"), Task(client=client, title="call"),
                         Deal(client=client, title="Ring", contact=wife),
                         Relationship(client_id=acme, other_id=number, type=kind)])  # fmt: skip
        session.commit()
    return number


def told(client_id: int) -> list[tuple[str, str]]:
    entries = select(TimelineEntry).where(
        TimelineEntry.client_id == client_id, TimelineEntry.table_name.is_(None)
    )
    return [(one.kind, one.summary) for one in db.session.scalars(entries.order_by(TimelineEntry.id))]


def lines_of(browser: Any, client_id: int) -> str:
    page = browser.get(f"/crm/clients/timeline/{client_id}").text
    return " ".join(page.split())


# -- to another client


def test_both_timelines_say_so(make_client: Any, sign_in: Any, system: Any, acme: int) -> None:
    other = make_client("Other", ["alice", "charlie"])
    alice = sign_in("alice")
    with system() as session:
        session.add(Contact(client_id=acme, first_name="Ann", last_name="Lee"))
        session.commit()
        ann = session.scalars(select(Contact.id)).one()
    assert alice.post(f"/crm/contacts/edit/{ann}", data={"client": other}).status_code == 302
    assert "Ann Lee, to Other" in lines_of(alice, acme)
    assert "Ann Lee, from Acme" in lines_of(alice, other)
    charlie = lines_of(sign_in("charlie"), other)
    assert "Contact moved" in charlie and "Acme" not in charlie
    with system() as session:
        undo(last_operation())
        session.commit()
        assert session.get(Contact, ann).client_id == acme
        assert told(acme)[-1] == told(other)[-1] == ("undo", "")
    assert alice.put(f"/api/v1/contacts/{ann}", json={"client": other}).status_code == 200
    with system():
        assert told(other)[-1] == ("contact_move", "Ann Lee")


# -- a person becomes a contact


def test_records_go_to_the_company(system: Any, acme: int, jan: int) -> None:
    with system() as session:
        contact_id, _number = become_contact(jan, acme)
        session.commit()
        contact = session.get(Contact, contact_id)
        assert (contact.client_id, contact.name, contact.position) == (acme, "Jan Lis", "Buyer")
        assert (contact.phone, contact.mobile, contact.description) == (
            "22 123 45 67",
            "600 100 200",
            "careful",
        )
        assert contact.city == "Hel" and [t.name for t in contact.tags] == ["Gold"]
        assert contact.external_id_of("shop") == "j-1"
        assert session.scalars(select(ClientExternalId)).all() == []
        assert attributes.values_of(contact)["ring_size"] == Decimal("52.5")
        for model in (Note, Task, Deal, Contact):
            assert {row.client_id for row in session.scalars(select(model))} == {acme}, model
        assert session.scalars(select(Relationship)).all() == []
        company = session.get(Client, acme)
        assert company.tags == () and [u.username for u in company.assignees] == ["alice"]
        assert session.get(Client, jan) is None and find_target(jan) == acme
        assert ("to_contact", "Jan Lis") in told(acme)


@pytest.mark.usefixtures("both_ways")
def test_taken_back_all_is_as_before(system: Any, acme: int, jan: int) -> None:
    with system() as session:
        before = snapshot()
        _contact, number = become_contact(jan, acme)
        session.commit()
        report = undo(number)
        session.commit()
        assert report.left == []
        assert not differences(before, snapshot())
        assert session.get(Client, jan).name == "Jan Lis"


def test_what_cannot_become_one(system: Any, acme: int, jan: int, make_client: Any, app: Flask) -> None:
    person = make_client("Eva", ["alice"], kind="person")
    hidden = make_client("Hidden", ["charlie"])
    with system():
        for pair in ((acme, acme), (acme, jan), (jan, person)):
            with pytest.raises(RuleError):
                become_contact(*pair)
    with app.app_context(), as_user(user("alice")), pytest.raises(Exception, match="no such client"):
        become_contact(jan, hidden)


def test_a_sensitive_person_makes_the_company_sensitive(system: Any, acme: int, jan: int) -> None:
    with system() as session:
        session.get(Client, jan).sensitive = True
        session.commit()
        before = snapshot()
        _contact, number = become_contact(jan, acme)
        session.commit()
        assert session.get(Client, acme).sensitive
        undo(number)
        session.commit()
        assert not differences(before, snapshot())


# -- and a client again


@pytest.mark.usefixtures("both_ways")
def test_back_again_with_all_that_came(system: Any, acme: int, jan: int) -> None:
    with system() as session:
        contact_id, _number = become_contact(jan, acme)
        session.commit()
        contact = session.get(Contact, contact_id)
        contact.email, contact.phone = "new@x.example", None
        note = Note(client_id=acme, text="since")
        deal = Deal(client_id=acme, title="Brooch", contact=contact)
        session.add_all([note, deal])
        session.commit()
        before, kept = snapshot(), naming(contact)
        assert kept == {"deal": 1}
        client_id, number = become_client(contact_id)
        session.commit()
        assert client_id == jan
        person = session.get(Client, jan)
        assert (person.email, person.phone, person.pesel) == ("new@x.example", "22 123 45 67", "44051401359")
        assert person.external_ids[0].external_id == "j-1"
        assert attributes.values_of(person)["budget"] == 3
        assert {n.text: n.client_id for n in session.scalars(select(Note))} == {
            "likes gold": jan,
            "since": acme,
        }
        assert {d.title: d.client_id for d in session.scalars(select(Deal))} == {"Ring": jan, "Brooch": jan}
        assert session.scalars(select(Contact)).one().first_name == "Ewa"
        assert session.scalars(select(Contact)).one().is_primary
        assert told(jan)[-1] == told(acme)[-1] == ("to_client", "Jan Lis")
        assert ("created", "") in told(jan)
        report = undo(number)
        session.commit()
        assert report.left == []
        assert not differences(before, snapshot())


@pytest.mark.usefixtures("both_ways")
def test_one_who_never_was_a_client(system: Any, acme: int, sign_in: Any, app: Flask) -> None:
    with system() as session:
        ann = Contact(client_id=acme, first_name="Ann", last_name="Lee", email="ann@acme.example", city="Hel")
        ben = Contact(client_id=acme, first_name="Ben")
        session.add_all([ann, ben])
        ann.tags, ann.external_ids = [Tag(name="Gold")], [ContactExternalId(app_code="", external_id="9")]
        session.add_all([Deal(client_id=acme, title=title, contact=ann) for title in ("one", "two")])
        session.add(Deal(client_id=acme, title="three", contact=ben))
        session.commit()
        ann_id, before = ann.id, snapshot()
    with app.app_context(), as_user(user("alice")):
        client_id, number = become_client(ann_id)
        db.session.commit()
        person = db.session.get(Client, client_id)
        assert (person.kind, person.name, person.email, person.billing_city) == (
            "person", "Ann Lee", "ann@acme.example", "Hel"
        )  # fmt: skip
        assert [u.username for u in person.assignees] == ["alice"] and person.status.code == "new"
        assert (person.language, person.billing_currency, person.external_id) == ("pl", "PLN", "9")
        deals = {d.title: (d.client_id, d.contact_id is None) for d in db.session.scalars(select(Deal))}
        assert deals == {"one": (client_id, True), "two": (client_id, True), "three": (acme, False)}
        ben = db.session.scalars(select(Contact)).one()
        assert ben.first_name == "Ben" and ben.is_primary
        report = undo(number)
        db.session.commit()
        assert report.left == []
        db.session.remove()
    with system() as session:
        after = snapshot()
        changed = differences(before, after)
        # what was new is in the trash, with what is its own
        assert set(changed) <= {
            "client",
            "client_tag",
            "client_assignee",
            "client_external_id",
            "duplicate_key",
            "search_entry",
        }
        assert all(not gone for gone, _new in changed.values()), changed


def test_a_client_that_one_did_not_see_is_not_brought_back(
    system: Any, acme: int, jan: int, app: Flask
) -> None:
    with system() as session:
        session.get(Client, jan).assignees = [user("charlie")]
        session.commit()
        contact_id, _number = become_contact(jan, acme)
        session.commit()
    with app.app_context(), as_user(user("alice")):
        client_id, _number = become_client(contact_id)
        db.session.commit()
        assert client_id not in (jan, acme) and db.session.get(Client, client_id).name == "Jan Lis"
        assert {note.client_id for note in db.session.scalars(select(Note))} == {acme}
        db.session.remove()
    with system():
        assert find_target(jan) == acme


def test_left_behind_by_choice(system: Any, acme: int) -> None:
    with system() as session:
        ann = Contact(client_id=acme, first_name="Ann", email="ann@acme.example")
        session.add_all([ann, Deal(client_id=acme, title="one", contact=ann)])
        session.commit()
        with pytest.raises(RuleError):
            become_client(ann.id, take=["client"])
        become_client(ann.id, take=[])
        session.commit()
        deal = session.scalars(select(Deal)).one()
        assert (deal.client_id, deal.contact_id) == (acme, None)
        logged = select(Change).where(Change.table_name == "deal", Change.action == "update")
        assert session.scalars(logged).one().after == {"contact_id": None}


def test_a_contact_whom_nobody_can_reach_is_no_client(system: Any, acme: int) -> None:
    with system() as session:
        session.add(Contact(client_id=acme, first_name="Ann"))
        session.commit()
        with pytest.raises(RuleError, match="e-mail or a phone"):
            become_client(session.scalars(select(Contact.id)).one())
        assert session.scalars(select(Operation).where(Operation.kind == "to_client")).all() == []
