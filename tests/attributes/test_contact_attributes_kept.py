"""Values of a contact's attributes go where the contact goes, and survive what an admin does (E1, D4, J2)."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from crm.models import AttributeDefinition, AttributeValue, Change, Client, Contact, Operation
from crm.security.masking import MASK
from crm.services.attributes import changes as attribute_changes
from crm.services.attributes import options as attribute_options
from crm.services.attributes import values as attributes
from crm.services.attributes.changes import Unconverted
from crm.services.attributes.options import OptionRow
from crm.services.history import erasing
from crm.services.merging.merge import merge
from crm.services.undo.operation import undo
from tests.attributes.defining import define
from tests.filled_form import opened

pytestmark = pytest.mark.both_engines


@pytest.fixture
def two(make_client: Any) -> tuple[int, int]:
    """The clients Acme and Acme Ltd of Alice's."""
    return make_client("Acme", assignees=["alice"]), make_client("Acme Ltd", assignees=["alice"])


@pytest.fixture
def with_values(system: Any) -> Any:
    """`with_values(client, size=3)` -> id of a new contact of the client with these attributes."""

    def make(client: int, **values: Any) -> int:
        with system() as session:
            contact = Contact(client=session.get(Client, client), first_name="Jan", last_name="Kowalski")
            attributes.set_attributes(contact, values)
            session.add(contact)
            session.commit()
            return contact.id

    return make


def found(session: Any, *contacts: int) -> dict[int, tuple[dict[str, Any], set[int]]]:
    """contact -> (its values, the clients that their rows name)."""
    values = attributes.values_of_contacts(contacts)
    rows = session.execute(select(AttributeValue.contact_id, AttributeValue.client_id)).all()
    return {
        one: (values.get(one, {}), {client for contact, client in rows if contact == one}) for one in contacts
    }


def undo_last(session: Any) -> Any:
    report = undo(session.scalars(select(Operation.id).order_by(Operation.id.desc())).first())
    session.commit()
    return report


# -- with the contact


def test_moving_the_contact_takes_them_along(two: Any, system: Any, sign_in: Any, with_values: Any) -> None:
    one, other = two
    with system() as session:
        define(session, "number", key="size", applies_to="contact")
        define(session, "text", key="area", applies_to="contact")
    contact = with_values(one, size=3)
    edit = f"/crm/contacts/edit/{contact}"
    alice = sign_in("alice")
    form = opened(alice, edit).change(client=other, attr_area="north")
    assert alice.post(edit, data=form).status_code == 302
    with system() as session:
        assert found(session, contact)[contact] == ({"size": 3, "area": "north"}, {other})
        undo_last(session)
        assert found(session, contact)[contact] == ({"size": 3}, {one})
        session.get(Contact, contact).client_id = other
        session.commit()
        assert found(session, contact)[contact][1] == {other}
        moved = session.scalars(select(Operation.id).order_by(Operation.id.desc())).first()
        attributes.set_attributes(session.get(Contact, contact), {"area": "added since"})
        session.commit()
        undo(moved)
        session.commit()
        assert found(session, contact)[contact] == ({"size": 3, "area": "added since"}, {one})


def test_deleting_the_contact_is_undone_with_them(
    two: Any, system: Any, sign_in: Any, with_values: Any
) -> None:
    one, _other = two
    with system() as session:
        define(session, "words", key="speaks", applies_to="contact")
    contact = with_values(one, speaks=["Red", "Blue"])
    assert sign_in("office").post(f"/crm/contacts/delete/{contact}").status_code == 302
    with system() as session:
        assert session.scalar(select(func.count(AttributeValue.id))) == 0
        gone = select(Change.client_id).where(
            Change.table_name == "attribute_value", Change.action == "delete"
        )
        assert set(session.scalars(gone)) == {one}
        assert undo_last(session).left == []
        assert found(session, contact)[contact] == ({"speaks": ["Red", "Blue"]}, {one})


