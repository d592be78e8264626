"""A Dutch company typed by its VAT number, and checked from its card."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import expect

from crm.extensions import db
from crm.security.visibility import as_system
from crm.services.sales.company import our_company
from tests.vies.conftest import QUICK
from tests.vies.standin import StandIn


@pytest.fixture
def vies(served: Flask) -> Iterator[StandIn]:
    with StandIn().running() as server:
        settings = {"VIES_API_URL": server.url, "VIES_OPTIONS": QUICK}
        before = {name: served.config.get(name) for name in settings}
        served.config.update(settings)
        yield server
        served.config.update(before)


def test_typed_by_its_number_and_checked_from_the_card(
    vies: StandIn, served: Flask, open_as: Callable, axe: Callable
) -> None:
    page: Any = open_as("alice", "/crm/clients/add")
    with served.app_context(), as_system():
        our_company().tax_id = "7740001454"
        db.session.commit()
    page.get_by_label("E-mail").fill("info@acme.example")
    page.get_by_label("Tax ID").fill("NL 8545.02.130.B01")
    vies.faults["NL"] = "MS_UNAVAILABLE"
    page.get_by_role("button", name="Look up in VIES").click()
    page.get_by_text("country does not answer").wait_for()
    vies.faults.clear()
    page.get_by_role("button", name="Look up in VIES").click()
    page.get_by_role("button", name="Take all").click()
    expect(page.locator("#billing_postal_code")).to_have_value("1015CJ")
    assert axe(page) == []
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("heading", name="ACME B.V.").wait_for()

    lines = page.locator("#vat-vies")
    lines.get_by_text("Not checked yet").wait_for()
    lines.get_by_role("button", name="Check now").click()
    lines.get_by_text("Registered").wait_for()
    lines.get_by_role("button", name="Check now").click()
    lines.get_by_text("WAPIAAAA00000004").wait_for()
    lines.get_by_text("All proofs").click()
    lines.get_by_text("WAPIAAAA00000003").wait_for()
    assert axe(page) == []
