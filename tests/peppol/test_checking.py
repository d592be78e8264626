"""Companies checked: what is kept, what is due, and what the card shows."""

from datetime import timedelta

import dns.rcode
import pytest
from sqlalchemy import delete, select, update

from crm.extensions import db
from crm.integrations.calls import CallLog
from crm.integrations.peppol import checking, settings
from crm.jobs.runs import run_here, state_of
from crm.models import Client, IntegrationCall, PeppolStatus, Setting
from crm.models.types import utc_now
from crm.security.visibility import as_system
from crm.services.clients.peppol import Answer, answers_about
from tests.peppol.network import BIS, ZONE

NIP = "9945:7740001454"


def run_due() -> dict[str, int]:
    run = run_here("peppol", lambda run: checking.check_due(run, pace=0), {})
    assert run is not None
    return {**run.counters, "state": state_of(run.id)[0]}


@pytest.mark.both_engines
def test_the_background_asks_for_what_is_due(app, network, make_client) -> None:
    network.register(NIP, BIS)
    one = make_client("Orlen", kind="company", tax_id="774-000-14-54")
    other = make_client("Other", kind="company", tax_id="5260250274")
    make_client("Strange", kind="company", tax_id="US-1")
    make_client("Person", kind="person", last_name="Person", tax_id="5260250274")
    make_client("Old", kind="company", tax_id="5260250274", archived_at=utc_now())
    with app.app_context(), as_system():
        assert checking.is_any_due()
        assert run_due() == {"checked": 3, "state": "done"}
        assert not checking.is_any_due()
        found = {row.client_id: row for row in db.session.scalars(select(PeppolStatus))}
        assert (found[one].registered, found[one].receives_invoices, found[one].identifier) == (
            True,
            True,
            NIP,
        )
        assert (found[other].registered, found[other].error) == (False, "")
        checked_at = found[one].checked_at
        told = db.session.scalars(select(IntegrationCall.path).filter_by(service="peppol")).all()
        assert len(told) >= 4 and not any("7740001454" in path for path in told)
        # a failure keeps what was known, and is tried again after a pause that grows
        network.rcode = dns.rcode.SERVFAIL
        table = PeppolStatus.__table__
        for failures in (1, 2):
            db.session.execute(update(table).where(table.c.client_id == one).values(next_at=utc_now()))
            db.session.commit()
            assert run_due() == {"failed": 1, "state": "done"}
            db.session.expire_all()
            row = db.session.scalars(select(PeppolStatus).filter_by(client_id=one)).one()
            assert (row.registered, row.error, row.failures, row.checked_at) == (
                True,
                "dns",
                failures,
                checked_at,
            )
            assert row.next_at - row.tried_at == timedelta(hours=failures)
        # another tax ID: the answer was about the one before
        client = db.session.get_one(Client, one)
        client.tax_id = "5260250274"
        db.session.commit()
        assert answers_about([client]) == {one: Answer()}
        network.rcode = None
        assert run_due() == {"checked": 1, "state": "done"}
        db.session.expire_all()
        row = db.session.scalars(select(PeppolStatus).filter_by(client_id=one)).one()
        assert (row.registered, row.identifier, row.error, row.failures) == (False, "", "", 0)
        # unless everybody is asked about, only those are whom somebody asked about
        settings.ask_everybody(False)
        db.session.execute(delete(table).where(table.c.client_id == other))
        assert not checking.is_any_due()
        db.session.execute(update(table).where(table.c.client_id == one).values(next_at=utc_now()))
        db.session.commit()
        assert run_due() == {"checked": 1, "state": "done"}
        assert not checking.is_any_due()
        # whoever names a zone means all, until the page says otherwise
        db.session.delete(db.session.scalars(select(Setting).filter_by(key=settings.KEY)).one())
        assert checking.is_any_due()
        app.config["PEPPOL_SML_ZONE"] = ""
        assert not checking.is_any_due()
        app.config["PEPPOL_SML_ZONE"] = ZONE
        db.session.rollback()
        # of a client that is gone nothing is kept
        checking.check(checking.Asked(987654, None, "PL5260250274"), checking.connect(CallLog("peppol")))


def test_a_network_that_is_down_ends_the_run(app, network, make_client) -> None:
    network.rcode = dns.rcode.SERVFAIL
    for n in range(checking.MOST_FAILURES + 1):
        make_client(f"Company {n}", kind="company", tax_id="5260250274")
    with app.app_context(), as_system():
        assert run_due() == {"failed": checking.MOST_FAILURES, "state": "failed"}
        # and the background rests for an hour
        settings.ask_everybody(True)
        assert not checking.is_any_due()
        for call in db.session.scalars(select(IntegrationCall)):
            call.at -= timedelta(hours=1)
        db.session.commit()
        assert checking.is_any_due()


def test_the_card(app, network, make_client, sign_in) -> None:
    number = make_client("Orlen", ["alice"], kind="company", tax_id="7740001454")
    address, refresh = f"/crm/clients/show/{number}", f"/crm/clients/peppol/{number}"
    alice = sign_in("alice")
    assert "Not checked yet" in alice.get(address).text
    network.register(NIP, BIS)
    assert alice.get(refresh).status_code == 405
    line = alice.post(refresh, headers={"HX-Request": "true"}).text
    assert "Registered" in line and "takes invoices" in line and NIP in line and "<html" not in line
    assert alice.post(refresh).location == address
    network.answers[NIP] = (500, b"")
    line = alice.post(refresh, headers={"HX-Request": "true"}).text
    assert NIP in line and "provider did not answer" in line
    assert sign_in("charlie").post(refresh).status_code == 404
    assert "/peppol/" not in sign_in("vera").get(address).text
    person = make_client("Jan", ["alice"], kind="person", tax_id="7740001454")
    assert 'id="peppol"' not in alice.get(f"/crm/clients/show/{person}").text
    assert alice.post(f"/crm/clients/peppol/{person}").status_code == 404
    with app.app_context(), as_system():
        db.session.get_one(Client, number).sensitive = True
        db.session.commit()
    assert 'id="peppol"' not in alice.get(address).text
    assert alice.post(refresh).status_code == 404
    assert 'id="peppol"' in sign_in("office").get(address).text
