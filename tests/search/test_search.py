"""The global search, its suggestions, and what choice fields offer."""

from typing import Any

import pytest

from crm.models import Client, ClientExternalId, Contact, Note, Task, TaskAssignee
from crm.models.types import utc_now
from crm.services.clients.archiving import move_to_trash

MOST_QUERIES = 4
LOOK_UPS = 7


@pytest.mark.both_engines
def test_words_accents_and_numbers(make_client: Any, sign_in: Any, system: Any, count_queries: Any) -> None:
    yellow = make_client("Żółty Młyn sp. z o.o.", assignees=["alice"], short_name="ZM", email="biuro@mlyn.example",
                         phone="+48 22 123-45-67", tax_id="526-104-08-28", billing_country="PL")  # fmt: skip
    with system() as session:
        session.add(ClientExternalId(client_id=yellow, app_code="shop", external_id="SHOP-778"))
        session.add(Contact(client_id=yellow, first_name="Ewa", last_name="Wąsik", mobile="601 202 303"))
        session.add(Note(client_id=yellow, text="likes espresso"))
        session.commit()
    alice = sign_in("alice")
    for query in ("zolty", "ŻÓŁ", "mlyn zol", "biuro@mlyn", "221234567", "22 123 45 67", "+48221234567", "1234567",
                  "5261040828", "526-104-08-28", "PL 526 104 08 28", "shop-778", "zm"):  # fmt: skip
        assert "Żółty Młyn" in alice.get("/crm/search", query_string={"q": query}).text, query
    for query in ("wasik", "ewa", "601202303"):
        page = alice.get("/crm/search", query_string={"q": query}).text
        assert "via contact Ewa Wąsik" in page, query
        assert f"/crm/clients/show/{yellow}" in page
    page = alice.get("/crm/search?q=espr").text
    assert "likes espresso" in page
    assert "/crm/notes/show/1" in page
    with count_queries() as statements:
        alice.get("/crm/search?q=z")
    assert len(statements) <= MOST_QUERIES + LOOK_UPS, "\n".join(statements)


@pytest.mark.both_engines
def test_secret_words_are_for_those_who_may(make_client: Any, sign_in: Any) -> None:
    make_client("Acme", assignees=["alice"], email="hush@acme.example", phone="601 202 303", sensitive=True)
    alice, office = sign_in("alice"), sign_in("office")
    for query in ("hush", "601202303", "hush@acme"):
        assert "/crm/clients/show/" not in alice.get("/crm/search", query_string={"q": query}).text
        assert "/crm/clients/show/" in office.get("/crm/search", query_string={"q": query}).text
    assert "hush" not in alice.get("/crm/search?q=acme").text
    assert "hush" not in alice.get("/crm/clients/choices?q=acme").text


def test_foreign_trashed_and_archived(make_client: Any, sign_in: Any, system: Any) -> None:
    make_client("Foreign one", assignees=["charlie"])
    gone = make_client("Gone one", assignees=["alice"])
    make_client("Archived one", assignees=["alice"], archived_at=utc_now())
    with system() as session:
        move_to_trash(session.get(Client, gone))
        session.commit()
    alice = sign_in("alice")
    page = alice.get("/crm/search?q=one").text
    assert "Archived one" in page
    assert "crm-mark-warning" in page
    assert "Foreign one" not in page
    assert "Gone one" not in page
    assert "Gone one" not in sign_in("admin").get("/crm/search?q=one").text


def test_suggestions_are_a_fragment(make_client: Any, sign_in: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    alice = sign_in("alice")
    part = alice.get("/crm/search/suggest?q=acm").text
    assert "<html" not in part
    assert f'href="/crm/clients/show/{acme}"' in part
    assert 'role="option"' in part
    assert "Nothing found" in alice.get("/crm/search/suggest?q=zzz").text
    assert alice.get("/crm/search/suggest?q=").text.strip() == ""


@pytest.mark.parametrize(
    "query", ["", " ", '"', "'", "*", "a OR b", "NEAR(", "\\", "%", "x" * 5000, "ł'\"\\:*", "-"]
)
@pytest.mark.both_engines
def test_odd_queries(sign_in: Any, query: str) -> None:
    alice = sign_in("alice")
    for path in ("/crm/search", "/crm/search/suggest", "/crm/clients/choices"):
        assert alice.get(path, query_string={"q": query}).status_code == 200, path


def test_nobody_signed_in(app: Any) -> None:
    assert app.test_client().get("/crm/search?q=a").status_code == 302
    assert app.test_client().get("/crm/search/suggest?q=a").status_code == 302


def test_choices_tell_equal_names_apart(
    make_client: Any, sign_in: Any, system: Any, people: dict[str, int]
) -> None:
    warsaw = make_client("Acme", assignees=["alice"], billing_city="Warszawa", email="w@acme.example")
    make_client("Acme", assignees=["alice"], billing_city="Kraków", email="k@acme.example")
    make_client("Acme", assignees=["alice"], billing_city="Old", archived_at=utc_now())
    make_client("Acme", assignees=["charlie"], billing_city="Foreign")
    with system() as session:
        session.add(Contact(client_id=warsaw, first_name="Ewa"))
        task = Task(client_id=warsaw, title="Ewa's task")
        task.assignee_links = [TaskAssignee(user_id=people["alice"])]
        session.add(task)
        session.commit()
    alice = sign_in("alice")
    for query in ("", "acm"):
        found = alice.get(f"/crm/clients/choices?q={query}").json["results"]
        assert sorted(one["hint"] for one in found) == [
            "Kraków · k@acme.example",
            "Warszawa · w@acme.example",
        ]
    assert len(alice.get("/crm/clients/choices?q=acm&archived=1").json["results"]) == 3
    assert alice.get("/crm/contacts/choices?q=ewa").json["results"][0]["hint"] == "Acme"
    assert alice.get("/crm/contacts/choices?client=2").json["results"] == []
