"""The API's description in a browser: drawn from our own files, and usable by who is signed in."""

from typing import Any

from playwright.sync_api import expect


def test_it_is_drawn_and_tried_out(open_as: Any, make_client: Any) -> None:
    make_client("Acme Sp. z o.o.", assignees=["alice"])
    page = open_as("alice", "/swagger/v1")
    section = page.locator("#operations-tag-client")
    expect(section).to_be_visible()
    section.click()
    page.locator(".opblock-summary-path").get_by_text("/api/v1/clients/", exact=True).first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".responses-table").get_by_text("Acme Sp. z o.o.").first).to_be_visible()
