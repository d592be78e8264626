"""Webhooks in a browser: set up, tried, and what became of the deliveries."""

from typing import Any

from playwright.sync_api import expect
from sqlalchemy import select

from crm.extensions import db
from crm.integrations.webhooks.job import deliver
from crm.jobs.runs import run_here
from crm.models import Webhook
from tests.webhooks.receiver import Receiver


def test_a_webhook_is_set_up_and_looked_at(
    app: Any, served: Any, open_as: Any, check_looks: Any, make_client: Any, system: Any, monkeypatch: Any
) -> None:
    for one in (app, served):
        monkeypatch.setitem(one.config, "CRM_WEBHOOKS_ALLOW_PRIVATE", True)
    with Receiver() as receiver:
        page = open_as("office", "/settings/webhooks/")
        page.get_by_role("link", name="New webhook").click()
        page.get_by_label("Name").fill("The shop")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert")).to_contain_text("Address, What is told")
        page.get_by_label("Address").fill(receiver.url)
        page.get_by_label("Clients: added").check()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert").filter(has_text="whsec_")).to_be_visible()
        page.get_by_role("button", name="Send a test").click()
        expect(page.get_by_text("The receiver answered with 200.")).to_be_visible()
        # one that is heard, one that is not, one that waits
        for name, status in (("Heard", 200), ("Refused", 500), ("Waiting", 500)):
            make_client(name)
            receiver.status = status
            with system():
                run_here("webhooks", deliver, {})
                number = db.session.scalar(select(Webhook.id))
        page.goto(f"/settings/webhooks/show/{number}?state=sent")
        page.get_by_role("button", name="Send again: Client: added").click()
        expect(page.get_by_text("It is sent again")).to_be_visible()
        check_looks(
            "office", f"/settings/webhooks/show/{number}", "/settings/webhooks/", "/settings/webhooks/add"
        )
