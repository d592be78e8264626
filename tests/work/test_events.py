"""Events: their times, whole days, who takes part, and which come first."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm.models import Event, EventAttendee
from crm.models.types import utc_now
from tests.filled_form import opened


def test_times(make_client: Any, sign_in: Any, system: Any) -> None:
    acme, alice = make_client("Acme", assignees=["alice"]), sign_in("alice")
    event = {"title": "Fitting", "client": acme, "start": "2026-12-01T10:00", "end": "2026-12-01T09:00"}
    refused = alice.post("/api/v1/events/", json=event)
    assert refused.json["errors"] == {"end": ["The end is before the start."]}
    page = alice.post("/crm/events/add", data=event)
    assert page.status_code == 422 and "The end is before the start." in page.text and "Fitting" in page.text
    del event["end"]
    made = alice.post("/api/v1/events/", json=event)
    assert made.status_code == 201
    with system() as session:
        found = session.get(Event, made.json["id"])
        assert found.end == found.start + timedelta(hours=1)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00", "9999-12-31T23:59-14:00"])
def test_a_moment_beyond_time_is_told_at_its_field(make_app: Any, sign_in: Any, moment: str) -> None:
    alice = sign_in("alice", make_app(BABEL_DEFAULT_TIMEZONE="Europe/Warsaw"))
    refused = alice.post("/crm/events/add", data={"title": "As typed", "start": moment})
    assert refused.status_code == 422
    assert "This is not a date and time." in refused.text and "As typed" in refused.text


@pytest.mark.both_engines
@pytest.mark.parametrize("zone", ["UTC", "Europe/Warsaw", "America/New_York"])
def test_whole_days_are_inclusive(make_app: Any, sign_in: Any, zone: str, make_client: Any) -> None:
    product = make_app(BABEL_DEFAULT_TIMEZONE=zone)
    acme, alice = make_client("Acme", assignees=["alice"]), sign_in("alice", product)
    data = {"title": "Fair", "client": acme, "all_day": "y", "start": "2026-03-28T09:30", "end": "2026-03-30"}
    assert alice.post("/crm/events/add", data=data).status_code == 302
    page = alice.get("/crm/events/show/1").text
    assert "28 Mar 2026 – 30 Mar 2026" in page
    # saved again as it is shown, it stays
    form = {"title": "Fair", "all_day": "y", "start": "2026-03-28", "end": "2026-03-30"}
    assert alice.post("/crm/events/edit/1", data=form).status_code == 302
    assert "28 Mar 2026 – 30 Mar 2026" in alice.get("/crm/events/show/1").text


def test_of_whole_days_the_last_is_not_over(system: Any) -> None:
    with system() as session:
        today = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
        event = Event(title="Fair", all_day=True, start=today - timedelta(days=1), end=today)
        session.add(event)
        session.commit()
        assert not event.is_past
        event.end = event.start
        session.commit()
        assert event.is_past


@pytest.mark.both_engines
def test_upcoming_first_in_the_box(make_client: Any, sign_in: Any, system: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    with system() as session:
        for days in (-3, -1, 2, 1, -2, 30):
            start = utc_now() + timedelta(days=days)
            session.add(Event(title=f"Day {days}.", client_id=acme, start=start, end=start))
        session.commit()
    page = sign_in("alice").get(f"/crm/clients/show/{acme}?tab=tasks").text
    order = ["Day 1.", "Day 2.", "Day 30.", "Day -1.", "Day -2.", "Day -3."]
    places = [page.index(words) for words in order]
    assert places == sorted(places)
    assert page.count("is-past") == 3


def test_on_the_timeline_at_its_start(make_client: Any, sign_in: Any, system: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    with system() as session:
        start = datetime(2024, 5, 6, 7, tzinfo=UTC)
        session.add(Event(title="Fitting", client_id=acme, start=start, end=start))
        session.commit()
    page = sign_in("alice").get(f"/crm/clients/timeline/{acme}").text
    assert "Fitting" in page and "2024-05-06T07:00" in page


def test_an_attendee_sees_it_at_a_hidden_client(
    make_client: Any, sign_in: Any, system: Any, people: dict[str, int]
) -> None:
    hidden = make_client("Hidden Ltd", assignees=["charlie"], email="hush@hidden.example")
    with system() as session:
        start = utc_now() + timedelta(days=1)
        event = Event(title="Fair", client_id=hidden, start=start, end=start)
        event.attendee_links = [EventAttendee(user_id=people["alice"])]
        session.add(event)
        session.commit()
    alice = sign_in("alice")
    for path in ("/crm/events/show/1", "/crm/events/list/"):
        page = alice.get(path).text
        assert "Fair" in page and "Hidden Ltd" in page and "hush" not in page
        assert f"/crm/clients/show/{hidden}" not in page
    assert sign_in("bob").get("/crm/events/show/1").status_code == 404
    assert alice.post("/crm/events/edit/1", data={"title": "Fair!"}).status_code == 302
    with system() as session:
        assert session.get(Event, 1).client_id == hidden


def test_attendees_in_form_and_api(make_client: Any, sign_in: Any, people: dict[str, int]) -> None:
    acme, hidden = make_client("Acme", assignees=["alice"]), make_client("Hidden", assignees=["charlie"])
    alice, office = sign_in("alice"), sign_in("office")
    seen = alice.post("/api/v1/contacts/", json={"client": acme, "last_name": "Nowak"}).json["id"]
    unseen = office.post("/api/v1/contacts/", json={"client": hidden, "last_name": "Secret"}).json["id"]
    body = {"title": "Fitting", "client": acme, "start": "2026-12-01T10:00Z", "attendees": ["bob", "alice"]}
    made = office.post("/api/v1/events/", json={**body, "contacts": [seen, unseen]})
    assert made.status_code == 201, made.text
    result = alice.get("/api/v1/events/1").json["result"]
    assert (result["attendees"], result["contacts"]) == (["bob", "alice"], [seen])
    assert "Nowak" in alice.get("/crm/events/show/1").text
    assert "Secret" not in alice.get("/crm/events/show/1").text
    assert alice.put("/api/v1/events/1", json={"contacts": [unseen]}).status_code == 422
    # what she does not see stays when she changes what she sees
    assert alice.put("/api/v1/events/1", json={"contacts": []}).status_code == 200
    assert office.get("/api/v1/events/1").json["result"]["contacts"] == [unseen]
    form = opened(alice, "/crm/events/edit/1")
    sent = form.change(attendee_links=[str(people["bob"])], contact_links=[str(seen)])
    assert alice.post("/crm/events/edit/1", data=sent).status_code == 302
    result = office.get("/api/v1/events/1").json["result"]
    assert (set(result["contacts"]), result["attendees"]) == ({seen, unseen}, ["bob"])
