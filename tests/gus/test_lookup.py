"""Looking up: cached, paced, each failure in words; what a row means for a client."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from crm.extensions import db
from crm.integrations.gus import settings
from crm.integrations.gus.client import Unavailable
from crm.integrations.gus.company import read_companies, read_company
from crm.integrations.gus.lookup import answers, look_up, try_key
from crm.integrations.offers import NoAnswer
from crm.integrations.turns import take_turn
from crm.models import IntegrationCall
from crm.models.types import utc_now
from crm.services.key_rotation import rotate
from crm.services.secret_settings import forget_secret, get_secret, keep_secret
from tests.gus.standin import KEY, StandIn, row

NIP = "7740001454"


@pytest.fixture
def gus(app: Flask, register: StandIn, use):
    use()
    with app.app_context():
        yield register


def said(tax_id: str, country: str | None = None) -> str:
    with pytest.raises(NoAnswer) as caught:
        look_up(tax_id, country)
    return str(caught.value)


@pytest.mark.both_engines
def test_asked_once_a_day_in_one_session(gus: StandIn):
    found = look_up("PL 774-000-14-54", None)
    assert (found.number, found.companies[0].values["regon"]) == (NIP, "610188201")
    assert look_up(NIP, "PL") == found
    assert gus.calls == {"Zaloguj": 1, "DaneSzukajPodmioty": 1}
    db.session.execute(update(answers).values(at=utc_now() - timedelta(hours=25)))
    db.session.commit()
    assert look_up(NIP, None).at > found.at
    gus.rows = [row(Nazwa="Inna")]
    assert look_up(NIP, None).companies[0].name == "ORLEN SPÓŁKA AKCYJNA"
    assert look_up(NIP, None, anew=True).companies[0].name == "Inna"
    gus.sessions.clear()
    look_up(NIP, None, anew=True)
    assert gus.calls == {"Zaloguj": 2, "DaneSzukajPodmioty": 5, "GetValue": 1}
    told = db.session.execute(select(IntegrationCall.service, IntegrationCall.path, IntegrationCall.status))
    assert set(told) == {("gus", f"/{name}", 200) for name in ("Zaloguj", "DaneSzukajPodmioty", "GetValue")}
    assert db.session.scalar(select(func.count()).select_from(answers)) == 1


def test_each_failure_in_words(app: Flask, gus: StandIn):
    assert "Type the NIP" in said("")
    assert "ten digits" in said("7740001455") and "ten digits" in said("abc")
    assert "another country" in said("DE136695976")
    assert not gus.calls
    assert "knows no company" in said("1234563218")
    gus.error_code = "5"
    assert "refuses: code 5" in said(NIP)
    gus.error_code = ""
    gus.fault = "empty"
    assert "ended the session" in said(NIP)
    for gus.fault in ("html", "drop", "fault"):
        assert "does not answer" in said(NIP)
    gus.fault = ""
    assert look_up(NIP, None).companies
    app.config["GUS_API_KEY"] = "wrongwrongwrongwrong"
    forget_secret(settings.SESSION)
    db.session.commit()
    assert "refuses the key" in said("5260250995")
    with pytest.raises(NoAnswer):
        try_key("wrongwrongwrongwrong")
    try_key(KEY)
    app.config["GUS_API_KEY"] = None
    assert "need a key" in said("5260250995")
    settings.set_key(KEY)
    db.session.commit()
    assert "knows no company" in said("5260250995")


@pytest.mark.both_engines
def test_turns_are_apart_for_all_processes(app: Flask, monkeypatch):
    with app.app_context():
        waits: list[float] = []
        assert take_turn("gus", 60) and take_turn("other", 60)
        assert not take_turn("gus", 60, sleep=waits.append)
        assert sum(waits) >= 5
        monkeypatch.setattr(settings, "take_turn", lambda *asked: False)
        with pytest.raises(Unavailable):
            settings.wait_for_turn()


def test_a_key_is_sealed_and_outlives_the_change_of_keys(app: Flask):
    with app.app_context():
        settings.set_key(KEY)
        db.session.commit()
        keep_secret("gus.session", "one")
        keep_secret("gus.session", "two")
        db.session.commit()
        raw = db.session.connection().exec_driver_sql("SELECT value FROM secret_setting").scalars().all()
        assert len(raw) == 2 and not any(KEY in value for value in raw)
        db.session.rollback()
        rotate()
        rotate()
        assert (get_secret("gus.key"), get_secret("gus.session")) == (KEY, "two")
        assert settings.address(settings.TEST_KEY) == settings.TEST
        assert settings.address(KEY) == settings.PRODUCTION


def test_rows_as_clients(app: Flask):
    with app.test_request_context():
        company = read_company(row(NrLokalu="2"))
        assert company.values == {
            "name": "ORLEN SPÓŁKA AKCYJNA", "regon": "610188201", "billing_street": "ul. Chemików 7/2",
            "billing_postal_code": "09-411", "billing_city": "Płock", "billing_region": "mazowieckie",
            "billing_country": "PL",
        }  # fmt: skip
        assert not company.warnings
        village = row(
            Ulica="",
            Miejscowosc="Wola",
            NrNieruchomosci="12",
            MiejscowoscPoczty="Gostynin",
            KodPocztowy="09500",
        )
        values = read_company(village).values
        assert [values[f"billing_{n}"] for n in ("street", "postal_code", "city")] == [
            "Wola 12",
            "09-500",
            "Gostynin",
        ]
        ended = read_company(row(DataZakonczeniaDzialalnosci="2019-05-31", StatusNip="Unieważniony"))
        assert ended.warnings == ["Wound up on 2019-05-31.", "GUS says of this NIP: Unieważniony."]
        local = row(Regon="61018820100023", Typ="LP", Nazwa="Oddział")
        trade, farm = row(Typ="F", SilosID="1", Nazwa="Sklep"), row(Typ="F", SilosID="2", Nazwa="Rola")
        closed = row(Typ="F", SilosID="1", Nazwa="Dawny", DataZakonczeniaDzialalnosci="2010-01-01")
        assert [c.name for c in read_companies([local, closed, farm, trade])] == [
            "Sklep",
            "Rola",
            "Dawny",
            "Oddział",
        ]
        assert len(read_company(row(Nazwa="x" * 400)).values["name"]) == 200
