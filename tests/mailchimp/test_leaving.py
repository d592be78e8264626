"""Who left is never brought back; clients who left the CRM leave the audience; many at once ask first."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from crm.extensions import db
from crm.models import Change, Client, EmailSuppression, MailchimpMember, Operation, Task
from crm.models.types import utc_now
from crm.security.visibility import as_system, including_hidden
from crm.services.clients.archiving import move_to_trash
from crm.services.clients.trash import purge
from crm.services.merging.merge import merge
from crm.services.undo.operation import undo
from tests.mailchimp.audience import digest
from tests.mailchimp.conftest import Office, clients


def reasons() -> list[str]:
    found = list(db.session.scalars(select(EmailSuppression.reason).order_by(EmailSuppression.reason)))
    db.session.rollback()
    return found


def test_unsubscribed_there_is_no_consent_here_with_history(offices: Office):
    [jan, twin] = offices.add("jan", "twin")
    offices.set(twin, email="JAN@x.pl")
    offices.sync()
    offices.server.audience.leave("jan@x.pl")
    run = offices.sync()
    assert run.counters["opted_out"] == 2
    for number in (jan, twin):
        client = offices.get(number)
        assert (client.consent, client.consent_source, client.version) == (False, "Mailchimp", 2)
        assert abs(client.consent_at - utc_now()) < timedelta(minutes=1)
    assert reasons() == ["unsubscribed"]
    with as_system():
        operation = db.session.scalars(select(Operation).where(Operation.client_id == jan)).one()
        change = db.session.scalars(select(Change).where(Change.operation_id == operation.id)).one()
    assert (operation.kind, operation.user_id) == ("mailchimp", None)
    assert (change.before["consent"], change.after["consent"]) == (True, False)


@pytest.mark.parametrize("own_choice", [True, False])
@pytest.mark.parametrize("status", ["unsubscribed", "cleaned"])
def test_who_left_is_never_subscribed_again(office: Office, status, own_choice):
    [jan] = office.add("jan")
    office.sync()
    office.server.audience.leave("jan@x.pl", status, own_choice=own_choice)
    office.sync()
    office.set(jan, consent=True, last_name="Nowy")
    run = office.sync(full=True)
    assert office.statuses() == {"jan": status}
    assert run.counters["skipped"][status] == 1
    assert office.server.writes == 0


def test_who_left_before_the_crm_came_is_not_subscribed(office: Office):
    audience = office.server.audience
    for name in ("jan", "anna", "ewa"):
        audience.sign_up(f"{name}@x.pl")
    audience.leave("jan@x.pl", own_choice=False)
    audience.leave("anna@x.pl", "cleaned", own_choice=False)
    audience.archive(digest("ewa@x.pl"))
    office.add("jan", "anna", "ewa")
    run = office.sync()
    assert office.statuses() == {"jan": "unsubscribed", "anna": "cleaned", "ewa": "archived"}
    assert office.server.writes == 1  # the merge field
    assert run.counters["skipped"]["archived_there"] == 1


def test_archived_after_leaving_stays_out(office: Office):
    [jan] = office.add("jan")
    office.sync()
    office.server.audience.leave("jan@x.pl", own_choice=False)
    office.sync()
    office.server.audience.archive(digest("jan@x.pl"))
    office.set(jan, consent=True)
    office.sync(full=True)
    assert office.statuses() == {"jan": "archived"}
    assert office.server.writes == 0


def test_forgotten_stays_forgotten(office: Office):
    [jan] = office.add("jan")
    office.sync()
    office.server.audience.forget("jan@x.pl")
    run = office.sync(full=True)
    assert run.counters["forgotten"] == 1
    office.set(jan, last_name="Nowy")
    office.sync()
    assert office.server.writes == 0
    assert reasons() == ["forgotten"]


def test_forgotten_between_two_full_readings_is_learnt_from_the_refusal(office: Office):
    [jan] = office.add("jan")
    office.sync()
    office.server.audience.forget("jan@x.pl")
    office.set(jan, last_name="Nowy")
    office.sync()
    assert reasons() == ["forgotten"]
    assert not office.server.audience.members
    office.sync()
    assert office.server.writes == 0


def test_coming_back_by_oneself_counts(office: Office):
    [jan] = office.add("jan")
    office.sync()
    audience = office.server.audience
    audience.leave("jan@x.pl")
    office.sync()
    audience.ahead = timedelta(hours=1)
    audience.sign_up("jan@x.pl")
    run = office.sync()
    assert run.counters["opted_in"] == 1
    assert office.get(jan).consent is True
    assert reasons() == []
    office.set(jan, last_name="Nowy")
    office.sync()
    assert office.there("jan").merge_fields["LNAME"] == "Nowy"


def test_brought_back_by_somebody_else_does_not_count(office: Office):
    [jan] = office.add("jan")
    office.sync()
    office.server.audience.leave("jan@x.pl", own_choice=False)
    office.sync()
    member = office.there("jan")
    member.status = "subscribed"
    office.server.audience.ahead = timedelta(hours=1)
    member.opted_in = office.server.audience.now()  # a program that adds somebody notes this as well
    office.server.audience._touch(member)
    office.sync(full=True)
    assert office.get(jan).consent is False
    assert reasons() == ["unsubscribed"]
    assert office.server.writes == 0


def test_bounced_becomes_a_task(office: Office):
    [jan] = office.add("jan")
    office.sync()
    office.server.audience.leave("jan@x.pl", "cleaned")
    run = office.sync()
    assert run.counters["bounced"] == 1
    with as_system():
        task = db.session.scalars(select(Task).where(Task.client_id == jan)).one()
        assert "jan@x.pl" in task.title
    assert office.get(jan).consent is True
    office.sync(full=True)
    with as_system():
        assert len(list(db.session.scalars(select(Task)))) == 1


def test_a_bounce_of_a_client_in_the_trash_is_nobodys_task(office: Office):
    old, new, gone = office.add("old", "new", "gone", email="jan@x.pl")
    office.set(gone, email="gone@x.pl")
    office.sync()
    office.set(old, gone, deleted_at=utc_now())
    office.server.audience.leave("jan@x.pl", "cleaned")
    office.server.audience.leave("gone@x.pl", "cleaned")
    assert office.sync().counters["bounced"] == 1
    with as_system(), including_hidden():
        assert db.session.scalars(select(Task.client_id)).all() == [new]
    assert reasons() == ["cleaned", "cleaned"]


def test_the_task_about_a_sensitive_client_does_not_tell_its_address(office: Office):
    [jan] = office.add("jan", sensitive=True)
    office.sync()
    office.server.audience.leave("jan@x.pl", "cleaned")
    office.sync()
    with as_system():
        task = db.session.scalars(select(Task).where(Task.client_id == jan)).one()
        assert task.title and "jan@x.pl" not in task.title


def test_consent_withdrawn_here_unsubscribes_there(office: Office):
    office.server.audience.sign_up("ewa@x.pl")
    [jan, ewa] = office.add("jan", "ewa")
    office.sync()
    office.set(jan, ewa, consent=False)
    run = office.sync()
    assert run.counters["unsubscribed"] == 2
    assert office.statuses() == {"jan": "unsubscribed", "ewa": "unsubscribed"}
    assert reasons() == ["crm_optout", "crm_optout"]
    office.set(jan, consent=True)
    office.sync()
    assert office.statuses()["jan"] == "unsubscribed"
    assert office.server.writes == 0


@pytest.mark.parametrize("values", [
    {"archived_at": utc_now()}, {"deleted_at": utc_now()}, {"merged_into_id": 1}, {"email": None},
    {"consent": None},
])  # fmt: skip
def test_archived_trashed_and_merged_clients_leave(office: Office, values):
    office.server.audience.sign_up("ewa@x.pl")
    [_keeper, jan, ewa] = office.add("keeper", "jan", "ewa")
    office.sync()
    office.set(jan, ewa, **values)
    office.sync()
    assert office.statuses() == {"keeper": "subscribed", "jan": "archived", "ewa": "subscribed"}
    office.sync()
    assert office.server.writes == 0


def test_restored_clients_come_back(office: Office):
    [jan] = office.add("jan")
    office.sync()
    office.set(jan, archived_at=utc_now())
    office.sync()
    assert office.statuses() == {"jan": "archived"}
    office.set(jan, archived_at=None)
    run = office.sync()
    assert run.counters["restored"] == 1
    assert office.statuses() == {"jan": "subscribed"}


def test_archived_again_by_somebody_else_is_left_alone(office: Office):
    [jan] = office.add("jan")
    office.sync()
    office.set(jan, archived_at=utc_now())
    office.sync()
    office.server.audience.ahead = timedelta(hours=1)
    office.server.audience._touch(office.there("jan"))
    office.set(jan, archived_at=None)
    office.sync()
    assert office.statuses() == {"jan": "archived"}


def test_who_opted_out_is_not_archived(office: Office):
    [jan] = office.add("jan")
    office.sync()
    office.server.audience.leave("jan@x.pl")
    office.set(jan, archived_at=utc_now())
    office.sync()
    assert office.statuses() == {"jan": "unsubscribed"}


def test_an_address_that_another_client_uses_stays(office: Office):
    [jan, anna] = office.add("jan", "anna", email="dom@x.pl")
    office.sync()
    office.set(jan, deleted_at=utc_now())
    office.sync()
    assert office.statuses() == {"dom": "subscribed"}
    assert office.there("dom").merge_fields["FNAME"] == "anna"
    # one who was not asked uses it as well; where nobody says yes any more, it leaves
    office.set(anna, deleted_at=utc_now())
    [ewa] = office.add("ewa", email="dom@x.pl", consent=None)
    office.sync()
    assert office.statuses() == {"dom": "subscribed"}
    office.set(anna, deleted_at=None, consent=None)
    office.sync()
    assert office.statuses() == {"dom": "archived"}
    assert office.get(ewa).consent is None


def test_purged_clients_leave(office: Office):
    office.add("keeper")
    [jan] = office.add("jan")
    office.sync()
    with as_system():
        move_to_trash(db.session.get(Client, jan))
        db.session.commit()
    with as_system(), including_hidden():
        purge(db.session.get(Client, jan))
        db.session.commit()
    db.session.remove()
    office.sync()
    assert office.statuses() == {"keeper": "subscribed", "jan": "archived"}


def test_a_no_outlives_what_happens_to_its_client_before_the_sync(offices: Office):
    """Members that the CRM did not add would stay, whatever becomes of their client."""
    audience, names = offices.server.audience, ("purged", "merged", "moved")
    for name in (*names, "quiet"):
        audience.sign_up(f"{name}@x.pl")
    keeper, purged, merged, moved, quiet = offices.add("keeper", *names, "quiet")
    offices.sync()
    offices.set(purged, merged, moved, consent=False, consent_at=utc_now())
    offices.set(moved, email="elsewhere@x.pl")
    offices.set(quiet, email="somewhere@x.pl")
    with as_system():
        merge(merged, keeper)
        move_to_trash(db.session.get(Client, purged))
        db.session.commit()
    with as_system(), including_hidden():
        purge(db.session.get(Client, purged))
        db.session.commit()
    db.session.remove()
    offices.sync()
    found = offices.statuses()
    assert found["quiet"] == "subscribed"
    assert [found[name] for name in names] == ["unsubscribed"] * 3
    # another client with the address does not lift it, the person does
    offices.add(*names)
    offices.sync()
    assert [offices.statuses()[name] for name in names] == ["unsubscribed"] * 3
    audience.ahead = timedelta(minutes=5)
    for name in names:
        audience.sign_up(f"{name}@x.pl")
    offices.sync()
    assert [offices.statuses()[name] for name in names] == ["subscribed"] * 3


def test_merged_and_unmerged(offices: Office):
    [keeper, jan] = offices.add("keeper", "jan")
    offices.sync()
    with as_system():
        number = merge(jan, keeper)
        db.session.commit()
    db.session.remove()
    offices.sync()
    assert offices.statuses() == {"keeper": "subscribed", "jan": "archived"}
    with as_system():
        undo(number)
        db.session.commit()
    db.session.remove()
    offices.sync()
    assert offices.statuses() == {"keeper": "subscribed", "jan": "subscribed"}
    offices.sync()
    assert offices.server.writes == 0


def test_an_opt_out_of_either_counts_for_the_merged_client(office: Office):
    [keeper, jan] = office.add("keeper", "jan")
    office.sync()
    office.set(jan, consent=False)
    with as_system():
        merge(jan, keeper)
        db.session.commit()
    db.session.remove()
    office.sync()
    assert office.statuses()["keeper"] == "unsubscribed"


def test_many_at_once_stop_first_and_wait_for_a_word(office: Office):
    ids = office.add(*(f"p{i}" for i in range(100)))
    office.sync()
    office.set(*ids[:21], archived_at=utc_now())
    office.set(ids[-1], last_name="Nowy")
    run = office.run()
    assert run.state == "unconfirmed"
    assert "21" in run.error
    assert run.counters["leaving"] == 21
    assert office.server.writes == 0
    run = office.run(confirm={"leaving": 20, "gone": 99})
    assert run.state == "unconfirmed"
    run = office.sync(confirm=True)
    assert run.counters["archived"] == 21
    assert office.there("p99").merge_fields["LNAME"] == "Nowy"


def test_a_yes_is_for_what_was_asked(office: Office):
    """Deleted for good there, and archived here, the same night: each is asked for."""
    ids = office.add(*(f"p{i}" for i in range(100)))
    office.sync()
    for number in range(30):
        office.server.audience.forget(f"p{number}@x.pl")
    office.set(*ids[50:75], archived_at=utc_now())
    run = office.run(full=True)
    assert (run.state, run.counters["gone"]) == ("unconfirmed", 30)
    assert "leaving" not in run.counters
    run = office.run(full=True, confirm={"gone": 30})
    assert (run.state, run.counters["leaving"]) == ("unconfirmed", 25)
    assert (len(reasons()), office.server.writes) == (30, 0)
    assert office.sync(confirm={"leaving": 25}).counters["archived"] == 25


def test_twenty_may_leave_without_asking(office: Office):
    ids = office.add(*(f"p{i}" for i in range(40)))
    office.sync()
    office.set(*ids[:20], archived_at=utc_now())
    assert office.sync().counters["archived"] == 20


def test_five_percent_may_leave_without_asking(office: Office):
    ids = office.add(*(f"p{i}" for i in range(800)))
    office.sync()
    office.set(*ids[:41], consent=False)
    assert office.run().state == "unconfirmed"
    office.set(ids[0], consent=True)
    assert office.sync().counters["unsubscribed"] == 40


def test_no_clients_at_all_is_not_a_reason_to_archive_everybody(office: Office):
    office.add("jan")
    office.sync()
    db.session.execute(MailchimpMember.__table__.update().values(client_id=None))
    db.session.execute(clients.delete())
    db.session.commit()
    assert office.run().state == "unconfirmed"
    assert office.statuses() == {"jan": "subscribed"}


def test_an_audience_that_lost_its_members_is_not_taken_for_forgetting(office: Office):
    office.add(*(f"p{i}" for i in range(30)))
    office.sync()
    office.server.audience.members.clear()
    assert office.run(full=True).state == "unconfirmed"
    assert reasons() == []


@pytest.mark.parametrize("when", ["reading", "sending"])
def test_an_audience_that_is_gone_says_nothing_about_its_members(office: Office, when):
    """It is deleted in the middle of a run: every member is "not found" from then on."""
    server = office.server
    [_jan, ewa, ala] = office.add("jan", "ewa", "ala")
    office.sync()
    server.audience.forget("jan@x.pl")
    office.set(ewa, last_name="Nowa")
    office.set(ala, consent=False)
    moment = {"reading": "GET", "sending": "PUT"}[when] + " /lists/aud1/members/*"

    def delete_audience(_step: str) -> None:
        if moment in server.calls:
            server.audience.list_id = "another"

    server.watch = delete_audience
    run = office.run(full=when == "reading")
    assert run.state == "failed" and "audience is gone" in run.error
    assert run.counters.get("forgotten", 0) == run.counters.get("refused", 0) == 0
    assert reasons() == []
    found = db.session.execute(select(MailchimpMember.email, MailchimpMember.status)).all()
    assert sorted(tuple(row) for row in found) == [
        (f"{name}@x.pl", "subscribed") for name in ("ala", "ewa", "jan")
    ]
    # the account has it again, as after a break of theirs
    server.watch = lambda step: None
    server.audience.list_id = "aud1"
    office.sync(full=True)
    assert reasons() == ["crm_optout", "forgotten"]
    assert office.statuses() == {"ewa": "subscribed", "ala": "unsubscribed"}
