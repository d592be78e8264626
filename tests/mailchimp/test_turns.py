"""News and syncs work on one audience, and never at the same time."""

from sqlalchemy import insert

from crm.extensions import db
from crm.integrations.mailchimp import news
from crm.jobs import execute_run
from crm.jobs.locks import hold
from crm.jobs.runs import ask_for, lock_of, runs, state_of
from crm.models.types import utc_now
from tests.mailchimp.conftest import Office

BLANK = {"options": {}, "counters": {}, "report": [], "attempts": 1, "done": 0, "total": 0, "message": "",
         "asked_at": utc_now()}  # fmt: skip


def test_news_and_syncs_take_turns(offices: Office):
    [jan] = offices.add("jan")
    offices.sync()
    offices.server.audience.leave("jan@x.pl")
    news.keep_hints(["JAN@x.pl", "jan@x.pl "])
    number, _new = ask_for(news.KIND)
    db.session.commit()
    with hold(lock_of("mailchimp")) as got:
        assert got
        db.session.execute(insert(runs).values(kind="mailchimp", state="running", **BLANK))
        db.session.commit()
        execute_run(number)
        assert state_of(number)[0] == "queued"
    execute_run(number)
    assert state_of(number) == ("done", None)
    assert offices.get(jan).consent is False
    # a sync has read whoever was told of before it
    news.keep_hints(["jan@x.pl"])
    db.session.commit()
    offices.sync(dry_run=True)
    assert news.is_any_waiting()
    offices.sync()
    assert not news.is_any_waiting()
