"""A phone connected from the user's menu, looked at, and ended."""

from collections.abc import Callable

from playwright.sync_api import expect


def test_a_phone_is_connected(open_as: Callable, axe: Callable):
    page = open_as("alice", "/")
    page.get_by_role("button", name="Your menu").click()
    page.get_by_role("link", name="Clients on your phone").click()
    page.get_by_role("button", name="Make a password").wait_for()
    assert axe(page) == []
    page.get_by_role("button", name="Make a password").click()
    page.get_by_text("Please fill this in.").wait_for()
    assert axe(page) == []
    page.get_by_label("Name of the phone").fill("Old phone")
    page.get_by_role("button", name="Make a password").click()
    page.get_by_text("Shown only now").wait_for()
    assert axe(page) == []
    page.get_by_role("button", name="End").click()
    page.get_by_role("dialog").get_by_role("button", name="End").click()
    page.get_by_text("Old phone gets nothing any more.").wait_for()
    expect(page.get_by_role("heading", name="Your phones")).to_have_count(0)
