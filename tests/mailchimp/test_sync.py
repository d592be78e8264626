"""Who is sent to Mailchimp, with what, and in how many calls."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import insert, select

from crm.extensions import db
from crm.integrations.mailchimp.account import choose_fields
from crm.integrations.mailchimp.sources import as_field
from crm.models import ClientTag, MailchimpAudience, Tag
from crm.models.types import utc_now
from crm.security.visibility import as_system
from tests.mailchimp.audience import Problem
from tests.mailchimp.conftest import Office

LONG = "Ż" * 200


def test_five_thousand_clients_are_ten_calls_and_then_none(offices: Office):
    server = offices.server
    ids = offices.add_many({"name": f"p{i}", "email": f"p{i}@x.pl"} for i in range(5000))
    run = offices.sync()
    assert server.batches == [500] * 10
    assert run.counters["added"] == 5000
    assert len(server.audience.members) == 5000

    offices.sync()
    assert server.writes == 0

    server.audience.ahead = timedelta(hours=1)
    offices.sync()
    assert server.writes == 0
    offices.sync()
    assert server.calls.total() <= 5

    offices.set(*ids[::100], last_name="Nowa")
    offices.sync()
    assert server.batches == [50]
    assert server.calls.total() <= 6
    assert offices.there("p100").merge_fields["LNAME"] == "Nowa"


def test_fields(office: Office):
    office.add("jan", last_name="Kos", phone="601 602 603", phone_e164="+48601602603")
    office.add("firma", kind="company", first_name="hidden", name=LONG)
    office.sync()
    assert office.there("jan").merge_fields == {"FNAME": "jan", "LNAME": "Kos", "PHONE": "+48601602603"}
    assert office.there("firma").merge_fields == {"COMPANY": "Ż" * 127}
    assert office.server.audience.merge_fields["COMPANY"] == "text"


def test_a_run_knows_how_many_members_there_are_after_it(office: Office):
    office.server.audience.sign_up("stranger@x.pl")
    office.add("jan", "ewa")
    office.sync()
    assert db.session.scalar(select(MailchimpAudience.member_count)) == 3


def test_values_as_mailchimp_takes_them(office: Office, monkeypatch):
    monkeypatch.setitem(office.app.config, "CRM_TIMEZONE", "Europe/Warsaw")
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    values = {
        late: "2026-11-23",
        date(2026, 11, 22): "2026-11-22",
        Decimal("12.50"): "12.5",
        7.0: "7",
        None: "",
    }
    assert {value: as_field(value) for value in values} == values


def test_a_field_made_blank_here_becomes_blank_there(office: Office):
    [jan] = office.add("jan", last_name="Kos")
    office.sync()
    office.set(jan, last_name=None)
    office.sync()
    assert office.there("jan").merge_fields == {"FNAME": "jan", "LNAME": ""}


def test_who_is_left_out_and_why(office: Office):
    office.add("good")
    office.add("unset", consent=None)
    office.add("no", consent=False)
    office.add("old", archived_at=utc_now())
    office.add("bin", deleted_at=utc_now())
    office.add("merged", merged_into_id=1)
    office.add("wrong", email="wrong at x.pl")
    office.add("silent", email=None)
    run = office.sync()
    assert office.statuses() == {"good": "subscribed"}
    reasons = {
        "no_consent": 1,
        "opted_out": 1,
        "archived": 1,
        "trashed": 1,
        "invalid_email": 1,
        "no_email": 1,
    }
    assert run.counters["skipped"] == reasons


def test_tags_are_added_and_only_our_own_are_taken_off(office: Office):
    [jan] = office.add("jan")
    with as_system():
        vip, new = Tag(name="VIP"), Tag(name="Nowy")
        db.session.add_all([vip, new])
        db.session.commit()
        db.session.execute(insert(ClientTag.__table__).values(client_id=jan, tag_id=vip.id))
        db.session.execute(insert(ClientTag.__table__).values(client_id=jan, tag_id=new.id))
        db.session.commit()
        vip_id = vip.id
    office.sync()
    assert office.there("jan").tags == {"crm:VIP", "crm:Nowy"}
    office.there("jan").tags.add("theirs")

    links = ClientTag.__table__
    db.session.execute(links.delete().where(links.c.tag_id == vip_id))
    db.session.commit()
    office.sync()
    assert office.there("jan").tags == {"crm:Nowy", "theirs"}
    office.sync()
    assert office.server.writes == 0


def test_clients_with_one_address_are_one_member(office: Office):
    office.add("jan", email="Dom@X.pl", last_name=None)
    office.add("anna", email="dom@x.pl", last_name="Kos")
    run = office.sync()
    assert len(office.server.audience.members) == 1
    assert office.there("dom").merge_fields == {"FNAME": "jan", "LNAME": "Kos"}
    assert run.counters["skipped"]["same_address"] == 1


def test_one_no_counts_for_everybody_with_the_address(office: Office):
    office.add("jan", email="dom@x.pl")
    office.add("anna", email="dom@x.pl", consent=False, archived_at=utc_now())
    run = office.sync()
    assert not office.server.audience.members
    assert run.counters["skipped"]["shared_opt_out"] == 1


def test_who_says_no_or_moves_while_a_run_goes_on_is_not_sent(office: Office):
    jan, _twin, ola, _ewa = office.add("jan", "twin", "ola", "ewa")
    office.set(_twin, email="jan@x.pl")

    def meanwhile(moment: str) -> None:
        if any(call.endswith("/aud1/members") for call in office.server.calls):
            office.server.watch = lambda moment: None
            with office.app.app_context():
                office.set(_twin, consent=False)
                office.set(ola, email="ola.nowa@x.pl")
                db.session.remove()

    office.server.watch = meanwhile
    office.sync()
    assert office.statuses() == {"ewa": "subscribed"}
    office.sync()
    assert office.statuses() == {"ewa": "subscribed", "ola.nowa": "subscribed"}
    assert office.get(jan).consent is True


def test_members_that_are_there_already_are_updated_not_subscribed(office: Office):
    office.server.audience.sign_up("jan@x.pl", FNAME="Johnny", ADDRESS="kept")
    office.server.audience.sign_up("stranger@x.pl")
    office.add("jan")
    run = office.sync()
    assert run.counters["updated"] == 1
    assert office.there("jan").merge_fields == {"FNAME": "jan", "ADDRESS": "kept"}
    assert office.there("stranger").status == "subscribed"
    assert not office.server.batches


def test_double_opt_in_asks_first(office: Office, monkeypatch):
    from tests.mailchimp import answers

    shown = answers.show_list
    monkeypatch.setitem(answers.ROUTES[""], "GET", lambda *a: shown(*a) | {"double_optin": True})
    office.add("jan")
    office.sync()
    assert office.statuses() == {"jan": "pending"}


def test_dry_run_lists_and_changes_nothing(office: Office):
    [jan, anna] = office.add("jan", "anna")
    office.sync()
    office.add("nowy")
    office.set(jan, consent=False)
    office.set(anna, last_name="Kos")
    office.server.audience.sign_up("ewa@x.pl")
    run = office.sync(dry_run=True)
    assert office.server.writes == 0
    assert office.statuses() == {"jan": "subscribed", "anna": "subscribed", "ewa": "subscribed"}
    expected = {"added": 1, "updated": 1, "unsubscribed": 1, "archived": 0, "leaving": 1}
    assert expected.items() <= run.counters.items()
    assert run.report == [
        "unsubscribe: jan@x.pl",
        "add: nowy@x.pl (FNAME – → nowy)",
        "update: anna@x.pl (LNAME – → Kos)",
    ]
    office.sync()
    assert office.statuses()["jan"] == "unsubscribed"


def test_dry_run_leaves_clients_alone(office: Office):
    [jan] = office.add("jan")
    office.sync()
    office.server.audience.leave("jan@x.pl")
    run = office.sync(dry_run=True)
    assert office.get(jan).consent is True
    assert any("jan" in line for line in run.report)
    office.sync()
    assert office.get(jan).consent is False


def test_another_audience_starts_afresh(office: Office):
    office.add("jan")
    office.sync()
    office.server.audience.list_id = "aud2"
    office.server.audience.members.clear()
    office.app.config["MAILCHIMP_AUDIENCE_ID"] = "aud2"
    office.sync()
    assert office.statuses() == {"jan": "subscribed"}


def test_without_a_key_it_says_so(office: Office):
    office.app.config["MAILCHIMP_API_KEY"] = None
    run = office.run()
    assert run.state == "failed"
    assert "MAILCHIMP_API_KEY" in run.error


def test_who_changes_while_pages_are_turned_hides_nobody(office: Office):
    office.add_many({"name": f"p{i}", "email": f"p{i}@x.pl"} for i in range(2500))
    office.sync()
    audience = office.server.audience
    audience.ahead = timedelta(hours=1)
    audience.leave("p1005@x.pl")
    # it stands in the middle, and slips to the first page when those before it go to the end
    office.there("p1005").last_changed -= timedelta(hours=1)

    def meanwhile(moment: str) -> None:
        if moment == "after" and office.server.calls["GET /lists/aud1/members"] == 1:
            for number in range(20):
                audience.change(f"p{number}@x.pl", LNAME="Nowy")

    office.server.watch = meanwhile
    office.sync(full=True)
    office.server.watch = lambda moment: None
    assert office.get(1006).consent is False
    assert office.get(1).last_name == "Nowy"


def test_merge_fields_chosen_while_a_run_reads_are_not_forgotten(office: Office):
    office.add("jan", billing_city="Sopot")
    office.sync()

    def choose(moment: str) -> None:
        office.server.watch = lambda moment: None
        with office.app.app_context(), as_system():
            choose_fields({}, ("CITY", "city"))
            db.session.remove()

    office.server.watch = choose
    office.sync(full=True)
    assert "CITY" not in office.server.audience.merge_fields
    assert office.sync().counters["mode"] == "full"
    assert office.there("jan").merge_fields["CITY"] == "Sopot"


def test_what_a_batch_refuses_and_a_second_try_does_not_is_no_refusal(office: Office, monkeypatch):
    """Should the service want a status for each member of a batch."""
    ids = office.add(*(f"p{i}" for i in range(20)))
    office.sync()
    audience = office.server.audience
    update = audience.update

    def strict(member, body):
        if "status" not in body and "status_if_new" not in body:
            raise Problem(400, "Invalid Resource", "The status must be given.")
        return update(member, body)

    monkeypatch.setattr(audience, "update", strict)
    office.set(*ids, last_name="Nowak")
    run = office.sync()
    assert (run.counters["updated"], run.counters.get("refused"), run.report) == (20, None, [])
    assert office.there("p7").merge_fields["LNAME"] == "Nowak"
