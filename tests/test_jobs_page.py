"""The jobs page, and what the start page tells of background work."""

from datetime import timedelta

from crm.extensions import db
from crm.jobs import JOBS
from crm.models import JobRun
from crm.models.types import utc_now
from crm.security.visibility import as_system


def add_run(app, kind, state, ended=timedelta(hours=1), **values):
    now = utc_now()
    with app.app_context(), as_system():
        begun = {"started_at": now - ended - timedelta(seconds=75), "finished_at": now - ended}
        db.session.add(JobRun(kind=kind, state=state, **begun, **values))
        db.session.commit()


def test_jobs_and_their_troubles(app, sign_in):
    office, alice = sign_in("office"), sign_in("alice")
    page = office.get("/jobs/").text
    assert all(str(job.label) in page for job in JOBS)
    assert page.count("never run") == len(JOBS)
    assert "Background work that needs you" not in office.get("/").text

    add_run(app, "mailchimp", "unconfirmed", error="300 of 900 members would leave the audience")
    add_run(app, "files", "failed", error="the disk is full")
    add_run(app, "duplicates", "failed", error="long ago", ended=timedelta(days=40))
    add_run(app, "peppol", "failed", error="made up for")
    add_run(app, "peppol", "done", counters={"checked": 7, "failed": 0, "unknown": 3})
    page = office.get("/jobs/").text
    for words in ("took 1 min 15 s", "checked 7", "the disk is full", "300 of 900"):
        assert words in page, words
    assert "unknown" not in page
    only = office.get("/jobs/?kind=peppol").text
    assert "made up for" in only
    assert office.get("/jobs/?kind=nonsense").status_code == 400
    assert "checked 7" in office.get("/jobs/run/5").text

    start = office.get("/").text
    assert "Background work that needs you" in start
    for words in ("300 of 900", "the disk is full"):
        assert words in start, words
    for words in ("long ago", "made up for"):
        assert words not in start, words
    assert 'href="/mailchimp/">Mailchimp sync' in start
    assert "the disk is full" not in alice.get("/").text
    # the next run makes up for it, one that is only asked for does not
    add_run(app, "files", "queued")
    assert "the disk is full" in office.get("/").text
    add_run(app, "files", "done")
    assert "the disk is full" not in office.get("/").text
