"""A record type whose module is off is nowhere: card, menus, search, addresses. Switched on, it is back."""

import re
from typing import Any

import pytest
from flask import Flask

from crm.records import RECORDS
from crm.registry import RecordType
from crm.security.visibility import as_system
from crm.services.modules import NAMES
from tests.test_every_record import MARK, row_of

IN_MODULES = [record for record in RECORDS if record.module in NAMES]
OF_MODULES = pytest.mark.parametrize("record", IN_MODULES, ids=lambda record: record.key)


@pytest.fixture
def acme(make_client: Any) -> int:
    """A client in all its roles, so that every tab may be there."""
    return make_client("Acme", assignees=["alice"], is_buyer=True, is_supplier=True, is_workshop=True)


@pytest.fixture
def make_row(app: Flask, acme: int, people: dict[str, int]) -> Any:
    def make(record: RecordType) -> int:
        with app.app_context(), as_system() as session:
            item = row_of(record, acme, acme, session)
            item.created_by_id = people["alice"]
            session.add(item)
            session.commit()
            number = item.id
            session.remove()
            return number

    return make


def switch(office: Any, *off: str) -> None:
    answer = office.post("/settings/modules", data={"on": [name for name in NAMES if name not in off]})
    assert answer.status_code == 302


def pages(acme: int) -> list[str]:
    return [
        "/", f"/crm/clients/show/{acme}", f"/crm/clients/boxes/{acme}", f"/crm/clients/show/{acme}?tab=timeline",
        f"/crm/clients/timeline/{acme}?show=all", "/crm/search?q=quix", "/crm/search/suggest?q=quix",
        "/crm/clients/list/", "/settings/",
    ]  # fmt: skip


def addresses(app: Flask, record: RecordType, number: int) -> list[tuple[str, str]]:
    """(method, address) of every route of a record type's pages and API."""
    views = {f"{record.model.__name__}View", f"{record.model.__name__}Api"}
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] in views:
            url = re.sub(r"<[^>]*?(\w+)>", lambda m: str(number) if m[1] in ("pk", "id") else "x", rule.rule)
            found += [(method, url) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}]
    assert any(url.startswith("/crm/") for _method, url in found), record.key
    assert any(url.startswith("/api/") for _method, url in found), record.key
    return found


@OF_MODULES
def test_off_it_is_nowhere_and_on_it_is_back(
    record: RecordType, app: Flask, sign_in: Any, acme: int, make_row: Any
) -> None:
    number, office, alice = make_row(record), sign_in("office"), sign_in("alice")
    if record.addable:
        assert f"/crm/{record.url_name}/add?client={acme}" in alice.get(f"/crm/clients/show/{acme}").text
    switch(office, record.module)
    for browser in (alice, office):
        for page in pages(acme):
            text = browser.get(page).text
            assert f"/crm/{record.url_name}/" not in text, page
            assert f'id="box-{record.key}"' not in text, page
            assert MARK not in text, page
        if record.tab:
            others = {r.tab for r in RECORDS if r.module != record.module}
            tab = browser.get(f"/crm/clients/tab/{acme}/{record.tab}")
            assert tab.status_code == (200 if record.tab in others else 404)
            assert f"section-{record.key}" not in tab.text
        for method, url in addresses(app, record, number):
            answer = browser.open(url, method=method)
            assert answer.status_code in (403, 404), (method, url, answer.status_code)
            assert MARK not in answer.text
    switch(office)
    assert MARK in alice.get(f"/crm/{record.url_name}/show/{number}").text
    assert alice.get(f"/api/v1/{record.url_name}/{number}").status_code == 200
    if record.when is not None:
        assert f"/crm/{record.url_name}/show/{number}" in alice.get(f"/crm/clients/timeline/{acme}").text


def test_the_page_names_every_module_and_what_is_in_it(sign_in: Any) -> None:
    page = sign_in("office").get("/settings/modules").text
    for record in IN_MODULES:
        assert f'name="on" value="{record.module}" checked' in page
        assert str(record.plural) in page


def test_all_off_leaves_a_card_that_works(sign_in: Any, acme: int) -> None:
    office, alice = sign_in("office"), sign_in("alice")
    switch(office, *NAMES)
    card = alice.get(f"/crm/clients/show/{acme}").text
    for kept in ("contacts", "deals", "notes"):
        assert f"/crm/{kept}/add?client={acme}" in card
    assert card.count('hx-target="#card-tab"') == 2
