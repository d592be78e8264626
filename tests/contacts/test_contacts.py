"""Contacts of a client: one primary while there is any, whatever happens to them (E1, E2)."""

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from crm.extensions import db
from crm.models import Change, Client, Contact, Operation
from crm.security.visibility import as_system
from crm.services.contacts import primary as contacts
from crm.services.undo.operation import undo


def primaries(system: Any, client_id: int) -> list[str]:
    """The first names of a client's primary contacts."""
    with system() as session:
        asked = select(Contact.first_name).where(Contact.client_id == client_id, Contact.is_primary)
        return list(session.scalars(asked))


def ids(system: Any, client_id: int) -> dict[str, int]:
    with system() as session:
        asked = select(Contact.first_name, Contact.id).where(Contact.client_id == client_id)
        return dict(tuple(row) for row in session.execute(asked))


@pytest.fixture
def acme(sign_in: Any, make_client: Any) -> tuple[Any, int]:
    """Alice's browser, and her client with the contacts Ann, Ben and Cid."""
    alice, client = sign_in("alice"), make_client("Acme", assignees=["alice"], billing_city="Gdynia")
    for name in ("Ann", "Ben", "Cid"):
        assert alice.post("/crm/contacts/add", data={"client": client, "first_name": name}).status_code == 302
    return alice, client


def test_the_first_becomes_primary_and_no_other(acme: Any, system: Any) -> None:
    assert primaries(system, acme[1]) == ["Ann"]


def test_make_primary_moves_it(acme: Any, system: Any) -> None:
    alice, client = acme
    for name in ("Cid", "Ann", "Ben"):
        assert alice.post(f"/crm/contacts/make_primary/{ids(system, client)[name]}").status_code == 302
        assert primaries(system, client) == [name]


def test_deleting_it_promotes_another(acme: Any, system: Any) -> None:
    alice, client = acme
    for name, after in (("Ann", ["Ben"]), ("Ben", ["Cid"]), ("Cid", [])):
        assert alice.post(f"/crm/contacts/delete/{ids(system, client)[name]}").status_code == 302
        assert primaries(system, client) == after


def test_moving_it_promotes_another_and_keeps_its_history(acme: Any, system: Any, make_client: Any) -> None:
    alice, client = acme
    other = make_client("Other", assignees=["bob"])
    ann = ids(system, client)["Ann"]
    assert alice.post(f"/crm/contacts/edit/{ann}", data={"client": other}).status_code == 302
    assert primaries(system, client) == ["Ben"]
    assert primaries(system, other) == ["Ann"]
    ben = ids(system, client)["Ben"]
    assert alice.post(f"/crm/contacts/edit/{ben}", data={"client": other}).status_code == 302
    assert primaries(system, other) == ["Ann"]
    with system() as session:
        changes = session.scalars(
            select(Change).where(Change.table_name == "contact", Change.row_id == ann)
        ).all()
        assert [c.action for c in changes] == ["insert", "update"]


def test_moving_to_a_foreign_client_is_refused(acme: Any, system: Any, make_client: Any) -> None:
    alice, client = acme
    foreign = make_client("Foreign", assignees=["charlie"])
    ann = ids(system, client)["Ann"]
    answer = alice.post(f"/crm/contacts/edit/{ann}", data={"client": foreign})
    assert answer.status_code == 422
    assert "Foreign" not in answer.text
    assert primaries(system, client) == ["Ann"]


def test_a_contact_without_address_shows_its_clients(acme: Any, system: Any) -> None:
    alice, client = acme
    ann = ids(system, client)["Ann"]
    assert "the address of Acme" in alice.get(f"/crm/contacts/show/{ann}").text
    assert (
        alice.post(
            f"/crm/contacts/edit/{ann}", data={"client": client, "city": "Hel", "country": "PL"}
        ).status_code
        == 302
    )
    page = alice.get(f"/crm/contacts/show/{ann}").text
    assert "Hel" in page and "Poland" in page and "Gdynia" not in page


