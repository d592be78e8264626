"""Guessing passwords is slowed down; signing in often is not."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from crm.extensions import db
from crm.models import RateLimit
from crm.models.types import utc_now
from tests.prepared import PASSWORD

WAYS = ["page", "api"]


@pytest.fixture
def guarded(make_app):
    return make_app(RATELIMIT_ENABLED=True)


def attempt(app, way, name, password, address="127.0.0.1"):
    sent = {"username": name, "password": password}
    browser, origin = app.test_client(), {"REMOTE_ADDR": address}
    if way == "page":
        return browser.post("/login/", data=sent, environ_base=origin)
    return browser.post("/api/v1/security/login", json={**sent, "provider": "db"}, environ_base=origin)


@pytest.mark.parametrize("way", WAYS)
def test_guessing_is_stopped(guarded, way):
    codes = [attempt(guarded, way, "alice", "wrong").status_code for _ in range(12)]
    assert 429 not in codes[:10]
    assert codes[10:] == [429, 429]
    assert attempt(guarded, way, "alice", PASSWORD).status_code == 429


@pytest.mark.parametrize("way", WAYS)
def test_others_are_not_shut_out(guarded, way):
    for _ in range(12):
        attempt(guarded, way, "alice", "wrong")
    assert attempt(guarded, way, "bob", PASSWORD).status_code in (200, 302)
    assert attempt(guarded, way, "alice", PASSWORD, address="10.0.0.9").status_code in (200, 302)


@pytest.mark.parametrize("way", WAYS)
def test_success_does_not_count(guarded, way):
    assert {attempt(guarded, way, "alice", PASSWORD).status_code for _ in range(15)} <= {200, 302}


def test_one_address_trying_many_names_is_stopped(guarded):
    codes = [attempt(guarded, "api", f"name{n}", "wrong").status_code for n in range(62)]
    assert codes[-1] == 429


def test_trying_out_what_hidden_clients_have_is_stopped(guarded, make_client):
    """Who is told of nobody hidden may go on typing."""
    make_client("Charlies", assignees=["charlie"], email="c@c.example")
    make_client("Own", assignees=["alice"], email="own@own.example")
    browser = guarded.test_client()
    browser.post("/login/", data={"username": "alice", "password": PASSWORD})

    def check(email):
        return browser.post("/crm/clients/duplicates/check", data={"email": email})

    assert {check("own@own.example").status_code for _ in range(25)} == {200}
    told = [check("c@c.example") for _ in range(21)]
    assert "see has this e-mail" in told[19].text
    assert told[20].status_code == 429
    assert "see has this e-mail" not in told[20].text


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b'{"username": ["a"]}', b"{"])
def test_nonsense_is_refused_not_an_error(guarded, body):
    answer = guarded.test_client().post("/api/v1/security/login", data=body, content_type="application/json")
    assert 400 <= answer.status_code < 500


def test_refusal_through_the_api_is_json(guarded):
    for _ in range(10):
        attempt(guarded, "api", "alice", "wrong")
    refused = attempt(guarded, "api", "alice", "wrong")
    assert refused.json["code"] == 429


@pytest.mark.both_engines
@pytest.mark.parametrize("way", WAYS)
def test_all_processes_count_together(make_app, way):
    apps = [make_app(RATELIMIT_ENABLED=True) for _ in range(2)]
    codes = [attempt(apps[n % 2], way, "alice", "wrong").status_code for n in range(12)]
    assert 429 not in codes[:10] and codes[10:] == [429, 429]
    assert attempt(apps[1], way, "alice", PASSWORD).status_code == 429


@pytest.mark.both_engines
def test_none_of_many_at_once_is_lost(guarded):
    with ThreadPoolExecutor(4) as threads:
        tries = range(8)
        codes = list(threads.map(lambda _: attempt(guarded, "api", "alice", "wrong").status_code, tries))
    assert codes == [401] * 8
    with guarded.app_context():
        assert set(db.session.scalars(select(RateLimit.hits))) == {8}


@pytest.mark.both_engines
def test_a_minute_later_counting_begins_anew_and_old_counts_are_gone(guarded):
    for _ in range(10):
        attempt(guarded, "page", "alice", "wrong")
    assert attempt(guarded, "page", "alice", PASSWORD).status_code == 429
    with guarded.app_context():
        assert db.session.scalar(select(func.count()).select_from(RateLimit)) == 2
        db.session.execute(update(RateLimit.__table__).values(ends_at=utc_now() - timedelta(seconds=1)))
        db.session.commit()
    assert attempt(guarded, "page", "alice", PASSWORD).status_code == 302
    attempt(guarded, "page", "bob", "wrong")
    with guarded.app_context():
        assert list(db.session.scalars(select(RateLimit.hits))) == [1, 1]


def test_looking_at_pages_counts_nothing(guarded):
    browser = guarded.test_client()
    for url in ("/login/", "/", "/healthz"):
        browser.get(url)
    with guarded.app_context():
        assert db.session.scalar(select(func.count()).select_from(RateLimit)) == 0
