"""Attributes of contacts: on their page, in their form, and kept apart from those of their client (E1, D1 to D5)."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from crm.errors import Invalid, RuleError
from crm.models import AttributeDefinition, AttributeValue, Client, Contact
from crm.services.attributes import values as attributes
from tests.attributes.defining import define
from tests.filled_form import FilledForm, opened

pytestmark = pytest.mark.both_engines


@pytest.fixture
def ann(make_client: Any, system: Any) -> tuple[int, int]:
    """(client, contact): Alice's client Acme and its contact Ann."""
    client = make_client("Acme", assignees=["alice"])
    with system() as session:
        contact = Contact(client_id=client, first_name="Ann", last_name="Nowak")
        session.add(contact)
        session.commit()
        return client, contact.id


def test_the_same_key_for_clients_and_contacts_is_two_attributes(system: Any, ann: tuple[int, int]) -> None:
    client, contact = ann
    with system() as session:
        define(session, "number", key="size", label="Size")
        define(session, "number", key="size", label="Size", applies_to="contact")
        attributes.set_attributes(session.get(Client, client), {"size": 1})
        attributes.set_attributes(session.get(Contact, contact), {"size": 2})
        session.commit()
        assert attributes.values_of_clients([client]) == {client: {"size": Decimal(1)}}
        assert attributes.values_of_contacts([contact]) == {contact: {"size": Decimal(2)}}
        rows = session.execute(select(AttributeValue.client_id, AttributeValue.contact_id)).all()
        assert sorted(rows, key=str) == [(client, contact), (client, None)]
        attributes.set_attributes(session.get(Contact, contact), {"size": None})
        session.commit()
        assert attributes.values_of_contacts([contact]) == {}
        assert attributes.values_of_clients([client]) == {client: {"size": Decimal(1)}}


def test_what_it_applies_to_is_one_of_two_and_never_changes(system: Any) -> None:
    with system() as session:
        session.add(AttributeDefinition(label="X", type="text", applies_to="robot"))
        with pytest.raises(RuleError):
            session.flush()
        session.rollback()
        definition = define(session, "text", label="Client", applies_to="contact")
        assert definition.key != "client", "a field of contacts has that name"
        definition.applies_to = "client"
        with pytest.raises(RuleError, match="never changes"):
            session.flush()
        session.rollback()
        with pytest.raises(Invalid):
            attributes.set_attributes(Client(name="Acme"), {definition.key: "x"})


def test_on_the_page_every_active_one_in_place(ann: tuple[int, int], system: Any, sign_in: Any) -> None:
    client, contact = ann
    with system() as session:
        define(session, "number", label="Ring size", key="ring", applies_to="contact", group="Measures")
        define(session, "text", label="Gone", applies_to="contact", active=False)
        define(session, "text", label="Of the client", key="own")
    alice, url = sign_in("alice"), f"/crm/contacts/attribute/{contact}/ring"
    page = alice.get(f"/crm/contacts/show/{contact}").text
    assert "Ring size" in page and "Measures" in page and "Gone" not in page and "Of the client" not in page
    assert "Add attribute" not in page and url in page
    assert "kind=contact" in sign_in("office").get(f"/crm/contacts/show/{contact}").text
    assert url not in sign_in("vera").get(f"/crm/contacts/show/{contact}").text
    answer = alice.post(url, data=FilledForm(alice.get(url).text, "crm-inplace").change(attr_ring="1 234,5"))
    assert answer.status_code == 200 and "1,234.5" in answer.text and f'hx-get="{url}"' in answer.text
    wrong = alice.post(url, data=FilledForm(alice.get(url).text, "crm-inplace").change(attr_ring="abc"))
    assert wrong.status_code == 422 and "This is not a number." in wrong.text and "abc" in wrong.text
    assert "1,234.5" in alice.get(f"/crm/contacts/show/{contact}").text
    with system() as session:
        assert session.get(Contact, contact).version == 2
        assert session.get(Client, client).version == 1
    for name, code in (("charlie", 404), ("vera", 403)):
        for method in ("get", "post"):
            assert getattr(sign_in(name), method)(url).status_code == code
    assert alice.get(f"/crm/contacts/attribute/{contact}/own").status_code == 404
    assert alice.get(f"/crm/clients/attribute/{client}/ring").status_code == 404


def test_in_the_form(ann: tuple[int, int], system: Any, sign_in: Any) -> None:
    client, contact = ann
    with system() as session:
        define(session, "words", label="Speaks", key="speaks", applies_to="contact")
        define(session, "text", label="Salutation", key="salutation", applies_to="contact", default="Dear")
        define(session, "date", label="Birthday", key="birthday", applies_to="contact", required=True)
        define(session, "text", label="Own", key="own", required=True)
    office = sign_in("office")
    add = f"/crm/contacts/add?client={client}"
    form = opened(office, add).change(first_name="Jan", attr_speaks=["#1", "Teal"])
    assert form["attr_salutation"] == ["Dear"] and "attr_own" not in form
    refused = office.post(add, data=form)
    assert refused.status_code == 422 and "Please fill this in." in refused.text and "Teal" in refused.text
    assert office.post(add, data={**form, "attr_birthday": "2000-02-29"}).status_code == 302
    with system():
        new = contact + 1
        found = attributes.values_of_contacts([new])[new]
        assert (found["speaks"], found["salutation"]) == (["Red", "Teal"], "Dear")
        assert found["birthday"].isoformat() == "2000-02-29"
    edit = f"/crm/contacts/edit/{contact}"
    assert office.post(edit, data=opened(office, edit).change(first_name="Anna")).status_code == 302
    wrong = office.post(edit, data=opened(office, edit).change(attr_birthday="2026-02-31"))
    assert wrong.status_code == 422 and "This is not a date." in wrong.text
    answer = office.post(edit, data=opened(office, edit).change(attr_speaks=["#2"], attr_salutation=""))
    assert answer.status_code == 302
    with system():
        assert attributes.values_of_contacts([contact]) == {contact: {"speaks": ["Green"]}}


def test_two_who_edit_one_contact_are_told(ann: tuple[int, int], system: Any, sign_in: Any) -> None:
    _client, contact = ann
    with system() as session:
        define(session, "text", key="area", label="Area", applies_to="contact")
    alice, bob, edit = sign_in("alice"), sign_in("bob"), f"/crm/contacts/edit/{contact}"
    theirs, mine = opened(bob, edit), opened(alice, edit)
    assert bob.post(edit, data=theirs.change(attr_area="north")).status_code == 302
    conflict = alice.post(edit, data=mine.change(attr_area="south"))
    assert conflict.status_code == 409 and "Changed meanwhile to “north”" in conflict.text
    assert alice.post(edit, data=mine.change(first_name="Anna")).status_code == 302
    with system():
        assert attributes.values_of_contacts([contact]) == {contact: {"area": "north"}}


def test_as_a_column_of_the_list(ann: tuple[int, int], system: Any, sign_in: Any) -> None:
    _client, contact = ann
    with system() as session:
        define(session, "words", label="Speaks", applies_to="contact", in_list=True)
        define(session, "text", label="Unlisted", applies_to="contact")
        attributes.set_attributes(session.get(Contact, contact), {"speaks": "Red", "unlisted": "nowhere"})
        session.commit()
    page = sign_in("alice").get("/crm/contacts/list/").text
    assert "Speaks" in page and ">Red<" in page and "Unlisted" not in page and "nowhere" not in page
    assert "Speaks" not in sign_in("alice").get("/crm/clients/list/").text
