"""Being warned of duplicates while a client is typed, and working off those that were found."""

from typing import Any

import pytest
from playwright.sync_api import expect

from crm.models.types import utc_now
from crm.services.duplicates.searching import look_at_portion


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)])
def test_warned_while_typing_and_set_aside(
    open_as: Any, make_client: Any, system: Any, axe: Any, phone: bool, dark: bool
) -> None:
    mill = make_client(
        "Żółty Młyn Sp. z o.o.", assignees=["alice"], billing_city="Kraków", email="m@m.example"
    )
    make_client(
        "Zolty Mlyn", assignees=["bob"], billing_city="Krakow", phone="601 202 303", archived_at=utc_now()
    )
    make_client("Hidden", assignees=["charlie"], tax_id="PL 123-456-32-18")
    with system():
        look_at_portion()
    page = open_as("alice", "/crm/clients/add", phone=phone, dark=dark)
    page.get_by_label("Name", exact=True).fill("Mlyn Zolty")
    page.get_by_label("City").first.fill("Kraków")
    likely = page.get_by_role("region", name="Likely duplicates")
    expect(likely.get_by_role("listitem")).to_have_count(2)
    expect(likely).to_contain_text("Alice")
    page.get_by_label("Tax ID").fill("123-456-32-18")
    expect(likely).to_contain_text("A client that you can't see has this tax ID. Ask an admin.")
    expect(likely).not_to_contain_text("Hidden")
    assert axe(page) == []
    with page.context.expect_page() as opened:
        likely.get_by_role("button", name="Restore").click()
    expect(opened.value.get_by_role("heading", level=1)).to_have_text("Zolty Mlyn")
    opened.value.close()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Mlyn Zolty")
    page.goto(f"/crm/clients/show/{mill}")
    page.get_by_role("link", name="1 likely duplicate").click()
    page.get_by_role("link", name="Found").click()
    expect(page.get_by_role("row", name="Zolty Mlyn")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="Not a duplicate").click()
    expect(page.get_by_text("No duplicates", exact=True)).to_be_visible()
    page.get_by_role("link", name="Not duplicates").click()
    expect(page.get_by_role("button", name="Take back")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_role("button", name="Take back")).to_be_hidden()
    page.get_by_role("link", name="Found").click()
    page.get_by_role("link", name="Merge …").click()
    expect(page.get_by_role("button", name="Merge", exact=True)).to_be_visible()
