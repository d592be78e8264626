"""The form of a client and its attributes, as a person uses them."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from crm.models import AttributeDefinition, AttributeOption, Client

Open = Callable[..., Page]


def open_box(page: Page, select: str) -> None:
    """Click a list that can be typed in. It takes keys a moment later: what comes before is lost."""
    box = page.locator(f"{select} + .ts-wrapper")
    box.locator(".ts-control").click()
    expect(box).to_have_class(re.compile(r"\bfocus\b"))


def test_switching_kind_and_delivery_hides_and_keeps(open_as: Open, system: Any) -> None:
    page = open_as("alice", "/crm/clients/add")
    expect(page.get_by_label("First name")).to_be_hidden()
    page.get_by_label("Person").check()
    page.get_by_label("First name").fill("Jan")
    page.get_by_label("Last name", exact=True).fill("Kowalski")
    expect(page.locator("#name")).to_have_attribute("placeholder", "Jan Kowalski")
    page.get_by_label("PESEL").fill("44051401359")
    page.get_by_label("E-mail").fill("jan@x.pl")
    expect(page.locator("#delivery_city")).to_be_hidden()
    page.get_by_label("Deliver to another address").check()
    page.locator("#delivery_city").fill("Hel")
    page.get_by_label("Deliver to another address").uncheck()
    expect(page.locator("#delivery_city")).to_be_hidden()
    page.get_by_label("Company").check()
    expect(page.get_by_label("PESEL")).to_be_hidden()
    page.get_by_label("Person").check()
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator("h1")).to_have_text("Jan Kowalski")
    with system() as session:
        client = session.scalars(select(Client)).one()
        assert (client.pesel, client.delivery_city, client.use_delivery) == ("44051401359", "Hel", False)


def test_country_by_typing_and_tags_by_typing(open_as: Open, system: Any) -> None:
    page = open_as("alice", "/crm/clients/add")
    page.locator("#name").fill("Acme")
    page.get_by_label("E-mail").fill("a@b.pl")
    open_box(page, "#billing_country")
    page.keyboard.type("polan")
    page.keyboard.press("Enter")
    expect(page.locator("#billing_country")).to_have_value("PL")
    open_box(page, "#tags")
    page.keyboard.type("Brand new")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator("h1")).to_have_text("Acme")
    with system() as session:
        client = session.scalars(select(Client)).one()
        assert client.billing_country == "PL"
        assert [tag.name for tag in client.tags] == ["Brand new"]


def test_a_warning_is_ticked_away(open_as: Open) -> None:
    page = open_as("alice", "/crm/clients/add")
    page.locator("#name").fill("Acme")
    page.get_by_label("E-mail").fill("a@b.pl")
    page.get_by_label("Tax ID").fill("123")
    page.get_by_role("button", name="Save").first.click()
    page.get_by_label("Save it anyway").check()
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator("h1")).to_have_text("Acme")


@pytest.fixture
def client_with_attributes(make_client: Any, system: Any) -> int:
    number = make_client("Acme", assignees=["alice"], email="a@b.pl")
    with system() as session:
        words = [AttributeOption(label="Small"), AttributeOption(label="Large")]
        session.add(AttributeDefinition(label="Size", type="word", options=words))
        session.add(AttributeDefinition(label="Volume", type="number"))
        session.commit()
    return number


def test_attributes_are_edited_in_place_by_keyboard(open_as: Open, client_with_attributes: int) -> None:
    page = open_as("alice", f"/crm/clients/show/{client_with_attributes}")
    card = page.locator("#attributes")
    card.get_by_role("button", name="Edit Volume").focus()
    page.keyboard.press("Enter")
    expect(card.get_by_label("Volume")).to_be_focused()
    page.keyboard.type("many")
    page.keyboard.press("Enter")
    expect(card.get_by_text("This is not a number.")).to_be_visible()
    card.get_by_label("Volume").fill("1 234,5")
    page.keyboard.press("Enter")
    expect(card.get_by_text("1,234.5")).to_be_visible()
    card.get_by_role("button", name="Edit Size").click()
    card.get_by_label("Size").select_option(label="Large")
    card.get_by_role("button", name="Save").click()
    expect(card.get_by_text("Large")).to_be_visible()
    card.get_by_role("button", name="Edit Volume").click()
    expect(card.get_by_label("Volume")).to_be_focused()
    page.keyboard.press("Escape")
    expect(card.get_by_text("1,234.5")).to_be_visible()
    page.reload()
    expect(page.locator("#attributes").get_by_text("1,234.5")).to_be_visible()


def test_words_of_an_attribute_appear_with_its_type(open_as: Open, system: Any) -> None:
    page = open_as("office", "/crm/attributes/add")
    page.get_by_label("Label").fill("Fuel")
    expect(page.get_by_label("Word", exact=True)).to_be_hidden()
    page.get_by_label("Type").select_option(label="Words from a list")
    page.get_by_label("Word", exact=True).first.fill("Petrol")
    page.keyboard.press("Enter")
    page.keyboard.type("Diesel")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Fuel")).to_be_visible()
    with system() as session:
        assert [o.label for o in session.scalars(select(AttributeDefinition)).one().options] == [
            "Petrol",
            "Diesel",
        ]
        fuel = session.scalars(select(AttributeDefinition)).one()
        fuel.options += [AttributeOption(label=f"Fuel {n}", position=n + 2) for n in range(50)]
        session.commit()
    # of a long list the words that may replace one are offered when asked
    page.get_by_role("link", name="Fuel").click()
    instead = page.get_by_label("What happens to “Diesel”")
    expect(instead.locator("option")).to_have_count(2)
    instead.focus()
    instead.select_option(label="Replace by “Petrol”")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Fuel")).to_be_visible()
    with system() as session:
        assert "Diesel" not in [o.label for o in session.scalars(select(AttributeDefinition)).one().options]


def test_the_forms_are_for_everybody(check_looks: Any, client_with_attributes: int) -> None:
    check_looks(
        "office", "/crm/clients/add", "/crm/attributes/add", "/crm/attributes/list/", "/crm/contacts/add"
    )
