"""Assignees in the head of the card: added, taken off and put first by one click each."""

from typing import Any

import pytest
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select

from crm.models import Client, TimelineEntry


@pytest.fixture
def assignees_of(system: Any) -> Any:
    def names(client: int) -> list[str]:
        with system() as session:
            return [user.username for user in session.get(Client, client).assignees]

    return names


@pytest.mark.both_engines
def test_one_by_one(make_client: Any, sign_in: Any, people: Any, assignees_of: Any, system: Any) -> None:
    acme, alice = make_client("Acme", ["alice"]), sign_in("alice")
    url = f"/crm/clients/assignees/{acme}"
    for name in ("charlie", "bob", "bob"):
        answer = alice.post(url, data={"add": people[name]})
        assert answer.status_code == 200 and answer.headers["HX-Trigger"] == "client-changed"
    assert assignees_of(acme) == ["alice", "charlie", "bob"]
    alice.post(url, data={"first": people["bob"]})
    assert assignees_of(acme) == ["bob", "alice", "charlie"]
    alice.post(url, data={"remove": people["alice"]})
    assert assignees_of(acme) == ["bob", "charlie"]
    with system() as session:
        kinds = select(TimelineEntry.kind).where(TimelineEntry.client_id == acme)
        assert list(session.scalars(kinds)).count("change") == 4


def test_who_can_be_added(
    make_client: Any, sign_in: Any, people: Any, assignees_of: Any, system: Any
) -> None:
    acme, alice = make_client("Acme", ["alice"]), sign_in("alice")
    with system() as session:
        session.scalars(select(User).where(User.username == "charlie")).one().active = False
        session.commit()
    form = alice.get(f"/crm/clients/assignees/{acme}/add").text
    assert "Bob" in form and "Alice" not in form and "Charlie" not in form
    for wrong in (people["charlie"], 999, "x", "9" * 30):
        assert alice.post(f"/crm/clients/assignees/{acme}", data={"add": wrong}).status_code == 400
    assert assignees_of(acme) == ["alice"]


def test_who_left_stays_until_taken_off(
    make_client: Any, sign_in: Any, people: Any, assignees_of: Any, system: Any
) -> None:
    acme, alice = make_client("Acme", ["charlie", "alice"]), sign_in("alice")
    with system() as session:
        session.scalars(select(User).where(User.username == "charlie")).one().active = False
        session.commit()
    alice.post(f"/crm/clients/assignees/{acme}", data={"add": people["bob"]})
    assert assignees_of(acme) == ["charlie", "alice", "bob"]
    alice.post(f"/crm/clients/assignees/{acme}", data={"remove": people["charlie"]})
    assert assignees_of(acme) == ["alice", "bob"]


def test_who_gives_a_client_away_is_led_to_the_list(make_client: Any, sign_in: Any, people: Any) -> None:
    acme, alice = make_client("Acme", ["alice", "charlie"]), sign_in("alice")
    answer = alice.post(f"/crm/clients/assignees/{acme}", data={"remove": people["alice"]})
    assert answer.headers["HX-Redirect"] == "/crm/clients/list/"
    assert "Acme" in alice.get("/crm/clients/list/").text
    assert alice.get(f"/crm/clients/assignees/{acme}").status_code == 404


def test_who_may(make_client: Any, sign_in: Any, people: Any, assignees_of: Any) -> None:
    acme = make_client("Acme", ["alice"])
    url = f"/crm/clients/assignees/{acme}"
    assert sign_in("charlie").post(url, data={"add": people["charlie"]}).status_code == 404
    vera = sign_in("vera")
    assert vera.post(url, data={"add": people["vera"]}).status_code in (302, 403)
    page = vera.get(f"/crm/clients/show/{acme}").text
    assert "Alice" in page and "Add an assignee" not in page and "change_assignees" not in page
    assert assignees_of(acme) == ["alice"]
