"""Contacts in a real browser: a duplicate pointed out on the card and made one, a person made a contact and back."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from crm.models import Client, Contact


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)])
def test_a_duplicate_made_one(
    open_as: Any, make_client: Any, system: Any, axe: Any, phone: bool, dark: bool
) -> None:
    acme = make_client("Acme", ["alice"])
    with system() as session:
        for name, number in (("Ann", "600 100 200"), ("Anna", "+48600100200")):
            session.add(Contact(client_id=acme, first_name=name, phone=number))
            session.commit()
    page = open_as("alice", f"/crm/clients/show/{acme}", phone=phone, dark=dark)
    hint = page.locator(".crm-hint")
    expect(hint).to_contain_text("Anna and Ann have the same phone.")
    assert axe(page) == []
    hint.get_by_role("link", name="Merge").click()
    page.get_by_role("group", name="First name").get_by_label("Take the source's").check()
    assert axe(page) == []
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(page.get_by_role("heading", name="Anna", level=1)).to_be_visible()
    page.get_by_role("button", name="More").click()
    expect(page.get_by_role("link", name="Make a client …")).to_be_visible()
    assert axe(page) == []


def test_a_person_made_a_contact_and_back(open_as: Any, make_client: Any, system: Any, axe: Any) -> None:
    acme = make_client("Acme", ["alice"])
    jan = make_client(
        "Jan Lis", ["alice"], kind="person", first_name="Jan", last_name="Lis", email="j@x.example"
    )
    page = open_as("alice", f"/crm/clients/show/{jan}")
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Make a contact …").click()
    company = page.get_by_role("combobox", name="Of the company")
    expect(company).to_be_visible()
    assert axe(page) == []
    company.press_sequentially("acm")
    page.get_by_role("option", name="Acme").click()
    page.get_by_role("button", name="Make a contact").click()
    expect(page.get_by_role("heading", name="Jan Lis", level=1)).to_be_visible()
    expect(page).to_have_url(re.compile("/crm/contacts/show/"))
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Make a client …").click()
    expect(page.get_by_role("button", name="Make a client")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="Make a client").click()
    expect(page).to_have_url(re.compile(f"/crm/clients/show/{jan}$"))
    with system() as session:
        assert session.get(Client, jan).merged_into_id is None
        assert session.get(Client, acme) is not None
