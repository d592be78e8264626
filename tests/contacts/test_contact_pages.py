"""What becomes of contacts, on pages and through the API."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from crm.models import Client, Contact, Deal, Operation


@pytest.fixture
def acme(make_client: Callable[..., int], system: Any) -> tuple[int, int, int]:
    """Alice's company with two contacts that share an e-mail, and have phones."""
    client = make_client("Acme", ["alice"], email="info@acme.example")
    with system() as session:
        ann = Contact(
            client_id=client, first_name="Ann", last_name="Lee", email="ann@acme.example", phone="600 100 200"
        )
        anna = Contact(
            client_id=client, first_name="Anna", email="Ann@acme.example", mobile="+48 600-100-200"
        )
        session.add_all([ann, anna])
        session.flush()
        session.add(Deal(client_id=client, title="Ring", contact=anna))
        session.commit()
        return client, ann.id, anna.id


def last_operation(session: Any) -> Operation:
    return session.scalars(select(Operation).order_by(Operation.id.desc())).first()


# -- duplicates


@pytest.mark.both_engines
def test_likely_duplicates_are_pointed_out(acme: Any, sign_in: Any, system: Any) -> None:
    client, ann, anna = acme
    alice = sign_in("alice")
    words = "Anna and Ann Lee have the same e-mail and phone."
    link = f"/crm/contacts/merge/{ann}?source={anna}"
    assert f"/crm/contacts/twins/{client}" in alice.get(f"/crm/clients/show/{client}").text
    for url in (f"/crm/contacts/twins/{client}", f"/crm/contacts/show/{ann}", f"/crm/contacts/show/{anna}"):
        page = alice.get(url).text
        assert words in page and link in page, url
    vera = sign_in("vera").get(f"/crm/contacts/twins/{client}").text
    assert words in vera and link not in vera
    with system() as session:
        session.get(Contact, anna).email = None
        session.commit()
    assert "have the same phone." in alice.get(f"/crm/contacts/show/{ann}").text
    with system() as session:
        session.get(Contact, anna).mobile = "600 100 299"
        session.commit()
    assert "the same" not in alice.get(f"/crm/contacts/twins/{client}").text


def test_a_mask_is_not_seen_through(acme: Any, sign_in: Any, system: Any) -> None:
    with system() as session:
        session.get(Client, acme[0]).sensitive = True
        session.commit()
    assert "the same" not in sign_in("alice").get(f"/crm/contacts/twins/{acme[0]}").text
    assert "the same" in sign_in("office").get(f"/crm/contacts/twins/{acme[0]}").text


def test_foreign_ones_are_not_there(acme: Any, sign_in: Any, make_client: Any) -> None:
    client, ann, anna = acme
    charlie, vera = sign_in("charlie"), sign_in("vera")
    pages = [f"contacts/{name}/{ann}" for name in ("merge", "move", "to_client")]
    for url in (*pages, f"contacts/twins/{client}", f"clients/to_contact/{client}"):
        assert charlie.get(f"/crm/{url}").status_code == 404, url
        if "twins" not in url:
            assert charlie.post(f"/crm/{url}", data={"source": anna}).status_code == 404, url
            assert vera.post(f"/crm/{url}", data={"source": anna}).status_code in (302, 403), url


# -- merge


def test_merging_on_the_page(acme: Any, sign_in: Any, system: Any) -> None:
    _client, ann, anna = acme
    alice = sign_in("alice")
    url = f"/crm/contacts/merge/{ann}"
    assert "Anna" in alice.get(url).text
    side_by_side = alice.get(url, query_string={"source": anna}).text
    assert 'name="choice.first_name"' in side_by_side and "+48 600-100-200" in side_by_side
    assert alice.post(url, data={}).status_code == 422
    assert alice.post(url, data={"source": anna, "choice.nonsense": "source"}).status_code == 422
    done = alice.post(url, data={"source": anna, "choice.first_name": "source"})
    assert done.location == f"/crm/contacts/show/{ann}"
    page = alice.get(done.location).text
    assert "Anna Lee" in page and "The two are one" in page
    assert alice.get(f"/crm/contacts/show/{anna}").location == f"/crm/contacts/show/{ann}"
    assert alice.get("/crm/contacts/show/99").status_code == 404
    with system() as session:
        number = last_operation(session).id
    assert f"/crm/operations/show/{number}" in alice.get("/crm/operations/?kind=merge").text
    assert alice.post(f"/crm/operations/undo/{number}").status_code == 302
    assert alice.get(f"/crm/contacts/show/{anna}").status_code == 200


def test_the_only_contact_has_nobody_to_be_merged_with(make_client: Any, sign_in: Any, system: Any) -> None:
    with system() as session:
        session.add(Contact(client_id=make_client("Solo", ["alice"]), first_name="Ann"))
        session.commit()
    assert "No other contact" in sign_in("alice").get("/crm/contacts/merge/1").text


# -- move


