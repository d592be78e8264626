"""A company asked about in Peppol from its card, and found in the list by the answer."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import expect

from tests.peppol.network import BIS, Network, settings_of

NIP = "9945:7740001454"


@pytest.fixture
def network(served: Flask) -> Iterator[Network]:
    with Network() as running:
        settings = settings_of(running)
        before = {name: served.config[name] for name in settings}
        served.config.update(settings)
        yield running
        served.config.update(before)


def test_asked_from_the_card_and_found_in_the_list(
    network: Network, make_client: Callable[..., int], open_as: Callable, axe: Callable
) -> None:
    number = make_client("Orlen", ["alice"], kind="company", tax_id="7740001454")
    make_client("Other", ["alice"], kind="company", tax_id="5260250274")
    network.register(NIP, BIS)
    page: Any = open_as("alice", f"/crm/clients/show/{number}")
    line = page.locator("#peppol")
    line.get_by_text("Not checked yet").wait_for()
    line.get_by_role("button", name="Check now: Peppol").click()
    line.get_by_text("takes invoices").wait_for()
    expect(line).to_contain_text(NIP)
    # the provider is down: what was known stays, and the line says so
    network.answers[NIP] = (500, b"")
    line.get_by_role("button", name="Check now: Peppol").click()
    line.get_by_text("provider did not answer").wait_for()
    expect(line).to_contain_text("takes invoices")
    assert axe(page) == []
    page.goto("/crm/clients/list/?page=1")
    page.get_by_role("button", name="Filters").click()
    page.locator("#filter-peppol").evaluate("select => { select.tomselect.addItem('takes_invoices'); }")
    page.get_by_role("button", name="Apply").click()
    page.get_by_text("Peppol: Registered, takes invoices").wait_for()
    expect(page.get_by_role("link", name="Orlen")).to_have_count(1)
    expect(page.get_by_role("link", name="Other")).to_have_count(0)
