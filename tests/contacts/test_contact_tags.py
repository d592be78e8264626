"""Tags of contacts: typed in the form, shown, in the API, and taken along wherever the contact goes (E1)."""

from typing import Any

import pytest
from sqlalchemy import select

from crm.models import Change, Client, Contact, ContactTag, Operation, Tag
from crm.models.types import utc_now
from crm.services.clients.tag_admin import delete_tag, merge_tags
from crm.services.merging.merge import merge
from crm.services.undo.operation import undo


@pytest.fixture
def tagged(system: Any) -> Any:
    """`tagged(client, "VIP", "Fair")` -> id of a contact with these tags."""

    def make(client: int, *names: str) -> int:
        with system() as session:
            known = {tag.name: tag for tag in session.scalars(select(Tag))}
            contact = Contact(client=session.get(Client, client), first_name="Ann")
            contact.tags = [known.get(name) or Tag(name=name) for name in names]
            session.add(contact)
            session.commit()
            return contact.id

    return make


@pytest.fixture
def state(system: Any) -> Any:
    """The tags of a contact, and the clients that their rows name."""

    def of(contact: int) -> tuple[list[str], set[int]]:
        with system() as session:
            links = session.scalars(select(ContactTag).where(ContactTag.contact_id == contact)).all()
            return sorted(link.tag.name for link in links), {link.client_id for link in links}

    return of


@pytest.mark.both_engines
def test_in_the_form_on_the_page_and_on_the_card(make_client: Any, sign_in: Any, state: Any) -> None:
    client, alice = make_client("Acme", assignees=["alice"]), sign_in("alice")
    sent = {"client": client, "first_name": "Ann", "tag_links": ["VIP", "Fair"]}
    assert alice.post("/crm/contacts/add", data=sent).status_code == 302
    assert state(1) == (["Fair", "VIP"], {client})
    for url in ("/crm/contacts/show/1", f"/crm/clients/show/{client}"):
        page = alice.get(url).text
        assert ">VIP<" in page and ">Fair<" in page, url
    form = alice.get("/crm/contacts/edit/1").text
    assert "<option selected" in form and "VIP" in form
    sent = {"client": client, "first_name": "Ann", "tag_links": ["vip"]}
    assert alice.post("/crm/contacts/edit/1", data=sent).status_code == 302
    assert state(1) == (["VIP"], {client})
    wrong = alice.post("/crm/contacts/edit/1", data=sent | {"tag_links": ["x" * 70]})
    assert wrong.status_code == 422 and "too long" in wrong.text


@pytest.mark.both_engines
def test_moving_the_contact_takes_them_along(
    make_client: Any, sign_in: Any, tagged: Any, state: Any, system: Any
) -> None:
    client, other = make_client("Acme", assignees=["alice"]), make_client("Other", assignees=["bob"])
    contact = tagged(client, "VIP")
    assert sign_in("alice").post(f"/crm/contacts/edit/{contact}", data={"client": other}).status_code == 302
    assert state(contact) == (["VIP"], {other})
    with system() as session:
        undo(session.scalars(select(Operation.id).order_by(Operation.id.desc())).first())
        session.commit()
    assert state(contact) == (["VIP"], {client})
    with system() as session:
        session.get(Contact, contact).client_id = other
        session.commit()
    assert state(contact) == (["VIP"], {other})


@pytest.mark.both_engines
def test_merging_clients_and_back(make_client: Any, tagged: Any, state: Any, system: Any) -> None:
    source, target = make_client("Acme"), make_client("Acme Ltd")
    one, two = tagged(source, "VIP"), tagged(target, "VIP")
    with system() as session:
        merge(source, target)
        session.commit()
    assert state(one) == (["VIP"], {target}) and state(two) == (["VIP"], {target})
    with system() as session:
        undo(session.scalars(select(Operation.id).where(Operation.kind == "merge")).one())
        session.commit()
    assert state(one) == (["VIP"], {source}) and state(two) == (["VIP"], {target})


@pytest.mark.both_engines
def test_deleting_the_contact_is_logged_and_undone(
    make_client: Any, sign_in: Any, tagged: Any, state: Any, system: Any
) -> None:
    client = make_client("Acme", assignees=["alice"])
    contact = tagged(client, "VIP")
    assert sign_in("office").post(f"/crm/contacts/delete/{contact}").status_code == 302
    assert state(contact) == ([], set())
    with system() as session:
        gone = select(Change.client_id).where(Change.table_name == "contact_tag", Change.action == "delete")
        assert list(session.scalars(gone)) == [client]
        undo(session.scalars(select(Operation.id).order_by(Operation.id.desc())).first())
        session.commit()
    assert state(contact) == (["VIP"], {client})


@pytest.mark.both_engines
def test_what_an_admin_does_with_tags(make_client: Any, tagged: Any, state: Any, system: Any) -> None:
    client = make_client("Acme")
    one, two = tagged(client, "VIP"), tagged(client, "VIP", "Key")
    with system() as session:
        known = {tag.name: tag for tag in session.scalars(select(Tag))}
        merge_tags(known["VIP"], known["Key"])
        session.commit()
    assert state(one)[0] == state(two)[0] == ["Key"]
    with system() as session:
        delete_tag(session.scalars(select(Tag).where(Tag.name == "Key")).one())
        session.commit()
    assert state(one)[0] == state(two)[0] == []


def test_the_admin_is_told_how_many_clients_and_contacts_have_it(
    make_client: Any, sign_in: Any, tagged: Any, system: Any
) -> None:
    client, other, archived = (
        make_client("Acme"),
        make_client("Other"),
        make_client("Old", archived_at=utc_now()),
    )
    tagged(client, "VIP")
    tagged(client, "VIP", "Key")
    tagged(archived, "Key")
    with system() as session:
        session.get(Client, other).tags = session.scalars(select(Tag).where(Tag.name == "VIP")).all()
        session.commit()
    office = sign_in("office")
    page = office.get("/crm/tags/list/").text
    assert "It is taken off 1 client and 2 contacts." in page
    assert "It is taken off 1 contact." in page
    assert "given instead to 1 client and 2 contacts." in office.get("/crm/tags/merge/1").text
