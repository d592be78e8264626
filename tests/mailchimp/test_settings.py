"""Mailchimp set up on its page, without a variable of the environment, and what is sent then."""

import pytest

from crm.extensions import db
from crm.integrations.mailchimp import hook
from crm.integrations.mailchimp.settings import KEY as KEPT
from crm.integrations.mailchimp.settings import chosen_fields, get_chosen, is_configured
from crm.integrations.mailchimp.sync import sync
from crm.jobs.runs import run_here, state_of
from crm.models import AttributeDefinition, AttributeValue, Client
from crm.security.visibility import as_system
from crm.services.secret_settings import get_secret
from tests.mailchimp.standin import KEY, Fault

PAGE = "/settings/mailchimp/"


@pytest.fixture
def app(app_with_people):
    return app_with_people


def run(app, **options):
    """One sync that has to be complete; gives its counters."""
    with app.app_context():
        done = run_here("mailchimp", sync, options)
        assert state_of(done.id) == ("done", None)
        return done.counters


def test_key_audience_and_merge_fields(app, sign_in, make_client, stand_in):
    jan = make_client(
        "Jan Kos", kind="person", first_name="Jan", email="jan@x.pl", consent=True, billing_city="Łódź"
    )
    make_client("Ewa", kind="person", email="ewa@x.pl")
    audience, browser = stand_in.audience, sign_in("office")
    audience.merge_fields = {"FNAME": "text", "PHONE": "phone", "BIRTHDAY": "birthday", "SCORE": "number"}
    page = browser.get(PAGE).text
    assert "Try and save" in page
    assert "Merge fields" not in page
    assert "Settings" in browser.get("/mailchimp/").text

    # the key
    refused = browser.post(PAGE + "key", data={"key": "wrong-us21"})
    assert (refused.status_code, "Mailchimp refuses the key." in refused.text) == (422, True)
    assert browser.post(PAGE + "key", data={"key": "x"}).status_code == 422
    stand_in.faults.append(Fault("500", times=1))
    down = browser.post(PAGE + "key", data={"key": KEY})
    assert (down.status_code, "does not answer" in down.text) == (422, True)
    assert browser.post(PAGE + "key", data={"key": KEY}).status_code == 302
    page = browser.get(PAGE).text
    assert KEY not in page
    assert KEY[-8:] in page
    with app.app_context():
        assert get_secret(KEPT) == KEY
        # the only audience there is was chosen
        assert get_chosen()["audience"] == "aud1"
        assert is_configured(app.config)

    # the audience
    assert browser.post(PAGE + "audience", data={"audience": "elsewhere"}).status_code == 422
    assert browser.post(PAGE + "audience", data={"audience": "aud1"}).status_code == 302
    assert browser.post(PAGE + "again").status_code == 302

    # another audience tells no news
    assert browser.post(PAGE + "hook", data={"on": "yes"}).status_code == 302
    audience.list_id = "aud2"
    assert "turn on news at once again" in browser.post(PAGE + "again", follow_redirects=True).text
    with app.app_context():
        assert (get_chosen()["audience"], hook.is_on()) == ("aud2", False)
    audience.list_id = "aud1"
    assert browser.post(PAGE + "again").status_code == 302

    # the merge fields, with attributes but the sensitive ones
    with app.app_context(), as_system():
        size = AttributeDefinition(label="Size", key="size", type="number")
        secret = AttributeDefinition(label="Secret", key="secret", type="text", sensitive=True)
        db.session.add_all([size, secret])
        db.session.flush()
        db.session.add(AttributeValue(client_id=jan, definition=size, number="12.50"))
        db.session.commit()
    page = browser.get(PAGE).text
    assert "attr.size" in page
    assert "attr.secret" not in page
    assert "birthday" in page
    wrong = [
        {"field.PHONE": "first_name"}, {"field.FNAME": "attr.secret"}, {"field.FNAME": "pesel"},
        {"field.BIRTHDAY": "first_name"}, {"new_tag": "too long a tag", "new_source": "city"},
        {"new_tag": "FNAME", "new_source": "city"}, {"new_tag": "CITY", "new_source": ""},
        {"new_tag": "", "new_source": "city"}, {"new_tag": "CITY", "new_source": "attr.secret"},
    ]  # fmt: skip
    for form in wrong:
        answer = browser.post(PAGE + "fields", data=form)
        assert (answer.status_code, "crm-field-error" in answer.text) == (422, True), form
    chosen = {
        "field.FNAME": "first_name",
        "field.SCORE": "attr.size",
        "new_tag": "city",
        "new_source": "city",
    }
    assert browser.post(PAGE + "fields", data=chosen).status_code == 302
    assert "To be sent" in browser.get(PAGE).text

    # what is sent
    assert run(app)["added"] == 1
    member = audience.members[next(iter(audience.members))]
    assert member.merge_fields == {"FNAME": "Jan", "SCORE": "12.5", "CITY": "Łódź"}
    assert audience.merge_fields["CITY"] == "text"
    assert "made by the next sync" not in browser.get(PAGE).text

    # what people change about themselves comes back where it belongs
    audience.change("jan@x.pl", CITY="Gdynia", SCORE="3")
    assert run(app)["proposed"] == 1
    assert "Gdynia" in browser.get("/mailchimp/").text

    # an attribute that becomes sensitive leaves Mailchimp, a field that is unmapped stays as it is
    with app.app_context(), as_system():
        definition = db.session.query(AttributeDefinition).filter_by(key="size").one()
        definition.sensitive = True
        db.session.commit()
        db.session.get_one(Client, jan).billing_city = "Sopot"
        db.session.commit()
    browser.post(PAGE + "fields", data={"field.FNAME": "first_name", "field.SCORE": "", "field.CITY": ""})
    with app.app_context():
        assert get_chosen()["fields"] == {"FNAME": "first_name"}
    run(app)
    assert member.merge_fields["CITY"] == "Gdynia"

    # nothing mapped is nothing, not what is usual
    browser.post(PAGE + "fields", data={"field.FNAME": ""})
    with app.app_context():
        assert chosen_fields() == {}

    # without a key nothing runs, and the audience stays
    assert browser.post(PAGE + "key", data={"remove": "yes"}).status_code == 302
    with app.app_context():
        assert not is_configured(app.config)
    assert len(audience.members) == 1
    assert "Give the CRM the key" in browser.get("/mailchimp/").text


