"""A key made, copied and ended in a browser."""

import re
from collections.abc import Callable

from playwright.sync_api import expect


def test_a_key_is_shown_once(open_as: Callable, axe: Callable) -> None:
    page = open_as("alice", "/")
    page.get_by_role("button", name="Your menu").click()
    page.get_by_role("link", name="API keys").click()
    page.get_by_role("link", name="New", exact=True).click()
    page.get_by_label("What is it for?").fill("Web shop")
    expect(page.get_by_label("Notes: read and write")).to_be_hidden()
    page.get_by_label("only what is ticked below").check()
    page.get_by_role("button", name="Make key").click()
    page.get_by_text("Tick at least one below.").wait_for()
    expect(page.get_by_label("What is it for?")).to_have_value("Web shop")
    page.get_by_label("Notes: read and write").check()
    assert axe(page) == []
    page.get_by_role("button", name="Make key").click()
    expect(page.get_by_label("Key", exact=True)).to_have_value(re.compile("^crm_"))
    assert axe(page) == []
    page.get_by_role("link", name="Done").click()
    page.get_by_text("Notes: read and write").wait_for()
    assert "crm_" not in page.content()
    assert axe(page) == []
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    page.get_by_text("Revoked", exact=True).wait_for()
