"""Every filter of clients, alone and together, on both databases; the unreadable refused."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from flask_appbuilder.security.sqla.models import User
from werkzeug.datastructures import MultiDict

from crm.errors import UnknownFilter
from crm.extensions import db
from crm.models import Client, Contact, Status, Tag, Task
from crm.models.types import utc_now
from crm.security.visibility import as_system, as_user
from crm.services.clients.filters import filtered
from crm.services.clients.listing import ordering, page_of, sortable

pytestmark = pytest.mark.both_engines


@dataclass
class Known:
    """A user of whom the id is all that is needed."""

    id: int


@pytest.fixture
def names(app, people):
    """`names("admin", "status=new&stars=3")`: the names of the clients found by this user, sorted."""

    def find(who="admin", **filters):
        pairs = [(k, v) for k, vs in filters.items() for v in (vs if isinstance(vs, list) else [vs])]
        with app.test_request_context(), as_user(Known(people[who])):
            return sorted(db.session.scalars(filtered(MultiDict(pairs)).with_only_columns(Client.name)))

    return find


@pytest.fixture
def some(make_client, system):
    """Three clients that differ in everything that can be filtered."""
    make_client("Żółty Domek", assignees=["alice"], kind="company", email="biuro@domek.example",
                phone="+48 22 555 12 34", stars=3, billing_country="PL", language="pl",
                is_buyer=True, consent=True)  # fmt: skip
    make_client("Blue River", assignees=["charlie"], kind="person", stars=1, billing_country="DE", consent=False,
                is_supplier=True)  # fmt: skip
    make_client("Old Mill", kind="company", archived_at=utc_now())
    make_client("Grey Stone", kind="company", sensitive=True, email="secret@stone.example")
    with system() as session:
        found = {c.name: c for c in session.scalars(db.select(Client))}
        statuses = {s.code: s for s in session.scalars(db.select(Status))}
        statuses["new"].alert_days = 5
        tags = {n: Tag(name=n) for n in ("Wholesale", "Spring")}
        session.add_all(tags.values())
        found["Żółty Domek"].status = statuses["new"]
        found["Żółty Domek"].tags = list(tags.values())
        found["Blue River"].status = statuses["vip"]
        found["Blue River"].tags = [tags["Spring"]]
        session.add(Contact(client=found["Blue River"], first_name="Anna", last_name="Łęcka"))
        session.add(Task(client=found["Żółty Domek"], title="Call", due=utc_now() - timedelta(days=1)))
        session.flush()
        found["Żółty Domek"].status_changed_at = utc_now() - timedelta(days=6)
        session.commit()


EVERYBODY = ["Blue River", "Grey Stone", "Żółty Domek"]
DOMEK, RIVER, STONE = ["Żółty Domek"], ["Blue River"], ["Grey Stone"]


FOUND = [
        ({}, EVERYBODY),
        ({"search": "zolty"}, DOMEK),
        ({"search": "555-12-34"}, DOMEK),
        ({"search": "żółty\u00a0domek"}, DOMEK), ({"search": "\u202a+48 22 555-12-34\u202c"}, DOMEK),
        ({"search": "22\u2013555\u201112\u201134"}, DOMEK),
        ({"search": "lecka"}, RIVER),
        ({"search": "nobody"}, []),
    ({"search": ["zolty", "river"]}, ["Blue River", "Żółty Domek"]),
    ({"created_from": ["2020-01-01", "2999-01-01"]}, EVERYBODY),
        ({"kind": "person"}, RIVER),
        ({"kind": ["person", "company"]}, EVERYBODY),
        ({"status": "new"}, DOMEK),
        ({"status": "none"}, STONE),
        ({"status": ["vip", "none"]}, ["Blue River", "Grey Stone"]),
        ({"stars": "3"}, DOMEK),
        ({"stars": ["0", "1"]}, ["Blue River", "Grey Stone"]),
        ({"tags": "spring"}, ["Blue River", "Żółty Domek"]),
        ({"tags": ["Spring", "Wholesale"]}, ["Blue River", "Żółty Domek"]),
        ({"tags": ["Spring", "Wholesale"], "tags_mode": "all"}, DOMEK),
        ({"country": "de"}, RIVER),
        ({"language": "pl"}, DOMEK),
        ({"role": "supplier"}, RIVER),
        ({"role": ["supplier", "buyer"]}, ["Blue River", "Żółty Domek"]),
        ({"assignee": "alice"}, DOMEK),
        ({"assignee": "none"}, STONE),
        ({"assignee": ["none", "charlie"]}, ["Blue River", "Grey Stone"]),
        ({"assignee": "me"}, []),
        ({"archived": "yes"}, ["Old Mill"]),
        ({"archived": "all"}, sorted([*EVERYBODY, "Old Mill"])),
        ({"archived": "no"}, EVERYBODY),
        ({"alert": "yes"}, DOMEK),
        ({"alert": "no"}, ["Blue River", "Grey Stone"]),
        ({"consent": "yes"}, DOMEK),
        ({"consent": "no"}, RIVER),
        ({"consent": "unset"}, STONE),
        ({"next_task": "overdue"}, DOMEK),
        ({"next_task": "none"}, ["Blue River", "Grey Stone"]),
        ({"status": "new", "stars": "3", "tags": "Wholesale", "country": "PL"}, DOMEK),
        ({"status": "new", "stars": "1"}, []),
        ({"search": " ", "kind": ""}, EVERYBODY),
    ]  # fmt: skip


def test_each_filter(some, names):
    for filters, expected in FOUND:
        assert names(**filters) == expected, filters
    assert set(names(last_contact_before="2020-01-01")) <= set(EVERYBODY)


def test_a_rep_filters_only_what_they_see(some, names):
    assert names("alice") == DOMEK
    assert names("alice", assignee="me") == DOMEK
    assert names("alice", assignee="charlie") == []
    assert names("alice", search="river") == []


def test_sensitive_words_are_found_with_the_privilege_only(some, names, system, people):
    with system() as session:
        stone = session.scalar(db.select(Client).where(Client.name == "Grey Stone"))
        stone.assignees = [session.get(User, people["alice"])]
        session.commit()
    assert names("admin", search="secret") == STONE
    assert names("alice", search="secret") == []
    assert names("alice", search="grey") == STONE


UNREADABLE = [
        {"bogus": "1"}, {"kind": "robot"}, {"status": "nope"}, {"stars": "9"}, {"stars": "x"}, {"tags": "Unknown"},
        {"tags": "Spring", "tags_mode": "some"}, {"tags_mode": "x"}, {"country": "Poland"}, {"country": "XX"},
        {"language": "klingonic"}, {"role": "boss"}, {"assignee": "nobody-here"}, {"created_from": "31.02.2026"},
        {"created_from": "2026-02-31"}, {"created_to": "0001-01-01"},
        {"archived": "maybe"}, {"alert": "1"}, {"consent": "true"}, {"next_task": "soon"}, {"search": "a\x00b"},
        {"last_contact_before": "yesterday"}, {"stars": "١"}, {"attr.colour": "red"},
    ]  # fmt: skip


def test_unreadable_filters_are_refused(some, names):
    for filters in UNREADABLE:
        with pytest.raises(UnknownFilter):
            names(**filters)


def test_created_is_a_day_in_the_users_time_zone(make_app, make_client, system, people):
    """Half past eleven in the evening of the 1st in Warsaw is still the 1st, and so is its first minute."""
    moments = {
        "Before": datetime(2026, 5, 31, 21, 59, tzinfo=UTC),
        "Early": datetime(2026, 5, 31, 22, 0, tzinfo=UTC),
        "Late": datetime(2026, 6, 1, 21, 30, tzinfo=UTC),
        "After": datetime(2026, 6, 1, 22, 0, tzinfo=UTC),
    }
    for name, at in moments.items():
        make_client(name, created_at=at)
    with make_app(BABEL_DEFAULT_TIMEZONE="Europe/Warsaw").test_request_context(), as_system() as session:
        asked = filtered(MultiDict({"created_from": "2026-06-01", "created_to": "2026-06-01"}))
        assert sorted(session.scalars(asked.with_only_columns(Client.name))) == ["Early", "Late"]


def test_sorting(some, system):
    with system():

        def order(**args):
            page = ordering(MultiDict(args)).page(filtered(MultiDict()), 100)
            return [client.name for client in db.session.scalars(page)]

        assert order() == ["Blue River", "Grey Stone", "Żółty Domek"]
        assert order(dir="desc") == ["Żółty Domek", "Grey Stone", "Blue River"]
        assert order(sort="stars", dir="desc") == ["Żółty Domek", "Blue River", "Grey Stone"]
        assert order(sort="country", dir="desc") == ["Żółty Domek", "Blue River", "Grey Stone"]
        assert order(sort="country") == ["Grey Stone", "Blue River", "Żółty Domek"]
        assert order(sort="status")[-2:] == ["Żółty Domek", "Blue River"]
        for nonsense in ({"sort": "password"}, {"sort": "phone"}, {"sort": "name", "dir": "up"}):
            with pytest.raises(UnknownFilter):
                ordering(MultiDict(nonsense))


def test_who_may_not_see_sensitive_data_cannot_sort_by_it(some, app, people):
    with app.test_request_context(), as_user(Known(people["alice"])):
        assert "email" not in sortable()
        assert page_of(MultiDict({"sort": "email"})).message


def test_pages(make_client, system):
    for n in range(7):
        make_client(f"Client {n}")
    with system():
        first = page_of(MultiDict({"page_size": "3"}))
        last = page_of(MultiDict({"page_size": "3", "page": "3"}))
        assert [c.name for c in first.rows] == ["Client 0", "Client 1", "Client 2"]
        assert first.has_next and not last.has_next
        assert [c.name for c in last.rows] == ["Client 6"]
        assert page_of(MultiDict({"page": "0"})).message and page_of(MultiDict({"page_size": "x"})).message
