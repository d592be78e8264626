"""The look holds on every kind of page: light and dark, wide and narrow, for eyes and for screen readers."""

import re
from datetime import date

import pytest
from playwright.sync_api import expect

from crm.models import AttributeDefinition, Contact, Deal, Note

PAGES = (
    "/",
    "/crm/search?q=acme",
    "/crm/clients/list/",
    "/crm/clients/kanban/",
    "/crm/clients/add",
    "/crm/clients/show/1",
    "/crm/clients/edit/1",
    "/crm/clients/timeline/1",
    "/crm/clients/trash/",
    "/crm/clients/merge/",
    "/crm/contacts/list/",
    "/crm/contacts/show/1",
    "/crm/contacts/edit/1",
    "/crm/attributes/add?kind=contact",
    "/crm/deals/list/",
    "/crm/deals/kanban/",
    "/crm/deals/add",
    "/crm/deals/show/1",
    "/crm/deals/edit/1",
    "/crm/deals/list/?search=nothing-like-it",
    "/crm/notes/show/1",
    "/crm/tasks/list/",
    "/crm/statuses/list/",
    "/crm/statuses/edit/1",
    "/crm/tags/list/",
    "/crm/tags/add",
    "/crm/attributes/list/",
    "/crm/attributes/add",
    "/settings/",
    "/settings/modules",
    "/jobs/",
    "/mailchimp/",
    "/crm/nothing-here",
    "/users/list/",
    "/users/add",
    "/users/show/1",
    "/users/edit/1",
    "/users/userinfo/",
    "/roles/list/",
    "/roles/show/1",
    "/roles/edit/1",
    "/groups/list/",
    "/resetmypassword/form",
)


@pytest.fixture
def acme(make_client, system) -> int:
    """A client with a contact, a deal and a note; contacts have an attribute."""
    number = make_client("Acme", email="info@acme.example")
    with system() as session:
        deal = Deal(
            client_id=number, title="Chairs", stage="new", amount=1200, expected_close=date(2030, 1, 2)
        )
        ann = Contact(client_id=number, first_name="Ann")
        session.add(AttributeDefinition(label="Birthday", type="date", applies_to="contact", required=True))
        session.add_all([deal, ann, Note(client_id=number, text="Call back\nafter the fair")])
        session.commit()
    return number


def test_every_page_is_for_everybody(check_looks, open_as, acme):
    check_looks("admin", *PAGES)
    assert open_as("admin").evaluate("typeof jQuery") == "undefined"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_signing_in_and_out_by_keyboard(open_as, axe, dark):
    page = open_as(None, "/crm/deals/list/", dark=dark)
    assert axe(page) == []
    expect(page.get_by_role("alert")).to_have_count(0)
    page.keyboard.type("alice")
    page.keyboard.press("Tab")
    page.keyboard.type("demo")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Deals")).to_be_visible()
    page.get_by_role("button", name="Your menu").press("Enter")
    page.get_by_role("button", name="Log out").press("Enter")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto("/crm/deals/list/")
    expect(page.get_by_label("Password")).to_be_visible()


def test_theme_and_language_are_remembered(open_as):
    page = open_as("alice", "/crm/deals/list/")
    page.get_by_role("button", name="Your menu").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.get_by_role("button", name="Your menu").click()
    page.get_by_role("link", name="Polski").click()
    expect(page.locator("html")).to_have_attribute("lang", "pl")


def test_the_menu_is_a_drawer_on_a_phone(open_as):
    page = open_as("alice", "/crm/deals/list/", phone=True)
    contacts = page.get_by_role("link", name="Contacts")
    expect(contacts).not_to_be_visible()
    page.get_by_role("button", name="Menu", exact=True).click()
    contacts.click()
    expect(page.get_by_role("heading", name="Contacts")).to_be_visible()
    expect(page.get_by_role("link", name="Users")).to_have_count(0)


def test_a_client_is_found_by_typing_and_chosen(open_as, acme):
    page = open_as("admin", "/crm/deals/add")
    page.get_by_role("combobox", name=re.compile("^Client")).press_sequentially("acm")
    page.get_by_role("option", name="Acme").click()
    page.get_by_label("Title").fill("Tables")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Deal saved.")).to_be_visible()
    page.goto(f"/crm/deals/list/?client={acme}")
    expect(page.get_by_role("row", name="Tables Acme")).to_be_visible()


def test_a_refused_form_keeps_what_was_typed_and_says_what_is_wrong(open_as, axe):
    page = open_as("admin", "/crm/deals/add")
    page.get_by_label("Title").fill("Tables")
    page.get_by_label("Amount").fill("many")
    page.get_by_role("button", name="Save").click()
    amount = page.get_by_label("Amount")
    expect(amount).to_have_accessible_description("This is not a number.")
    expect(amount).to_have_attribute("aria-invalid", "true")
    expect(amount).to_have_value("many")
    expect(page.get_by_label("Title")).to_have_value("Tables")
    assert axe(page) == []


def test_deleting_asks_first(open_as, acme):
    page = open_as("admin", "/crm/deals/show/1")
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Chairs")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Deal deleted.")).to_be_visible()
