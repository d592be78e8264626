"""Who was deleted for good stands in no report and in no row about the audience, nor comes back into one."""

from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select

from crm.extensions import db
from crm.jobs.runs import KEPT, run_here
from crm.models import Client, JobRun, MailchimpMember, MailchimpWanted
from crm.models.types import utc_now
from crm.security.visibility import as_system, including_hidden
from crm.services.clients.archiving import move_to_trash
from crm.services.clients.trash import purge
from tests.mailchimp.conftest import Office

members, wanted = MailchimpMember.__table__, MailchimpWanted.__table__


def purge_client(client_id: int) -> None:
    with as_system(), including_hidden():
        client = db.session.get_one(Client, client_id)
        if not client.deleted_at:
            move_to_trash(client)
            db.session.commit()
        purge(db.session.get_one(Client, client_id))
        db.session.commit()
    db.session.remove()


def told() -> str:
    """Everything that is kept about the audience and of runs, as one text."""
    found: list[Any] = [
        *db.session.execute(members.select()),
        *db.session.execute(wanted.select()),
        *db.session.execute(select(JobRun.__table__.c.report, JobRun.__table__.c.error)),
    ]
    db.session.rollback()
    return "\n".join(str(tuple(row)) for row in found)


def test_who_is_purged_is_named_nowhere(offices: Office):
    audience = offices.server.audience
    audience.sign_up("stays@x.pl", FNAME="Stays")
    keeper, kowalska, stays, twin = offices.add("Keeper", "Kowalska", "stays", "twin")
    offices.set(twin, email="keeper@x.pl")
    with as_system():  # known by another name before, as the history tells
        client = db.session.get_one(Client, kowalska)
        client.name, client.email = "Nowak-Kowalska", "nowak@x.pl"
        db.session.commit()
    db.session.remove()
    offices.run(dry_run=True)
    offices.sync()
    audience.change("nowak@x.pl", PHONE="+48600100200")
    audience.change("Keeper@x.pl", PHONE="+48600100300")
    offices.sync()
    with as_system():
        db.session.get_one(Client, kowalska).name = "Zielińska"
        db.session.commit()
    db.session.remove()
    names = ("Kowalska", "nowak@x.pl", "Zielińska", "600100200")
    assert all(name in told() for name in names if name != "Zielińska")

    purge_client(kowalska)
    assert not [name for name in names if name in told()]
    assert "600100300" in told() and "Keeper@x.pl" in told()
    # by its mark it is taken off, also where it is read once more before that, and is no name afterwards
    audience.change("nowak@x.pl", LNAME="Kowalska")
    offices.sync(full=True)
    assert offices.statuses()["nowak"] == "archived"
    assert not [name for name in names if name in told()]
    audience.ahead = timedelta(hours=1)
    audience.change("nowak@x.pl", LNAME="Kowalska")
    for _turn in (1, 2):
        offices.sync(full=True)
        assert not [name for name in names if name in told()]
    assert offices.server.writes == 0

    # who is somebody else's too keeps their row; one that the CRM had not added stays there, and is nobody's here
    purge_client(twin)
    assert "Keeper@x.pl" in told()
    purge_client(stays)
    assert "stays@x.pl" not in told()
    offices.sync()
    assert offices.statuses()["stays"] == "subscribed"
    audience.leave("stays@x.pl")
    offices.sync()
    assert "stays" not in told()
    assert offices.get(keeper).consent is True


def test_an_opt_out_of_a_member_whose_address_changed_is_followed(office: Office):
    """Nobody has the new address yet, so it could be taken for a stranger's."""
    [jan] = office.add("jan")
    office.sync()
    office.sync(full=True)
    audience = office.server.audience
    audience.rename(office.there("jan"), "new@x.pl")
    audience.leave("new@x.pl")
    office.sync(full=True)
    client = office.get(jan)
    assert (client.email, client.consent) == ("new@x.pl", False)


def test_old_runs_go(offices: Office):
    long_ago = utc_now() - KEPT - timedelta(days=1)
    runs = JobRun.__table__
    same = {"state": "done", "options": {}, "asked_at": long_ago, "attempts": 1, "done": 0, "total": 0,
            "message": "", "counters": {}, "report": ["Jan"]}  # fmt: skip
    rows = [
        same | {"kind": kind, "finished_at": ended}
        for kind, ended in (("mailchimp", long_ago), ("files", long_ago), ("files", long_ago), ("files", utc_now()),
                            ("peppol", long_ago), ("mailchimp", None))
    ]  # fmt: skip
    db.session.execute(insert(runs), rows)
    db.session.commit()
    run_here("noting", lambda run: None, {})
    left = [row.kind for row in db.session.execute(select(runs.c.kind).order_by(runs.c.id))]
    assert left == ["files", "peppol", "mailchimp", "noting"]
