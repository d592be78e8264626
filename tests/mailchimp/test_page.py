"""The Mailchimp page and the jobs page, as people use them."""

import pytest

from crm.extensions import db
from crm.integrations.mailchimp.sync import sync
from crm.jobs import execute_run
from crm.jobs.runs import run_here
from crm.models import Client, JobRun
from crm.security.visibility import as_system
from tests.mailchimp.standin import KEY


@pytest.fixture
def app(app_with_people):
    app_with_people.config.update(MAILCHIMP_API_KEY=KEY, MAILCHIMP_AUDIENCE_ID="aud1")
    return app_with_people


def work(app) -> JobRun:
    """Do what the worker would do with the newest run, and give the run."""
    with app.app_context():
        newest = db.session.query(JobRun).order_by(JobRun.id.desc()).first()
        number = newest.id
        db.session.rollback()
        execute_run(number)
        db.session.expire_all()
        return db.session.get(JobRun, number)


def test_sync_now_with_progress(app, sign_in, make_client, stand_in):
    make_client("Jan", kind="person", first_name="Jan", email="jan@x.pl", consent=True)
    browser = sign_in("office")
    assert "Sync now" in browser.get("/mailchimp/").text
    assert browser.post("/mailchimp/sync", data={"dry_run": "1"}).status_code == 302
    assert "Waiting for the worker" in browser.get("/mailchimp/").text
    browser.post("/mailchimp/sync")
    assert "already running" in browser.get("/mailchimp/").text
    run = work(app)
    assert (run.id, run.state, run.counters["added"]) == (1, "done", 1)
    assert "add: jan@x.pl" in browser.get("/mailchimp/").text
    assert not stand_in.audience.members
    changes = browser.get("/mailchimp/changes?what=added").text
    assert "jan@x.pl" in changes
    assert "<strong>" in changes
    for what in ("updated", "archived", "renamed"):
        assert "Nobody" in browser.get(f"/mailchimp/changes?what={what}").text
    assert browser.get("/mailchimp/changes?what=nonsense").status_code == 404
    assert browser.get("/mailchimp/changes?what=added&page=0").status_code == 400

    browser.post("/mailchimp/sync")
    assert "hx-get" in browser.get("/mailchimp/run/2").text
    work(app)
    assert "hx-get" not in browser.get("/mailchimp/run/2").text
    assert len(stand_in.audience.members) == 1
    assert KEY not in browser.get("/mailchimp/").text


def test_many_leaving_are_confirmed_by_a_button(app, sign_in, make_client, stand_in):
    ids = [make_client(f"P{i}", kind="person", email=f"p{i}@x.pl", consent=True) for i in range(25)]
    browser = sign_in("office")
    browser.post("/mailchimp/sync")
    work(app)
    with app.app_context(), as_system():
        db.session.execute(db.metadata.tables["client"].update().values(consent=False))
        db.session.commit()
    browser.post("/mailchimp/sync")
    assert work(app).state == "unconfirmed"
    page = browser.get("/mailchimp/").text
    assert "Let them leave" in page
    browser.post("/mailchimp/confirm/2")
    assert work(app).counters["unsubscribed"] == len(ids)
    assert browser.post("/mailchimp/confirm/2").status_code == 302
    assert browser.post("/mailchimp/confirm/1").status_code == 409


def test_left_out_and_strangers_are_listed(app, sign_in, make_client, stand_in):
    make_client("Anna", kind="person", email="anna@x.pl")
    stand_in.audience.sign_up("stranger@x.pl", FNAME="Ewa")
    browser = sign_in("office")
    browser.post("/mailchimp/sync")
    work(app)
    assert "Anna" in browser.get("/mailchimp/skipped?reason=no_consent").text
    assert "Anna" not in browser.get("/mailchimp/skipped?reason=cleaned").text
    make_client("Silent", kind="company", phone="600100200")
    assert "Silent" in browser.get("/mailchimp/skipped?reason=no_email").text
    assert browser.get("/mailchimp/skipped?reason=nonsense").status_code == 400
    assert browser.get("/mailchimp/skipped?page=x").status_code == 400
    assert "stranger@x.pl" in browser.get("/mailchimp/unknown").text


