"""Mailchimp set up and a sync watched in the browser: it begins waiting, and ends without a reload."""

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from crm.extensions import db
from crm.integrations.mailchimp.sync import sync
from crm.jobs.runs import execute, run_here, runs
from tests.mailchimp.standin import KEY, StandIn


@pytest.fixture
def audience(app: Flask, _serving: tuple[Flask, str]):
    with StandIn() as server:
        settings = {"MAILCHIMP_API_URL": server.url}
        for one in (app, _serving[0]):
            one.config.update(settings)
        yield server.audience
        for one in (app, _serving[0]):
            one.config.update(dict.fromkeys(settings))


def set_up(page: Page) -> None:
    page.get_by_label("Key").fill(KEY)
    page.get_by_role("button", name="Try and save").click()
    page.get_by_text("The key works and is kept.").wait_for()
    form = page.locator("form[action$=fields]")
    form.get_by_label("Tag", exact=True).fill("CITY")
    form.locator("select[name=new_source]").evaluate(
        "one => one.tomselect ? one.tomselect.setValue('city') : one.value = 'city'"
    )
    form.get_by_role("button", name="Save").click()
    page.get_by_text("Merge fields saved.").wait_for()


def test_a_sync_is_watched(app: Flask, audience, make_client, open_as: Callable, axe: Callable):
    set_up(open_as("office", "/settings/mailchimp/"))
    jan = make_client(
        "Jan Kos", kind="person", first_name="Jan", last_name="Kos", email="jan@x.pl", consent=True
    )
    make_client("Anna", kind="person", email="anna@x.pl")
    audience.sign_up("stranger@x.pl", FNAME="Ewa")
    with app.app_context():
        run_here("mailchimp", sync, {})
        audience.change("jan@x.pl", LNAME="Nowak")
        run_here("mailchimp", sync, {})
        run_here("mailchimp", sync, {"dry_run": True})
    page = open_as("office", "/mailchimp/")
    page.get_by_role("button", name="Sync now").click()
    page.get_by_text("Waiting for the worker").wait_for()
    with app.app_context():
        number = db.session.scalar(runs.select().order_by(runs.c.id.desc()).limit(1))
        db.session.rollback()
        execute(number, lambda kind: sync)
    page.get_by_role("main").get_by_text("done").first.wait_for()
    with page.expect_navigation():
        page.get_by_role("button", name="Take over").click()
    expect(page.get_by_role("button", name="Take over")).to_have_count(0)
    assert axe(page) == []
    card = open_as("office", f"/crm/clients/show/{jan}")
    card.get_by_text("All answers").click()
    card.get_by_text("Mailchimp: subscribed").wait_for()
    assert axe(card) == []
    parts = (
        "/jobs/",
        "/settings/mailchimp/",
        "/mailchimp/changes?what=added",
        "/mailchimp/unknown",
        "/mailchimp/skipped",
    )
    for path in parts:
        assert axe(open_as("admin", path, phone=True, dark=True)) == []
