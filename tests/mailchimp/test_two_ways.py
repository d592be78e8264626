"""Names and addresses that change on either side."""

from sqlalchemy import select

from crm.extensions import db
from crm.integrations.mailchimp.profile import decide, open_proposals
from crm.integrations.mailchimp.settings import keep_chosen
from crm.models import MailchimpProposal
from crm.models.types import utc_now
from crm.security.visibility import as_system
from tests.mailchimp.conftest import Office


def proposals() -> list[tuple[int, str, str, str]]:
    columns = (
        MailchimpProposal.client_id,
        MailchimpProposal.field,
        MailchimpProposal.value,
        MailchimpProposal.state,
    )
    with as_system():
        found = [tuple(row) for row in db.session.execute(select(*columns).order_by(MailchimpProposal.id))]
    db.session.rollback()
    return found


def test_blanks_are_filled(office: Office):
    [jan] = office.add("jan")
    office.sync()
    office.server.audience.change("jan@x.pl", LNAME="Kos", PHONE="+48601602603")
    run = office.sync()
    assert run.counters["filled"] == 2
    assert (office.get(jan).last_name, office.get(jan).phone) == ("Kos", "+48601602603")
    assert proposals() == []
    office.sync()
    assert office.server.writes == 0


def test_anything_else_is_proposed_and_not_sent_over(office: Office):
    [jan] = office.add("jan", last_name="Kos")
    office.sync()
    office.server.audience.change("jan@x.pl", LNAME="Nowak")
    office.sync()
    assert office.get(jan).last_name == "Kos"
    assert proposals() == [(jan, "last_name", "Nowak", "open")]
    office.sync(full=True)
    assert office.there("jan").merge_fields["LNAME"] == "Nowak"
    office.server.audience.change("jan@x.pl", LNAME="Nowacka")
    office.sync()
    assert proposals() == [(jan, "last_name", "Nowacka", "open")]
    office.server.audience.change("jan@x.pl", LNAME="Kos")
    office.sync()
    assert proposals() == []


def test_an_accepted_proposal_is_taken_over(office: Office):
    [jan] = office.add("jan", last_name="Kos")
    office.sync()
    office.server.audience.change("jan@x.pl", LNAME="Nowak")
    office.sync()
    with as_system():
        [proposal] = open_proposals(jan)
        decide(proposal, accept=True)
        db.session.remove()
    assert office.get(jan).last_name == "Nowak"
    office.sync()
    assert office.there("jan").merge_fields["LNAME"] == "Nowak"
    assert proposals() == [(jan, "last_name", "Nowak", "accepted")]


def test_a_rejected_proposal_is_overwritten_there(office: Office):
    [jan] = office.add("jan", last_name="Kos")
    office.sync()
    office.server.audience.change("jan@x.pl", LNAME="Nowak")
    office.sync()
    with as_system():
        decide(open_proposals(jan)[0], accept=False)
        db.session.remove()
    office.sync()
    assert office.there("jan").merge_fields["LNAME"] == "Kos"
    office.sync()
    assert office.server.writes == 0
    assert proposals() == [(jan, "last_name", "Nowak", "rejected")]


def test_an_address_changed_there_changes_here(offices: Office):
    [jan] = offices.add("jan")
    offices.sync()
    offices.sync()  # the night after, the member's lasting name is read
    audience = offices.server.audience
    member = offices.there("jan")
    audience.rename(member, "jan.kos@x.pl")
    audience._touch(member)
    run = offices.sync()
    assert run.counters["moved"] == 1
    assert offices.get(jan).email == "jan.kos@x.pl"
    assert offices.statuses() == {"jan.kos": "subscribed"}
    assert not offices.server.batches
    offices.sync()
    assert offices.server.writes == 0


