"""Deals and the contact they name."""

from typing import Any

from sqlalchemy import select

from crm.models import Deal

OTHER = "This contact is at another client."


def test_a_deal_with_a_contact_of_its_client(make_client: Any, sign_in: Any, system: Any) -> None:
    acme, other = make_client("Acme", ["alice"]), make_client("Other", ["alice"])
    alice = sign_in("alice")
    here, there = (
        alice.post("/api/v1/contacts/", json={"client": number, "last_name": "Nowak"}).get_json()["id"]
        for number in (acme, other)
    )
    made = alice.post("/api/v1/deals/", json={"client": acme, "title": "By API", "contact": here})
    assert made.status_code == 201, made.text
    data = {"client": str(acme), "title": "By form", "stage": "new", "currency": "EUR", "contact": str(here)}
    assert alice.post("/crm/deals/add", data=data).status_code == 302
    with system() as session:
        assert [deal.contact_id for deal in session.scalars(select(Deal))] == [here, here]
    refused = alice.post("/api/v1/deals/", json={"client": acme, "title": "Wrong", "contact": there})
    assert refused.status_code == 422 and OTHER in refused.text
    answer = alice.post("/crm/deals/add", data={**data, "contact": str(there)})
    assert answer.status_code == 422 and OTHER in answer.text
    moved = alice.put(f"/api/v1/deals/{made.get_json()['id']}", json={"client": other})
    assert moved.status_code == 422 and OTHER in moved.text


def test_a_contact_that_moved_on_does_not_block_other_edits(make_client: Any, sign_in: Any) -> None:
    acme, other = make_client("Acme", ["alice"]), make_client("Other", ["alice"])
    alice = sign_in("alice")
    contact = alice.post("/api/v1/contacts/", json={"client": acme, "last_name": "Nowak"}).get_json()["id"]
    made = alice.post("/api/v1/deals/", json={"client": acme, "title": "Deal", "contact": contact}).get_json()
    assert alice.put(f"/api/v1/contacts/{contact}", json={"client": other}).status_code == 200
    assert alice.put(f"/api/v1/deals/{made['id']}", json={"stage": "won"}).status_code == 200