def test_wrong_email_stands_at_its_field_and_keeps_what_was_typed(acme: Any) -> None:
    alice, client = acme
    answer = alice.post("/crm/contacts/add", data={"client": client, "first_name": "Dan", "email": "dan@x"})
    assert answer.status_code == 422
    assert "This is not an e-mail address." in answer.text
    assert 'value="dan@x"' in answer.text and 'value="Dan"' in answer.text


def test_a_nameless_contact_of_a_sensitive_client_is_not_called_by_its_email(
    make_client: Any, system: Any
) -> None:
    client = make_client("Secret", sensitive=True)
    with system() as session:
        session.add(Contact(client_id=client, email="secret@example.com"))
        session.commit()
        assert str(session.scalars(select(Contact)).one()) == "—"


def test_contacts_of_a_new_client_in_one_flush(system: Any) -> None:
    with system() as session:
        client = Client(name="New")
        session.add_all([Contact(client=client, first_name=name, is_primary=True) for name in ("A", "B")])
        session.commit()
        number = client.id
    assert len(primaries(system, number)) == 1


@pytest.mark.both_engines
def test_two_at_once(app: Flask, system: Any, make_client: Any) -> None:
    """Adding, choosing, moving and deleting from several threads leaves exactly one primary."""
    client, other = make_client("Acme"), make_client("Other")
    with system() as session:
        session.add_all([Contact(client_id=client, first_name=f"C{n}") for n in range(4)])
        session.commit()
    start, failures = Barrier(6), []

    def act(work: Callable[[], None]) -> None:
        with app.app_context(), as_system():
            start.wait()
            try:
                work()
                db.session.commit()
            except Exception as error:
                db.session.rollback()
                failures.append(error)
            finally:
                db.session.remove()

    known = ids(system, client)

    def get(name: str) -> Contact:
        return db.session.get_one(Contact, known[name])

    def move() -> None:
        contacts.hold(db.session(), [client, other])
        get("C1").client_id = other

    works = [
        lambda: db.session.add(Contact(client_id=client, first_name="N1")),
        lambda: db.session.add(Contact(client_id=other, first_name="N2")),
        lambda: contacts.make_primary(get("C2")),
        lambda: contacts.make_primary(get("C3")),
        lambda: contacts.delete_contact(get("C0")),
        move,
    ]
    threads = [Thread(target=act, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(primaries(system, client)) == 1, failures
    assert len(primaries(system, other)) == 1, failures
    assert not failures


@settings(
    max_examples=25, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "make", "move", "delete"]), st.integers(0, 9), st.booleans()),
        max_size=12,
    )
)
def test_any_sequence_leaves_one_primary(
    system: Any, make_client: Any, steps: list[tuple[str, int, bool]]
) -> None:
    two = [make_client("One"), make_client("Two")]
    with system() as session:
        for step, which, side in steps:
            found = session.scalars(
                select(Contact).where(Contact.client_id.in_(two)).order_by(Contact.id)
            ).all()
            if step == "add":
                session.add(Contact(client_id=two[side], first_name="X"))
            elif found:
                contact = found[which % len(found)]
                if step == "make":
                    contacts.make_primary(contact)
                elif step == "delete":
                    contacts.delete_contact(contact)
                else:
                    contact.client_id = two[side]
            session.commit()
            for client_id in two:
                marks = session.scalars(
                    select(Contact.is_primary).where(Contact.client_id == client_id)
                ).all()
                assert sum(marks) == (1 if marks else 0)


@pytest.mark.both_engines
def test_undo_gives_the_mark_back(system: Any, make_client: Any) -> None:
    client, other = make_client("Acme"), make_client("Other")
    with system() as session:
        for name in ("Ann", "Ben"):
            session.add(Contact(client_id=client, first_name=name))
            session.commit()

    def move(contact: Contact) -> None:
        contact.client_id = other

    for name, work in (("Ann", contacts.delete_contact), ("Ben", contacts.make_primary), ("Ann", move)):
        with system() as session:
            work(session.scalars(select(Contact).where(Contact.first_name == name)).one())
            session.commit()
        assert primaries(system, client) == ["Ben"]
        with system() as session:
            undo(session.scalars(select(Operation.id).order_by(Operation.id.desc())).first())
            session.commit()
        assert primaries(system, client) == ["Ann"], name
        assert primaries(system, other) == []
