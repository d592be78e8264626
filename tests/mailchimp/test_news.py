"""What Mailchimp tells by its webhook, and what comes of it."""

import pytest
from sqlalchemy import select

from crm.extensions import db
from crm.integrations.mailchimp import news
from crm.integrations.mailchimp.sync import sync
from crm.jobs import execute_run
from crm.jobs.runs import run_here, runs
from crm.models import Client, EmailSuppression, Task
from crm.security.visibility import as_system
from crm.services.secret_settings import get_secret
from tests.mailchimp.standin import KEY, Fault

PAGE = "/settings/mailchimp/"


@pytest.fixture
def app(app_with_people):
    return app_with_people


def told(kind: str, email: str, **more: str) -> dict[str, str]:
    """An event as Mailchimp sends it."""
    data = {"type": kind, "fired_at": "2026-11-22 08:00:00", "data[list_id]": "aud1", "data[email]": email}
    return data | {f"data[{name}]": value for name, value in more.items()}


def consent_of(app, client_id: int) -> tuple[bool | None, str | None]:
    with app.app_context(), as_system():
        client = db.session.get_one(Client, client_id)
        return client.consent, client.consent_source


def work(app) -> list[tuple[str, str]]:
    """Do what is queued, as the worker would; gives the kinds and states of all runs."""
    with app.app_context():
        for number in db.session.scalars(select(runs.c.id).where(runs.c.state == "queued")).all():
            db.session.rollback()
            execute_run(number)
        found = [
            tuple(row) for row in db.session.execute(select(runs.c.kind, runs.c.state).order_by(runs.c.id))
        ]
        db.session.rollback()
        return found


def test_an_event_is_a_hint(app, sign_in, make_client, stand_in):
    app.config.update(MAILCHIMP_API_KEY=KEY, MAILCHIMP_AUDIENCE_ID="aud1")
    jan, ewa, _ala = (
        make_client(name, kind="person", first_name=name, email=f"{name}@x.pl", consent=True)
        for name in ("jan", "ewa", "ala")
    )
    browser, stranger = sign_in("office"), app.test_client()
    assert stranger.get("/mailchimp/hook/").status_code == 404
    assert stranger.get("/mailchimp/hook/guess").status_code == 404

    # turned on, Mailchimp has an address with a secret
    stand_in.faults.append(Fault("500", method="POST", path="webhooks"))
    assert browser.post(PAGE + "hook", data={"on": "yes"}).status_code == 422
    assert not stand_in.audience.webhooks
    for _turn in (1, 2):
        assert browser.post(PAGE + "hook", data={"on": "yes"}).status_code == 302
    [url] = stand_in.audience.webhooks.values()
    path = "/mailchimp/hook/" + url.rpartition("/")[2]
    assert url.endswith(path)
    assert len(path) > 50
    assert stranger.get(path).status_code == 200
    assert stranger.get(path + "x").status_code == 404
    assert stranger.post("/mailchimp/hook/guess", data=told("unsubscribe", "jan@x.pl")).status_code == 404

    # before the first sync there is nothing to compare with
    assert stranger.post(path, data=told("unsubscribe", "jan@x.pl")).status_code == 200
    assert work(app) == [("mailchimp.news", "done")]
    assert consent_of(app, jan)[0] is True
    with app.app_context():
        run_here("mailchimp", sync, {})

    # an event that is not true changes nothing; nor does one of another audience, or one that is no event
    stand_in.forget_calls()
    elsewhere = told("unsubscribe", "jan@x.pl") | {"data[list_id]": "other"}
    lies = [told("unsubscribe", "jan@x.pl"), told("unsubscribe", "nobody@x.pl"), {"type": "x"}, elsewhere]
    for lie in lies:
        assert stranger.post(path, data=lie).status_code == 200
    assert stranger.post(path, data=told("unsubscribe", "\x00@x.pl")).status_code == 400
    assert work(app)[-1] == ("mailchimp.news", "done")
    # whoever is not there is believed to be nobody only because the audience is there
    assert stand_in.calls == {"GET /lists/aud1/members/*": 2, "GET /lists/aud1": 1}
    assert consent_of(app, jan)[0] is True

    # true ones are followed without reading the audience: opt-out, bounce, another address
    stand_in.audience.leave("jan@x.pl")
    stand_in.audience.leave("ewa@x.pl", "cleaned")
    member = stand_in.audience.members[news.subscriber_hash("ala@x.pl")]
    stand_in.audience.rename(member, "ala.nowa@x.pl")
    stand_in.forget_calls()
    stranger.post(path, data=told("unsubscribe", "jan@x.pl", action="unsub", reason="manual"))
    stranger.post(path, data=told("cleaned", "ewa@x.pl", reason="hard"))
    stranger.post(path, data=told("upemail", "", new_email="ala.nowa@x.pl", old_email="ala@x.pl"))
    work(app)
    assert set(stand_in.calls) == {"GET /lists/aud1/members/*", "GET /lists/aud1"}
    assert consent_of(app, jan) == (False, "Mailchimp")
    with app.app_context(), as_system():
        reasons = set(db.session.scalars(select(EmailSuppression.reason)))
        assert reasons == {"unsubscribed", "cleaned"}
        assert "ewa@x.pl" in db.session.scalars(select(Task.title).where(Task.client_id == ewa)).one()
        assert not news.is_any_waiting()

    # turned off, nobody is there any more
    assert browser.post(PAGE + "hook", data={"on": "no"}).status_code == 302
    assert not stand_in.audience.webhooks
    assert stranger.get(path).status_code == 404
    with app.app_context():
        assert get_secret("mailchimp.hook") is None
    assert "CRM_URL" in browser.get(PAGE).text