def test_an_address_changed_here_renames_the_member(office: Office):
    [jan] = office.add("jan")
    office.sync()
    number = office.there("jan").number
    office.set(jan, email="jan.kos@x.pl")
    run = office.sync()
    assert run.counters["renamed"] == 1
    assert office.statuses() == {"jan.kos": "subscribed"}
    assert office.there("jan.kos").number == number
    office.sync()
    assert office.server.writes == 0


def test_an_address_changed_to_one_that_is_there_already(office: Office):
    office.server.audience.sign_up("anna@x.pl")
    [jan] = office.add("jan")
    office.sync()
    office.set(jan, email="anna@x.pl")
    office.sync()
    assert office.statuses() == {"anna": "subscribed", "jan": "archived"}
    assert office.there("anna").merge_fields["FNAME"] == "jan"


def test_a_new_address_does_not_undo_an_opt_out(office: Office):
    [jan] = office.add("jan")
    office.sync()
    office.server.audience.leave("jan@x.pl")
    office.set(jan, email="jan.kos@x.pl")
    office.sync()
    # the opt-out reached the address; the person did not get a new chance by having a new one
    office.sync(full=True)
    assert office.statuses()["jan"] == "unsubscribed"


def test_a_merged_client_takes_its_member_along(office: Office):
    [keeper, jan] = office.add("keeper", "jan")
    office.sync()
    office.set(jan, merged_into_id=keeper)
    run = office.sync()
    assert run.counters["archived"] == 1
    assert office.statuses() == {"keeper": "subscribed", "jan": "archived"}


def test_people_changed_meanwhile_are_not_overwritten(office: Office):
    """The consent is withdrawn by the sync although somebody else saved the client in between."""
    [jan] = office.add("jan")
    office.sync()
    office.server.audience.leave("jan@x.pl")
    office.set(jan, last_name="Nowy", version=7)
    office.sync()
    client = office.get(jan)
    assert (client.consent, client.last_name, client.version) == (False, "Nowy", 8)


def test_values_that_no_client_can_have_stop_nobody(offices: Office):
    """Too long, cut in the middle of a character, with a control character, or an address that is code."""
    with as_system():
        keep_chosen(fields={"FNAME": "first_name", "LNAME": "last_name", "PHONE": "phone", "WEB": "website"})
        db.session.commit()
    offices.server.audience.merge_fields["WEB"] = "url"
    ids = offices.add("long", "odd", "code", "jan", last_name="Kos")
    offices.sync()
    change = offices.server.audience.change
    change("long@x.pl", LNAME="Ł" * 250, PHONE="6" * 200)
    change("odd@x.pl", LNAME="No\x00wak", FNAME="Ola\ud83d")
    change("code@x.pl", WEB="javascript://x.pl/%0aalert(1)")
    change("jan@x.pl", PHONE="+48601602603", LNAME="Nowak")
    run = offices.sync()
    assert (run.counters["filled"], run.counters["proposed"]) == (1, 3)
    long, odd, code, jan = (offices.get(number) for number in ids)
    assert (long.last_name, long.phone, code.website, jan.phone) == ("Kos", None, None, "+48601602603")
    assert {(p[0], p[2]) for p in proposals()} == {(odd.id, "Nowak"), (odd.id, "Ola"), (jan.id, "Nowak")}
    assert sum("long: " in line for line in run.report) == 2
    offices.sync()
    assert offices.server.writes == 0


def test_what_people_change_is_for_the_client_in_use(office: Office):
    """Of two clients with the address the older one is in the trash."""
    old, new = office.add("old", "new", email="jan@x.pl")
    office.set(old, deleted_at=utc_now())
    office.sync()
    office.server.audience.change("jan@x.pl", PHONE="+48601602603")
    office.sync()
    assert (office.get(old).phone, office.get(new).phone) == (None, "+48601602603")
    office.set(new, last_name="Kos")
    office.sync()
    office.server.audience.change("jan@x.pl", LNAME="Nowak")
    office.sync()
    assert proposals() == [(new, "last_name", "Nowak", "open")]
