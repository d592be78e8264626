"""Every answer about marketing, wherever it was written down."""

from typing import Any

import pytest

from crm.extensions import db
from crm.integrations.mailchimp.client import subscriber_hash
from crm.integrations.mailchimp.suppress import suppress
from crm.models import Client
from crm.security.visibility import as_system
from crm.services.clients.parts import set_consent
from crm.services.history.log import operation


@pytest.mark.both_engines
def test_who_when_and_from_where(app: Any, make_client: Any, sign_in: Any) -> None:
    jan = make_client(
        "Jan", ["alice"], kind="person", email="jan@x.pl", consent=True, consent_source="Fair 2026"
    )
    ewa = make_client("Ewa", ["alice"], kind="person", email="ewa@x.pl")
    address = f"/crm/clients/consent/{jan}"
    alice = sign_in("alice")
    assert address in alice.get(f"/crm/clients/show/{jan}").text
    page = alice.get(address).text
    assert "Fair 2026" in page
    assert "Mailchimp" not in page

    # by a person, in bulk, by Mailchimp
    assert (
        alice.post(
            f"/crm/clients/{jan}/change_bulk_option.json", json={"type": "consent", "value": "no"}
        ).status_code
        == 200
    )
    page = alice.get(address).text
    assert page.index("changed in bulk") < page.index("Fair 2026")
    assert "Alice" in page
    with app.app_context(), as_system():
        with operation("mailchimp", client_id=jan):
            client = db.session.get_one(Client, jan)
            client.consent, client.consent_source, client.consent_by_id = True, "Mailchimp", None
            db.session.commit()
        suppress(subscriber_hash("jan@x.pl"), "cleaned", "Mailchimp")
        db.session.commit()
    page = alice.get(address).text
    assert "Taken from Mailchimp" in page
    assert "kept out: address does not work" in page
    assert page.count("crm-mark-success") == 2
    assert page.count("crm-mark-danger") == 1

    # what a client merged into this one had said stays with it
    with app.app_context(), as_system():
        set_consent(db.session.get_one(Client, ewa), True, "Phone")
        db.session.commit()
    office = sign_in("office")
    done = office.post("/crm/clients/merge_clients.json", json={"source_id": ewa, "target_id": jan})
    assert done.status_code == 200, done.text
    page = alice.get(address).text
    assert "Phone" in page
    assert "of a client merged into this one" in page

    assert sign_in("vera").get(address).status_code == 200
    assert sign_in("charlie").get(address).status_code == 404
    assert sign_in("alice").get("/crm/clients/consent/x").status_code == 404
