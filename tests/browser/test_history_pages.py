"""An old value found and put back, the card as it was, the trash: by hand."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from crm.models import Client, Contact, Operation
from crm.models.types import utc_now


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)])
def test_history_by_hand(
    open_as: Any, make_client: Any, system: Any, axe: Any, phone: bool, dark: bool
) -> None:
    acme = make_client("Acme", assignees=["alice"], email="old@x.example", phone="600 100 200")
    with system() as session:
        yesterday = utc_now() - timedelta(days=1)
        session.add(Contact(client_id=acme, first_name="Jan", last_name="Kowal"))
        session.commit()
        session.connection().execute(update(Client.__table__).values(created_at=yesterday))
        session.connection().execute(update(Operation.__table__).values(at=yesterday))
        session.commit()
        client = session.get(Client, acme)
        client.email, client.phone = "wrong@x.example", "600 999 999"
        session.commit()
    page = open_as("admin", f"/crm/clients/show/{acme}", phone=phone, dark=dark)
    page.get_by_role("link", name="E-mail", exact=True).and_(page.locator(".crm-history-link")).click()
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="Put the old value of “E-mail” back").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Put back").click()
    expect(page.get_by_text("The old value stands there again.")).to_be_visible()
    with system() as session:
        client = session.get(Client, acme)
        assert (client.email, client.phone) == ("old@x.example", "600 999 999")
    page.goto(f"/crm/clients/show/{acme}")
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="As of a date …").click()
    expect(page.get_by_text("As it stood at the end of")).to_be_visible()
    expect(page.get_by_text("600 100 200")).to_be_visible()
    expect(page.get_by_text("Jan Kowal")).to_be_visible()
    assert axe(page) == []
    page.goto(f"/crm/clients/delete/{acme}")
    page.get_by_role("button", name="Move to the trash").click()
    expect(page.get_by_text("is in the trash now")).to_be_visible()
    page.goto("/crm/clients/trash/")
    assert axe(page) == []
    page.get_by_role("link", name="Delete for good …").click()
    expect(page.get_by_label("Type the name of the client to confirm")).to_be_visible()
    assert axe(page) == []
    page.get_by_label("Type the name of the client to confirm").fill("Acme")
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("is gone for good")).to_be_visible()
