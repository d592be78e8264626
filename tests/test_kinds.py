"""A record type of several kinds: each has its own entry under + Add, its section, its words."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from crm.extensions import db
from crm.models import Change
from crm.records import RECORDS
from crm.security.visibility import as_system
from crm.services.setup import initialise
from tests.filled_form import opened
from tests.stone import STONE, Stone


@pytest.fixture
def product(app: Flask, make_app: Any) -> Flask:
    """The product with stones."""
    with_stones = make_app(records=(*RECORDS, STONE))
    with with_stones.app_context():
        initialise()
    return with_stones


@pytest.fixture
def acme(make_client: Any) -> int:
    return make_client("Acme", assignees=["alice"])


@pytest.fixture
def alice(product: Flask, sign_in: Any) -> Any:
    return sign_in("alice", product)


def add(browser: Any, client: int, kind: str, origin: str) -> None:
    url = f"/crm/stones/add?kind={kind}&client={client}"
    answer = browser.post(url, data=opened(browser, url).change(origin=origin))
    assert answer.location.endswith(f"/crm/clients/show/{client}")


def kinds(product: Flask) -> dict[str, str]:
    with product.app_context(), as_system() as session:
        return {stone.origin: stone.cut for stone in session.query(Stone)}


def test_each_kind_is_added_by_its_own_name(product: Flask, alice: Any, acme: int) -> None:
    card = alice.get(f"/crm/clients/show/{acme}").text
    for kind in ("diamond", "pearl"):
        assert f"/crm/stones/add?client={acme}&amp;kind={kind}" in card
    assert "New pearl" in alice.get(f"/crm/stones/add?kind=pearl&client={acme}").text
    add(alice, acme, "pearl", "Tahiti")
    add(alice, acme, "diamond", "Antwerp")
    assert kinds(product) == {"Tahiti": "pearl", "Antwerp": "diamond"}
    assert alice.get("/crm/stones/add?kind=ruby").status_code == 404
    assert alice.post("/crm/stones/add?kind=ruby", data={"origin": "x"}).status_code == 404


def test_a_kind_that_is_not_offered_has_an_address_all_the_same(
    app: Flask, make_app: Any, sign_in: Any, acme: int
) -> None:
    pearl = replace(STONE.kinds[1], addable=False)
    product = make_app(records=(*RECORDS, replace(STONE, kinds=[STONE.kinds[0], pearl], choices={})))
    with product.app_context():
        initialise()
    alice = sign_in("alice", product)
    assert "kind=pearl" not in alice.get(f"/crm/clients/show/{acme}").text
    assert alice.get("/crm/stones/add?kind=pearl").status_code == 200


def test_the_form_keeps_the_kind(product: Flask, alice: Any, acme: int) -> None:
    add(alice, acme, "pearl", "Tahiti")
    page = alice.get("/crm/stones/edit/1").text
    assert 'name="cut"' not in page
    assert "Pearl · Tahiti" in page
    sent = opened(alice, "/crm/stones/edit/1").change(origin="Japan", cut="diamond")
    assert alice.post("/crm/stones/edit/1", data=sent).status_code == 302
    assert kinds(product) == {"Japan": "pearl"}


def test_a_form_that_declares_the_kind_changes_it(app: Flask, make_app: Any, sign_in: Any, acme: int) -> None:
    declared = replace(STONE, fields=[*STONE.fields, Stone.cut], choices={})
    product = make_app(records=(*RECORDS, declared))
    with product.app_context():
        initialise()
    alice = sign_in("alice", product)
    add(alice, acme, "pearl", "Tahiti")
    assert kinds(product) == {"Tahiti": "pearl"}
    sent = opened(alice, "/crm/stones/edit/1").change(cut="diamond")
    assert alice.post("/crm/stones/edit/1", data=sent).status_code == 302
    assert kinds(product) == {"Tahiti": "diamond"}
    assert alice.patch("/api/v1/stones/1", json={"cut": "pearl"}).status_code == 200


def test_the_tab_has_a_section_for_each_kind(alice: Any, acme: int) -> None:
    add(alice, acme, "pearl", "Tahiti")
    tab = alice.get(f"/crm/clients/tab/{acme}/sales").text
    diamonds, pearls = tab.split('id="section-stone-pearl"')
    assert "Tahiti" in pearls and "Tahiti" not in diamonds
    assert "Diamonds are for ever." in diamonds
    assert f"/crm/stones/add?client={acme}&amp;kind=diamond" in diamonds
    assert f"/crm/stones/list/?client={acme}&amp;kind=pearl" in pearls


def test_box_timeline_search_and_page_say_the_kind(alice: Any, acme: int) -> None:
    add(alice, acme, "pearl", "Tahiti")
    box = alice.get(f"/crm/clients/show/{acme}").text.split('id="box-stone"')[1]
    assert '<span class="crm-badge crm-mark">Pearl</span>' in box
    assert "<strong>Pearl</strong>" in alice.get(f"/crm/clients/timeline/{acme}").text
    for url in ("/crm/search?q=tahiti", "/crm/search/suggest?q=tahiti"):
        assert '<span class="crm-badge crm-mark">Pearl</span>' in alice.get(url).text
    page = alice.get("/crm/stones/show/1").text
    assert "Pearl · Tahiti" in page
    assert "/crm/stones/list/?kind=pearl" in page


def test_lists_are_filtered_by_kind(alice: Any, acme: int) -> None:
    add(alice, acme, "pearl", "Tahiti")
    add(alice, acme, "diamond", "Antwerp")
    whole, pearls = alice.get("/crm/stones/list/").text, alice.get("/crm/stones/list/?kind=pearl").text
    assert "Antwerp" in whole and "Tahiti" in whole
    assert "Antwerp" not in pearls and "Tahiti" in pearls
    assert "/crm/stones/add?kind=diamond" in whole
    assert "/crm/stones/add?kind=pearl" in pearls
    assert "ruby" in alice.get("/crm/stones/list/?kind=ruby").text
    found = alice.get(f"/api/v1/stones/?kind=diamond&client={acme}").json
    assert [stone["origin"] for stone in found["result"]] == ["Antwerp"]
    assert alice.get("/api/v1/stones/?kind=ruby").status_code == 400
    assert alice.get("/api/v1/notes/?kind=pearl").status_code == 400


def test_the_api_writes_the_kind_once(product: Flask, alice: Any, acme: int) -> None:
    base = {"client": acme, "origin": "Tahiti"}
    for wrong in ({}, {"cut": "ruby"}, {"cut": None}):
        refused = alice.post("/api/v1/stones/", json={**base, **wrong})
        assert refused.status_code == 422
        assert "cut" in refused.json["errors"]
    made = alice.post("/api/v1/stones/", json={**base, "cut": "pearl"})
    assert made.status_code == 201
    assert made.json["result"]["cut"] == "pearl"
    assert alice.patch("/api/v1/stones/1", json={"cut": "pearl", "origin": "Japan"}).status_code == 200
    assert alice.patch("/api/v1/stones/1", json={"cut": "diamond"}).status_code == 422
    assert kinds(product) == {"Japan": "pearl"}


def test_a_kind_is_logged_like_any_column(product: Flask, alice: Any, acme: int) -> None:
    add(alice, acme, "pearl", "Tahiti")
    with product.app_context(), as_system():
        assert db.session.query(Change).filter_by(table_name="stone").one().after["cut"] == "pearl"