def test_proposals_are_decided(app, sign_in, make_client, stand_in, count_queries):
    names = ("jan", "ewa", "ala")
    number, *_others = (
        make_client(
            f"{name} Kos", kind="person", first_name=name, last_name="Kos", email=f"{name}@x.pl", consent=True
        )
        for name in names
    )
    browser, costs = sign_in("office"), []
    for part in (names[:1], names[1:]):
        with app.app_context():
            run_here("mailchimp", sync, {})
            for name in part:
                stand_in.audience.change(f"{name}@x.pl", LNAME="Nowak")
            run_here("mailchimp", sync, {})
        browser.get("/mailchimp/")
        with count_queries() as statements:
            assert "Nowak" in browser.get("/mailchimp/").text
        costs.append(len(statements))
    assert costs[0] == costs[1]
    assert browser.post("/mailchimp/proposal/1", data={"accept": "yes"}).status_code == 302
    assert browser.post("/mailchimp/proposal/1", data={"accept": "yes"}).status_code == 409
    assert browser.post("/mailchimp/proposal/99", data={"accept": "yes"}).status_code == 404
    with app.app_context(), as_system():
        assert db.session.get_one(Client, number).last_name == "Nowak"


def test_proposals_stand_on_the_card(app, sign_in, make_client, stand_in):
    jan = make_client(
        "Jan", ["alice"], kind="person", first_name="Jan", last_name="Kos", email="jan@x.pl", consent=True
    )
    with app.app_context():
        run_here("mailchimp", sync, {})
        stand_in.audience.change("jan@x.pl", LNAME="Nowak")
        run_here("mailchimp", sync, {})
    # wherever the key comes from, and after it was taken away
    app.config["MAILCHIMP_API_KEY"] = None
    card, address = f"/crm/clients/show/{jan}", f"/crm/clients/mailchimp/{jan}/1"
    alice, charlie = sign_in("alice"), sign_in("charlie")
    assert address in alice.get(card).text
    assert "<strong>Nowak</strong>" in alice.get(card).text
    assert charlie.post(address, data={"accept": "yes"}).status_code == 404
    vera = sign_in("vera")
    assert "Nowak" not in vera.get(card).text
    assert vera.post(address, data={"accept": "yes"}).status_code in (302, 403)
    with app.app_context(), as_system():
        db.session.get_one(Client, jan).sensitive = True
        db.session.commit()
    assert "Nowak" not in alice.get(card).text
    assert alice.post(address, data={"accept": "yes"}).status_code == 403
    office = sign_in("office")
    assert "Nowak" in office.get(card).text
    assert office.post(address, data={"accept": "no"}).status_code == 302
    assert "Nowak" not in office.get(card).text
    assert office.post(address).status_code == 404


def test_without_a_key_it_says_what_is_missing(app, sign_in):
    app.config["MAILCHIMP_API_KEY"] = None
    browser = sign_in("office")
    assert "MAILCHIMP_API_KEY" in browser.get("/mailchimp/").text
    browser.post("/mailchimp/sync")
    assert browser.get("/mailchimp/run/1").status_code == 404


@pytest.mark.parametrize("name", ["alice", "vera"])
def test_others_may_not(app, sign_in, name):
    browser = sign_in(name)
    for address in (
        "/mailchimp/",
        "/mailchimp/skipped",
        "/mailchimp/unknown",
        "/mailchimp/changes?what=added",
        "/mailchimp/run/1",
        "/jobs/",
    ):
        assert browser.get(address).status_code in (302, 403, 404), address
    for address in (
        "/mailchimp/sync",
        "/mailchimp/confirm/1",
        "/mailchimp/proposal/1",
        "/jobs/start/mailchimp",
    ):
        assert browser.post(address).status_code in (302, 403, 404), address
    with app.app_context():
        assert not db.session.query(JobRun).count()


def test_jobs_page(app, sign_in):
    browser = sign_in("admin")
    page = browser.get("/jobs/").text
    assert "No worker is running" in page
    assert "Mailchimp sync" in page
    browser.post("/jobs/start/mailchimp")
    assert work(app).state == "done"
    assert "done" in browser.get("/jobs/").text
    assert browser.post("/jobs/start/nonsense").status_code == 404
