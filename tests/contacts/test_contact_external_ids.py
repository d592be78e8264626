"""The names that other systems have for contacts: form, page, search; taken along with the contact (E1)."""

from typing import Any

import pytest
from sqlalchemy import select

from crm.models import Contact, ContactExternalId, Operation, SearchEntry
from crm.services.merging.merge import merge
from crm.services.undo.operation import undo

pytestmark = pytest.mark.both_engines


@pytest.fixture
def ann(make_client: Any, sign_in: Any) -> tuple[Any, int, int]:
    """Alice's browser, her client and its contact Ann, who is `c-1` elsewhere."""
    client, alice = make_client("Acme", assignees=["alice"]), sign_in("alice")
    sent = {"client": client, "first_name": "Ann", "external_id": " c-1 "}
    assert alice.post("/crm/contacts/add", data=sent).status_code == 302
    return alice, client, 1


def rows(system: Any) -> list[tuple[int, str, str, int]]:
    with system() as session:
        known = ContactExternalId
        asked = select(known.contact_id, known.app_code, known.external_id, known.client_id)
        return [tuple(row) for row in session.execute(asked.order_by(known.id))]


def undo_last(system: Any) -> None:
    with system() as session:
        undo(session.scalars(select(Operation.id).order_by(Operation.id.desc())).first())
        session.commit()


def test_set_changed_shown_found_and_taken_away(ann: Any, system: Any) -> None:
    alice, client, number = ann
    with system() as session:
        session.add(
            ContactExternalId(client_id=client, contact_id=number, app_code="shop", external_id="77-x")
        )
        session.commit()
    page = alice.get(f"/crm/contacts/show/{number}").text
    assert "c-1" in page and "shop: 77-x" in page
    assert 'value="c-1"' in alice.get(f"/crm/contacts/edit/{number}").text
    for words in ("c-1", "77-x"):
        assert "Ann" in alice.get(f"/crm/search?q={words}").text
    url, sent = f"/crm/contacts/edit/{number}", {"client": client, "first_name": "Ann"}
    assert alice.post(url, data=sent | {"external_id": "newname"}).status_code == 302
    assert rows(system) == [(1, "", "newname", client), (1, "shop", "77-x", client)]
    assert "Ann" in alice.get("/crm/search?q=newname").text
    assert alice.post(url, data=sent | {"external_id": ""}).status_code == 302
    assert rows(system) == [(1, "shop", "77-x", client)]
    assert "Ann" not in alice.get("/crm/search?q=newname").text
    undo_last(system)
    assert "Ann" in alice.get("/crm/search?q=newname").text
    with system() as session:
        changed = select(Operation.id).order_by(Operation.id.desc()).offset(2).limit(1)
        undo(session.scalars(changed).one())
        session.commit()
    assert ("", "c-1") in {row[1:3] for row in rows(system)}
    assert (
        "Ann" in alice.get("/crm/search?q=c-1").text and "Ann" not in alice.get("/crm/search?q=newname").text
    )


def test_of_another_contact_it_is_refused(ann: Any, make_client: Any, sign_in: Any, system: Any) -> None:
    foreign = make_client("Foreign", assignees=["charlie"])
    sent = {"client": foreign, "first_name": "Zoe", "external_id": "c-1"}
    answer = sign_in("charlie").post("/crm/contacts/add", data=sent)
    assert answer.status_code == 422
    assert "Another contact has this external ID." in answer.text and "Ann" not in answer.text
    assert len(rows(system)) == 1


def test_moving_and_merging_take_it_along(ann: Any, make_client: Any, system: Any) -> None:
    alice, client, number = ann
    other, third = make_client("Other", assignees=["alice"]), make_client("Third", assignees=["alice"])
    assert alice.post(f"/crm/contacts/edit/{number}", data={"client": other}).status_code == 302
    assert rows(system) == [(1, "", "c-1", other)]
    undo_last(system)
    assert rows(system) == [(1, "", "c-1", client)]
    with system() as session:
        merge(client, third)
        session.commit()
    assert rows(system) == [(1, "", "c-1", third)]
    assert "Ann" in alice.get("/crm/search?q=c-1").text
    undo_last(system)
    assert rows(system) == [(1, "", "c-1", client)]


def test_deleting_the_contact_takes_it_away_until_undone(ann: Any, sign_in: Any, system: Any) -> None:
    _alice, client, number = ann
    assert sign_in("office").post(f"/crm/contacts/delete/{number}").status_code == 302
    assert rows(system) == []
    with system() as session:
        assert not session.scalars(select(SearchEntry.id).where(SearchEntry.table_name == "contact")).all()
    undo_last(system)
    assert rows(system) == [(1, "", "c-1", client)]
    with system() as session:
        assert session.get(Contact, number).external_id == "c-1"
