"""Companies checked in VIES: what is kept, what is due, and how a country that is down is left alone."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from crm.extensions import db
from crm.integrations.calls import CallLog
from crm.integrations.vat.settings import asked_in_background, set_asked_in_background
from crm.integrations.vat.status import Asked, proofs_of
from crm.integrations.vies import checking
from crm.jobs.runs import run_here, state_of
from crm.models import Client, IntegrationCall, VatProof, VatStatus
from crm.models.types import utc_now
from crm.security.visibility import as_system
from crm.services.clients.vat import REGISTERS, answers_about
from crm.services.sales.company import our_company
from tests.vies.standin import StandIn

statuses = VatStatus.__table__


def run_due() -> dict[str, int]:
    run = run_here("vies", lambda run: checking.check_due(run, pace=0), {})
    assert run is not None
    return {**run.counters, "state": state_of(run.id)[0]}


def status(client_id: int) -> VatStatus:
    db.session.expire_all()
    return db.session.scalars(select(VatStatus).filter_by(client_id=client_id, service="vies")).one()


def make_due(*client_ids: int) -> None:
    db.session.execute(update(statuses).where(statuses.c.client_id.in_(client_ids)).values(next_at=utc_now()))
    db.session.commit()


@pytest.mark.both_engines
def test_the_background_asks_for_what_is_due(app, used: StandIn, make_client) -> None:
    acme = make_client("Acme", kind="company", tax_id="NL854502130B01")
    german = make_client("Schmidt", kind="company", tax_id="DE 200")
    unreadable = make_client("Odd", kind="company", tax_id="FR-12345678901234567")
    make_client("American", kind="company", tax_id="US-12345")
    make_client("Person", kind="person", last_name="Person", tax_id="NL854502130B01")
    make_client("Old", kind="company", tax_id="NL854502130B01", archived_at=utc_now())
    with app.app_context(), as_system():
        assert asked_in_background() == frozenset() and not checking.is_any_due()
        set_asked_in_background(["vies", "bogus"])
        our_company().tax_id = None
        db.session.commit()
        assert asked_in_background() == {"vies"} and checking.is_any_due()
        assert run_due() == {"checked": 3, "state": "done"}
        assert not checking.is_any_due()
        assert sorted(call[:2] for call in used.calls) == [
            ("checkVat", "DE200"), ("checkVat", "NL854502130B01"),
        ]  # fmt: skip
        row = status(acme)
        assert (row.answer, row.name, row.error, row.reference) == ("registered", "ACME B.V.", "", "")
        assert (status(german).answer, status(german).error) == ("not_registered", "")
        assert (status(unreadable).answer, status(unreadable).error) == ("", "number")
        assert status(unreadable).next_at > utc_now() + timedelta(days=29)
        assert db.session.scalar(select(func.count(VatProof.id))) == 0

        # a country that is down keeps what was known, is tried again after a pause that grows
        checked_at = status(acme).checked_at
        used.faults["NL"] = "MS_UNAVAILABLE"
        for failures in (1, 2):
            make_due(acme)
            assert run_due() == {"failed": 1, "state": "done"}
            row = status(acme)
            assert (row.answer, row.error, row.failures, row.checked_at) == (
                "registered", "country", failures, checked_at,
            )  # fmt: skip
            assert abs(row.next_at - row.tried_at - timedelta(hours=failures)) < timedelta(seconds=1)
        # another number: the answer was about the one before
        client = db.session.get_one(Client, acme)
        client.tax_id = "DE100"
        db.session.commit()
        asked = Asked(acme, "DE100")
        assert answers_about([client])["vies"][acme].state == "not_checked"
        # with a number of our own each answer has a proof, which stays with the next
        our_company().tax_id = "7740001454"
        db.session.commit()
        assert run_due() == {"checked": 1, "state": "done"}
        checking.check_now(asked)
        first, second = reversed(proofs_of(acme, "vies"))
        assert (first.number, first.answer, first.reference_at) == (
            "DE100",
            "registered",
            "2026-11-22+01:00",
        )
        assert first.reference != second.reference == status(acme).reference
        assert used.calls[-1] == ("checkVatApprox", "DE100", "PL7740001454")
        used.refused.add("PL7740001454")
        checking.check_now(asked)
        assert (status(acme).answer, status(acme).error) == ("registered", "requester")
        # of a client that is gone nothing is kept
        checking.check(Asked(987654, "DE100"), checking.connect(CallLog("vies")))
        assert db.session.scalar(select(func.count(VatProof.id))) == 2


@pytest.mark.both_engines
def test_a_country_that_is_down_is_left_alone(app, used: StandIn, make_client) -> None:
    for n in range(5):
        make_client(f"Dutch {n}", kind="company", tax_id="NL854502130B01")
    german = make_client("German", kind="company", tax_id="DE100")
    used.faults["NL"] = "TIMEOUT"
    with app.app_context(), as_system():
        assert run_due() == {"state": "failed"} and used.calls == [], "it is switched off"
        set_asked_in_background(REGISTERS)
        db.session.commit()
        assert run_due() == {"failed": 1, "checked": 1, "state": "done"}
        assert [call[1][:2] for call in used.calls] == ["NL", "DE"], "each country in turn"
        assert status(german).answer == "registered"
        log = db.session.scalars(select(IntegrationCall).filter_by(service="vies")).all()
        assert {(call.path, call.error) for call in log} == {
            ("/checkVat NL", "TIMEOUT"),
            ("/checkVat DE", ""),
        }
        # a service that is down ends the run
        used.fault = "html"
        assert run_due() == {"failed": checking.MOST_FAILURES, "state": "failed"}
        # and the background rests for an hour
        assert not checking.is_any_due()
        for call in db.session.scalars(select(IntegrationCall)):
            call.at -= timedelta(hours=1)
        db.session.commit()
        assert checking.is_any_due()