def test_moving_on_the_page(acme: Any, sign_in: Any, system: Any, make_client: Any) -> None:
    client, ann, _anna = acme
    other, hidden = make_client("Other", ["bob"]), make_client("Hidden", ["charlie"])
    alice, url = sign_in("alice"), f"/crm/contacts/move/{ann}"
    assert "Move Ann Lee" in alice.get(url).text
    for wrong in ("", "x", str(hidden), str(client)):
        answer = alice.post(url, data={"client": wrong})
        assert answer.status_code == 422 and "Hidden" not in answer.text, wrong
    done = alice.post(url, data={"client": other})
    assert done.location == f"/crm/contacts/show/{ann}"
    with system() as session:
        assert session.get(Contact, ann).client_id == other
        operation = last_operation(session)
        assert operation.kind == "contact_move"
        assert operation.details == {"from_id": client, "to_id": other}


# -- clients that become contacts and back


def test_a_person_becomes_a_contact_and_a_client_again(
    acme: Any, sign_in: Any, system: Any, make_client: Any
) -> None:
    jan = make_client(
        "Jan Lis", ["alice"], kind="person", first_name="Jan", last_name="Lis", email="jan@x.example"
    )
    alice, url = sign_in("alice"), f"/crm/clients/to_contact/{jan}"
    assert url in alice.get(f"/crm/clients/show/{jan}").text
    assert "to_contact" not in alice.get(f"/crm/clients/show/{acme[0]}").text
    assert alice.get(f"/crm/clients/to_contact/{acme[0]}").status_code == 404
    assert "moves to the company" in alice.get(url).text
    offered = alice.get("/crm/clients/to_contact/choices").json["results"]
    assert [one["text"] for one in offered] == ["Acme"]
    assert alice.post(url, data={"company": ""}).status_code == 422
    assert alice.post(url, data={"company": jan}).status_code == 422
    contact = alice.post(url, data={"company": acme[0]}).location
    assert "Jan Lis" in alice.get(contact).text
    assert alice.get(f"/crm/clients/show/{jan}").location.endswith(f"/crm/clients/show/{acme[0]}")
    assert "A client became a contact" in alice.get(f"/crm/clients/timeline/{acme[0]}").text
    number = contact.rsplit("/", 1)[1]
    back = f"/crm/contacts/to_client/{number}"
    assert "was a client before" in alice.get(back).text
    assert alice.post(back).location == f"/crm/clients/show/{jan}"
    assert alice.get(f"/crm/clients/show/{jan}").status_code == 200
    assert alice.get(contact).location.endswith(f"/crm/clients/show/{jan}")
    page = alice.get(f"/crm/clients/timeline/{jan}").text
    assert "Jan Lis, from Acme" in " ".join(page.split())


def test_a_contact_takes_along_what_is_ticked(acme: Any, sign_in: Any, system: Any) -> None:
    client, _ann, anna = acme
    alice, url = sign_in("alice"), f"/crm/contacts/to_client/{anna}"
    assert 'value="deal" checked' in alice.get(url).text
    assert alice.post(url, data={"take": "nonsense"}).status_code == 422
    assert alice.post(url).status_code == 302
    with system() as session:
        assert session.scalars(select(Deal)).one().client_id == client


@pytest.mark.both_engines
def test_through_the_api(acme: Any, sign_in: Any, make_client: Any, system: Any) -> None:
    client, ann, anna = acme
    jan = make_client("Jan Lis", ["alice"], kind="person", email="jan@x.example")
    alice, vera, charlie = sign_in("alice"), sign_in("vera"), sign_in("charlie")
    merge = "/crm/contacts/merge_contacts.json"
    for wrong in ({}, {"source_id": ann}, {"source_id": ann, "target_id": "x"}, {"source_id": ann, "target_id": ann},
                  {"source_id": anna, "target_id": ann, "choices": {"x": "source"}},
                  {"source_id": anna, "target_id": ann, "choices": []}):  # fmt: skip
        assert alice.post(merge, json=wrong).status_code == 422, wrong
    pair = {"source_id": anna, "target_id": ann}
    assert vera.post(merge, json=pair).status_code == 403
    assert charlie.post(merge, json=pair).status_code == 404
    answer = alice.post(merge, json={**pair, "choices": {"first_name": "source"}})
    assert answer.json["id"] == ann and answer.json["operation_id"]
    assert alice.get(f"/api/v1/contacts/{ann}").json["result"]["first_name"] == "Anna"
    url = f"/crm/clients/{jan}/to_contact.json"
    assert vera.post(url, json={"company_id": client}).status_code == 403
    assert charlie.post(url, json={"company_id": client}).status_code == 404
    assert list(alice.post(url, json={}).json["errors"]) == ["company_id"]
    made = alice.post(url, json={"company_id": client}).json["id"]
    assert alice.get(f"/api/v1/clients/{jan}").status_code == 308
    back = f"/crm/contacts/{made}/to_client.json"
    assert alice.post(back, json={"take": ["nonsense"]}).status_code == 422
    assert alice.post(back, json={"take": "deal"}).status_code == 422
    assert alice.post(back, json={}).json["id"] == jan
    assert alice.get(f"/api/v1/clients/{jan}").json["result"]["name"] == "Jan Lis"
