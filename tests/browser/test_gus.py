"""A company looked up while it is typed: values taken into the form, and saved."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import expect

from tests.gus.standin import KEY, StandIn


@pytest.fixture
def register(_serving: tuple[Flask, str]) -> Iterator[StandIn]:
    with StandIn().running() as server:
        _serving[0].config.update(GUS_API_KEY=KEY, GUS_API_URL=server.url, GUS_OPTIONS={"turn": lambda: None})
        yield server
        _serving[0].config.update(GUS_API_KEY=None, GUS_API_URL=None, GUS_OPTIONS=None)


def test_a_company_is_filled_in_by_its_nip(register: StandIn, open_as: Callable, axe: Callable):
    page = open_as("office", "/crm/clients/add")
    page.get_by_label("E-mail").fill("office@x.pl")
    page.get_by_label("Tax ID").fill("7740001455")
    page.get_by_role("button", name="Look up in GUS").click()
    page.get_by_text("This is no NIP").wait_for()
    page.get_by_label("Tax ID").fill("774-000-14-54")
    page.get_by_role("button", name="Look up in GUS").click()
    page.get_by_role("button", name="Take: REGON").click()
    expect(page.locator("#regon")).to_have_value("610188201")
    expect(page.locator("#billing_city")).to_have_value("")
    assert axe(page) == []
    page.get_by_role("button", name="Take all").click()
    expect(page.locator("#billing_city")).to_have_value("Płock")
    expect(page.locator("#email")).to_have_value("office@x.pl")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("heading", name="ORLEN SPÓŁKA AKCYJNA").wait_for()
