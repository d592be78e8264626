"""Companies looked up in the white list: what is kept, batches of 30, and the questions of a day."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select, update

from crm.extensions import db
from crm.integrations.calls import CallLog
from crm.integrations.vat.settings import set_asked_in_background
from crm.integrations.vat.status import Asked, proofs_of
from crm.integrations.white_list import checking
from crm.jobs.runs import run_here, state_of
from crm.models import VatStatus
from crm.models.types import utc_now
from crm.security.visibility import as_system
from tests.white_list.standin import ACCOUNT, ORLEN, StandIn, subject

GONE = "1234563218"
statuses = VatStatus.__table__


def run_due() -> dict[str, int]:
    run = run_here("white_list", lambda run: checking.check_due(run, pace=0), {})
    assert run is not None
    return {**run.counters, "state": state_of(run.id)[0]}


def status(client_id: int) -> VatStatus:
    db.session.expire_all()
    return db.session.scalars(select(VatStatus).filter_by(client_id=client_id, service="white_list")).one()


def make_all_due() -> None:
    db.session.execute(update(statuses).values(next_at=utc_now()))
    db.session.commit()


@pytest.mark.both_engines
def test_the_background_asks_by_batches(app, used: StandIn, make_client, monkeypatch) -> None:
    used.subjects[GONE] = subject(GONE, statusVat="Niezarejestrowany", removalDate="2026-03-31")
    orlen = make_client("Orlen", kind="company", tax_id="774-000-14-54")
    same = make_client("Orlen again", kind="company", tax_id="PL7740001454")
    gone = make_client("Gone", kind="company", tax_id=GONE)
    wrong = make_client("Wrong", kind="company", tax_id="7740001455")
    make_client("Dutch", kind="company", tax_id="NL854502130B01")
    monkeypatch.setattr(checking, "MOST", 3)
    with app.app_context(), as_system():
        assert not checking.is_any_due()
        set_asked_in_background(["white_list"])
        db.session.commit()
        assert checking.is_any_due()
        assert run_due() == {"checked": 3, "failed": 1, "state": "done"}
        assert [call[0] for call in used.calls] == [[GONE, ORLEN]] and not checking.is_any_due()
        row = status(orlen)
        assert (row.answer, row.accounts, row.registered_on) == ("active", ACCOUNT, date(1993, 7, 5))
        assert row.reference == status(same).reference == proofs_of(orlen, "white_list")[0].reference
        assert (status(gone).answer, status(gone).removed_on) == ("struck_off", date(2026, 3, 31))
        assert (status(wrong).answer, status(wrong).error) == ("", "number")

        # a list that is being written keeps what was known, and ends the run
        make_all_due()
        used.code = "WL-196"
        assert run_due() == {"checked": 0, "failed": 3, "state": "done"}
        assert (status(orlen).answer, status(orlen).error) == ("active", "updating")
        make_all_due()
        used.fault = "drop"
        assert run_due() == {"checked": 0, "failed": 4, "state": "done"}
        assert (status(orlen).answer, status(orlen).error) == ("active", "down")
        assert not checking.is_any_due(), "it rests for an hour"
        used.fault, used.code = "", ""
        checking.check_now(Asked(orlen, "PL7740001454"))
        make_all_due()
        assert checking.is_any_due()

        # the background leaves questions to people; once all are used up nobody asks
        spent = checking.spent_today()
        assert spent == len(used.calls) + 1, "what was cut off counts"
        monkeypatch.setattr(checking, "FOR_BACKGROUND", spent)
        assert not checking.is_any_due()
        assert run_due() == {"state": "done"}
        checking.check_now(Asked(orlen, "PL7740001454"))
        assert status(orlen).error == ""
        used.code = "WL-191"
        checking.check_now(Asked(orlen, "PL7740001454"))
        assert (status(orlen).answer, status(orlen).error) == ("active", "limit")
        used.code, asked = "", len(used.calls)
        checking.check_now(Asked(orlen, "PL7740001454"))
        assert status(orlen).error == "limit" and len(used.calls) == asked
        assert checking.spent_today() == checking.DAILY


def test_a_day_is_that_of_poland(app, used: StandIn, monkeypatch) -> None:
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    monkeypatch.setattr(checking, "utc_now", lambda: late)
    with app.app_context(), as_system():
        log = CallLog("white_list")
        checking.search([ORLEN], log)
        log.write()
        assert used.calls[0][1] == "2026-11-23"
