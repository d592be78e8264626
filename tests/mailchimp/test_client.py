"""The HTTP client against the stand-in, and both against Mailchimp's own specification."""

from datetime import UTC, datetime, timedelta

import pytest

from crm.integrations.mailchimp.client import Mailchimp, read_time, subscriber_hash
from crm.integrations.mailchimp.wire import MailchimpError, MailchimpUnreachable
from tests.mailchimp.prism import OFFICIAL, STRICT, prism
from tests.mailchimp.standin import KEY, Fault, StandIn


@pytest.fixture
def server():
    with StandIn(slow_seconds=0.6) as running:
        yield running


def client_of(url, **options):
    options = {"sleep": lambda seconds: None, "timeout": (0.5, 0.3), **options}
    return Mailchimp(url, options.pop("key", KEY), "aud1", **options)


def people(count, start=0, **more):
    return [
        {"email_address": f"p{i}@example.com", "merge_fields": {"FNAME": f"P{i}"}, **more}
        for i in range(start, start + count)
    ]


def every_call(client):
    """Each method of the client once, in an order that works on an empty audience."""
    client.ping()
    client.audiences()
    client.get_audience()
    client.create_webhook("https://crm.example.com/mailchimp/hook/secret")
    for webhook in client.webhooks():
        client.delete_webhook(webhook["id"])
    if "COMPANY" not in {field["tag"] for field in client.merge_fields()}:
        client.create_merge_field("COMPANY", "Company")
    client.post_members(people(3, status="subscribed", tags=["crm:VIP"]), update_existing=False)
    client.post_members(people(3, tags=["crm:VIP"]), update_existing=True)
    pages = list(client.changed_members(None))
    list(client.changed_members(datetime(2020, 1, 1, 12, tzinfo=UTC), "archived"))
    client.find_member(subscriber_hash("p0@example.com"))
    client.put_member("p1@example.com", {"LNAME": "Ż"}, "subscribed")
    client.patch_member(
        subscriber_hash("p1@example.com"), email_address="q1@example.com", merge_fields={"FNAME": "Q"}
    )
    client.patch_member(subscriber_hash("q1@example.com"), status="unsubscribed")
    for number in client.tag_ids("crm:").values():
        client.untag_members(number, ["p0@example.com"])
    client.archive_member(subscriber_hash("p2@example.com"))
    return pages


def test_requests_pass_the_strict_specification():
    with prism("mock", str(STRICT)) as url:
        every_call(client_of(url, timeout=(5, 30)))


def test_prism_does_refuse():
    with prism("mock", str(STRICT)) as url:
        client = client_of(url, timeout=(5, 30))
        with pytest.raises(MailchimpError, match="422"):
            client.post_members([{"email_address": "a@b.pl", "mergefields": {}}], update_existing=True)


def test_the_stand_in_answers_as_specified(server):
    server.audience.empty_times = False
    with prism("proxy", "--errors", str(OFFICIAL), server.url) as url:
        pages = every_call(client_of(url, timeout=(5, 30)))
    assert [len(page) for page in pages] == [3]
    assert server.audience.merge_fields["COMPANY"] == "text"
    statuses = {member.email: member.status for member in server.audience.members.values()}
    assert statuses == {
        "p0@example.com": "subscribed",
        "q1@example.com": "unsubscribed",
        "p2@example.com": "archived",
    }
    assert not server.audience.members[subscriber_hash("p0@example.com")].tags


@pytest.mark.parametrize("kind", ["429", "403", "500", "html", "drop", "slow"])
def test_passing_trouble_is_waited_out(server, kind):
    waits = []
    server.faults = [Fault(kind, times=3)]
    client_of(server.url, sleep=waits.append).ping()
    assert len(waits) == 3 and waits[0] < waits[1] < waits[2]


def test_lasting_trouble_ends_after_five_tries(server):
    server.faults = [Fault("500", times=99)]
    with pytest.raises(MailchimpUnreachable, match="5 tries"):
        client_of(server.url).ping()
    assert server.calls["GET /ping"] == 5


def test_patience_is_limited(server):
    server.faults = [Fault("429", times=99)]
    with pytest.raises(MailchimpUnreachable, match="as long as"):
        client_of(server.url, patience=2).ping()
    assert server.calls["GET /ping"] < 5


def test_a_wrong_key_is_not_tried_again(server):
    with pytest.raises(MailchimpError) as refused:
        client_of(server.url, key="wrong-us1").ping()
    assert refused.value.is_about_access and "API Key Invalid" in str(refused.value)
    assert server.calls["GET /ping"] == 1


@pytest.mark.parametrize("kind", ["half", "lost"])
def test_a_batch_cut_off_can_be_repeated(server, kind):
    server.faults = [Fault(kind, method="POST")]
    answer = client_of(server.url).post_members(people(10, status="subscribed"), update_existing=False)
    assert len(server.audience.members) == 10
    assert {e["error_code"] for e in answer["errors"]} == {"ERROR_CONTACT_EXISTS"}


def test_pages(server):
    client = client_of(server.url, timeout=(1, 5))
    for start in range(0, 2500, 500):
        client.post_members(people(500, start, status="subscribed"), update_existing=False)
    assert [len(page) for page in client.changed_members(None)] == [1000, 1000, 500]
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert list(client.changed_members(later)) == [[]]
    with pytest.raises(ValueError, match="501"):
        client.post_members(people(501), update_existing=True)


def test_archiving_twice_is_done(server):
    client = client_of(server.url)
    client.post_members(people(1, status="subscribed"), update_existing=False)
    client.archive_member(subscriber_hash("p0@example.com"))
    client.archive_member(subscriber_hash("p0@example.com"))
    client.archive_member(subscriber_hash("nobody@example.com"))
    assert client.find_member(subscriber_hash("p0@example.com"))["status"] == "archived"
    assert client.find_member(subscriber_hash("nobody@example.com")) is None


def test_answers_of_another_shape(server, monkeypatch):
    """It is a message, and no empty audience."""
    asked = client_of(server.url)
    for answer in ({}, {"members": None, "lists": "x"}, {"members": [None, 1], "lists": [{}, 1]}):
        monkeypatch.setattr(asked, "call", lambda *args, found=answer, **query: found)
        for question in (lambda: list(asked.changed_members(None)), asked.audiences):
            with pytest.raises(MailchimpUnreachable, match="an answer without"):
                question()


def test_times():
    assert read_time("") is None and read_time(None) is None and read_time("soon") is None
    assert read_time("2026-11-21T10:00:00Z") == read_time("2026-11-21T11:00:00+01:00")
    client = Mailchimp("http://127.0.0.1:9/3.0", "k-us1", "a", tries=1)
    assert client.server_time is None


def test_the_servers_clock_is_read(server):
    client = client_of(server.url)
    server.audience.ahead = timedelta(hours=3)
    client.ping()
    assert abs(client.server_time - datetime.now(UTC) - timedelta(hours=3)) < timedelta(seconds=3)


def test_hash_ignores_case_and_spaces():
    assert subscriber_hash(" Urist.McVankab@FreddiesJokes.com ") == "62eeb292278cc15f5817cb78f7790b08"