def test_merging_clients_leaves_each_contact_its_own(two: Any, system: Any, with_values: Any) -> None:
    one, other = two
    with system() as session:
        define(session, "number", key="size", applies_to="contact")
        define(session, "number", key="size")
        for number, value in ((one, 10), (other, 20)):
            attributes.set_attributes(session.get(Client, number), {"size": value})
        session.commit()
    first, second, blank = with_values(one, size=1), with_values(other, size=2), with_values(other)
    with system() as session:
        number = merge(one, other, {"attr.size": "source"})
        session.commit()
        after = found(session, first, second, blank)
        assert after == {first: ({"size": 1}, {other}), second: ({"size": 2}, {other}), blank: ({}, set())}
        assert attributes.values_of_clients([other]) == {other: {"size": 10}}
        attributes.set_attributes(session.get(Contact, first), {"size": 7})
        attributes.set_attributes(session.get(Contact, blank), {"size": 8})
        session.commit()
        undo(number)
        session.commit()
        after = found(session, first, second, blank)
        assert after == {
            first: ({"size": 7}, {one}),
            second: ({"size": 2}, {other}),
            blank: ({"size": 8}, {other}),
        }
        assert attributes.values_of_clients([one, other]) == {one: {"size": 10}, other: {"size": 20}}


def test_a_value_given_after_a_merge_goes_back_with_the_contact(
    two: Any, system: Any, with_values: Any
) -> None:
    one, other = two
    with system() as session:
        define(session, "number", key="size", applies_to="contact")
    contact = with_values(one)
    with system() as session:
        number = merge(one, other)
        session.commit()
        attributes.set_attributes(session.get(Contact, contact), {"size": 5})
        session.commit()
        undo(number)
        session.commit()
        assert session.get(Contact, contact).client_id == one
        assert found(session, contact)[contact] == ({"size": 5}, {one})


# -- what an admin does


def test_usage_replacing_a_word_and_changing_the_type(two: Any, system: Any, with_values: Any) -> None:
    one, other = two
    with system() as session:
        definition = define(session, "words", key="speaks", applies_to="contact")
        number, red, blue = definition.id, definition.options[0].id, definition.options[2].id
    contacts = [
        with_values(one, speaks=["Red", "Blue"]),
        with_values(one, speaks="Red"),
        with_values(other, speaks="Blue"),
    ]
    with system() as session:
        definition = session.get(AttributeDefinition, number)
        assert attribute_options.usage() == {number: 3}
        assert attribute_options.option_usage(definition) == {red: 2, blue: 2}
        rows = [OptionRow(o.id, o.label, str(blue) if o.id == red else "") for o in definition.options]
        attribute_options.save_options(definition, rows)
        session.commit()
        assert [found(session, c)[c][0] for c in contacts] == [{"speaks": ["Blue"]}] * 3
        undo_last(session)
        values = [["Red", "Blue"], ["Red"], ["Blue"]]
        assert [found(session, c)[c][0]["speaks"] for c in contacts] == values
        definition = session.get(AttributeDefinition, number)
        refused = attribute_changes.change_type(definition, "number")
        assert Unconverted(other, contacts[2], "Blue") in refused and len(refused) == 3
        session.rollback()
        definition = session.get(AttributeDefinition, number)
        assert attribute_changes.change_type(definition, "text") == []
        session.commit()
        after = found(session, *contacts)
        assert [after[c] for c in contacts] == [
            ({"speaks": "Red, Blue"}, {one}), ({"speaks": "Red"}, {one}), ({"speaks": "Blue"}, {other})
        ]  # fmt: skip
        undo_last(session)
        assert [found(session, c)[c][0]["speaks"] for c in contacts] == values


def test_deleting_a_definition_is_undone_at_the_contact_s_client_of_now(
    two: Any, system: Any, with_values: Any
) -> None:
    one, other = two
    with system() as session:
        number = define(session, "words", key="speaks", applies_to="contact").id
    stays, moves = with_values(one, speaks=["Red", "Blue"]), with_values(one, speaks="Red")
    with system() as session:
        attribute_changes.delete_definition(session.get(AttributeDefinition, number))
        session.commit()
        deleted = session.scalars(select(Operation.id).order_by(Operation.id.desc())).first()
        assert attributes.values_of_contacts([stays, moves]) == {}
        session.get(Contact, moves).client_id = other
        session.commit()
        undo(deleted)
        session.commit()
        assert found(session, stays, moves) == {
            stays: ({"speaks": ["Red", "Blue"]}, {one}), moves: ({"speaks": ["Red"]}, {other})
        }  # fmt: skip


