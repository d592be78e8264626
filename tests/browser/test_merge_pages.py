"""Merging two clients by hand, and taking it back."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from crm.models import Client, Note


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)])
def test_merge_and_undo(
    open_as: Any, make_client: Any, system: Any, axe: Any, phone: bool, dark: bool
) -> None:
    source = make_client("Old firm", assignees=["alice"], email="old@x.example", phone="22 123 45 67")
    target = make_client("New firm", assignees=["alice"], email="new@x.example")
    with system() as session:
        session.add(Note(client_id=source, text="kept"))
        session.commit()
    page = open_as("alice", "/crm/clients/merge/", phone=phone, dark=dark)
    assert axe(page) == []
    # what was asked first is answered last: nobody waits for that any more
    page.route(re.compile(r"\?q=$"), lambda route: None)
    for name, typed in (("Source", "old"), ("Target", "new")):
        with page.expect_event("requestfailed", lambda asked: asked.url.endswith("?q=")):
            page.get_by_role("combobox", name=name).press_sequentially(typed)
        found = page.get_by_role("listbox", name=name).get_by_role("option")
        expect(found).to_have_count(1)
        found.click()
        expect(found).to_be_hidden()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("row", name=re.compile("^Phone")).get_by_role("cell").last).to_contain_text(
        "22 123 45 67"
    )
    page.get_by_role("group", name="E-mail").get_by_label("Take the source's").check()
    assert axe(page) == []
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(page).to_have_url(re.compile(rf"/crm/clients/show/{target}$"))
    expect(page.get_by_text("merged into")).to_be_visible()
    with system() as session:
        assert session.get(Client, target).email == "old@x.example"
    page.goto("/crm/operations/?kind=merge")
    assert axe(page) == []
    page.get_by_role("link", name="Merged").click()
    page.wait_for_url(lambda url: "kind=merge" not in url)
    assert axe(page) == []
    page.get_by_role("button", name="Undo …").click()
    expect(page.get_by_text("Nothing: all will be as it was before.")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_text("Nothing: all is as it was before.")).to_be_visible()
    assert axe(page) == []
    with system() as session:
        assert session.get(Client, target).email == "new@x.example"
        assert session.get(Client, source).merged_into_id is None