def test_a_source_that_becomes_sensitive_is_blanked_there(app, sign_in, make_client, stand_in):
    jan = make_client("Jan", kind="person", email="jan@x.pl", consent=True)
    app.config.update(MAILCHIMP_API_KEY=KEY, MAILCHIMP_AUDIENCE_ID="aud1")
    stand_in.audience.merge_fields["NOTE"] = "text"
    browser = sign_in("office")
    with app.app_context(), as_system():
        note = AttributeDefinition(label="Note", key="note", type="text")
        db.session.add(AttributeValue(client_id=jan, definition=note, text="private"))
        db.session.commit()
    # a key of the environment is not changed on the page, what it leads to is
    assert browser.post(PAGE + "key", data={"key": KEY}).status_code == 409
    assert browser.post(PAGE + "audience", data={"audience": "aud1"}).status_code == 409
    page = browser.get(PAGE).text
    assert ("to see here what" in page, "made by the next sync" in page) == (True, False)
    assert browser.post(PAGE + "again").status_code == 302
    page = browser.get(PAGE).text
    assert ("to see here what" in page, "made by the next sync" in page) == (False, True)
    assert browser.post(PAGE + "fields", data={"field.NOTE": "attr.note"}).status_code == 302
    run(app)
    member = next(iter(stand_in.audience.members.values()))
    assert member.merge_fields == {"NOTE": "private"}
    with app.app_context(), as_system():
        db.session.query(AttributeDefinition).filter_by(key="note").one().sensitive = True
        db.session.commit()
    assert "attr.note" not in browser.get(PAGE).text
    run(app)
    assert member.merge_fields == {"NOTE": ""}


@pytest.mark.parametrize("name", ["alice", "vera"])
def test_others_may_not(app, sign_in, name):
    browser = sign_in(name)
    assert browser.get(PAGE).status_code in (302, 403)
    for part in ("key", "audience", "fields", "again"):
        assert browser.post(PAGE + part, data={"key": KEY}).status_code in (302, 403)
    with app.app_context():
        assert get_secret(KEPT) is None