def test_the_pages_of_the_admin(two: Any, system: Any, sign_in: Any, with_values: Any) -> None:
    one, _other = two
    with system() as session:
        define(session, "text", label="Of clients", key="it")
    office, add = sign_in("office"), "/crm/attributes/add?kind=contact"
    assert "New contact attribute" in office.get(add).text
    assert office.get("/crm/attributes/add?kind=robot").status_code == 404
    assert office.post(add, data=opened(office, add).change(label="It", type="text")).status_code == 302
    with_values(one, it="a dozen")
    everything = office.get("/crm/attributes/list/").text
    assert "Of clients" in everything and "Add" in everything
    assert "1 contact" in office.get("/crm/attributes/usage").text
    contacts = office.get("/crm/attributes/list/?kind=contact").text
    assert "Of clients" not in contacts and "It" in contacts
    counted = office.get("/crm/attributes/usage?kind=contact").text
    assert "used-1" not in counted and "with its values at 1 contact?" in counted
    edit = "/crm/attributes/edit/2"
    refused = office.post(edit, data=opened(office, edit).change(type="number"))
    assert refused.status_code == 422 and "Jan Kowalski" in refused.text and "a dozen" in refused.text
    back = f"/crm/attributes/add?kind=contact&back={1}"
    answer = office.post(back, data=opened(office, back).change(label="More", type="text"))
    assert answer.location == "/crm/contacts/show/1"


# -- what is told


def test_the_timeline_says_whose_value_changed(two: Any, system: Any, sign_in: Any, with_values: Any) -> None:
    one, other = two
    with system() as session:
        define(session, "number", key="size", label="Ring size", applies_to="contact")
    contact = with_values(one, size=12)
    with system() as session:
        attributes.set_attributes(session.get(Contact, contact), {"size": Decimal(13)})
        session.commit()
    alice = sign_in("alice")
    lines = " ".join(alice.get(f"/crm/clients/timeline/{one}?show=all").text.split())
    assert "Jan Kowalski: Ring size" in lines and "12" in lines and "13" in lines
    with system() as session:
        before = session.scalar(select(func.max(Operation.id)))
        session.get(Contact, contact).client_id = other
        session.commit()
    told = alice.get(f"/crm/clients/timeline/{other}?show=all").text
    assert "Ring size" not in told, "it only went along with its contact"
    assert "Jan Kowalski: Ring size" not in alice.get(f"/crm/clients/timeline/{one}?show=all").text
    with system() as session:
        undo(before + 1)
        session.commit()
    assert "Ring size" not in alice.get(f"/crm/clients/timeline/{other}?show=all").text


def test_a_sensitive_text_is_masked_and_encrypted(
    two: Any, system: Any, sign_in: Any, with_values: Any
) -> None:
    one, _other = two
    with system() as session:
        define(session, "text", key="passport", applies_to="contact", sensitive=True)
    contact = with_values(one, passport="ABA 300000")
    office, alice = sign_in("office"), sign_in("alice")
    page, api = f"/crm/contacts/show/{contact}", f"/api/v1/contacts/{contact}"
    assert (
        "ABA 300000" not in office.get(page).text
        and office.get(api).json["result"]["passport"] == "ABA 300000"
    )
    for url in (page, api, f"/crm/contacts/edit/{contact}", f"/crm/clients/timeline/{one}?show=all"):
        assert "ABA 300000" not in alice.get(url).text, url
    assert MASK in alice.get(page).text and alice.get(api).json["result"]["passport"] == MASK
    assert alice.get(f"/crm/contacts/attribute/{contact}/passport").status_code == 404
    assert alice.put(api, json={"passport": "x"}).status_code == 422
    assert alice.put(api, json=alice.get(api).json["result"]).status_code == 200
    with system() as session:
        logged = session.scalars(select(Change).where(Change.table_name == "attribute_value")).one()
        assert "ABA" not in str(logged.after) and logged.client_id == one
        erasing.blank_history([one])
        session.commit()
        session.expire_all()
        assert session.get(Change, logged.id).after["secret"] is None
        assert session.get(Change, logged.id).after["contact_id"] == contact
