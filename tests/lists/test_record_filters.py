"""The filters that a record type declares: on its list's page and in its API, refused where nobody can read them."""

from typing import Any

import pytest

from crm.models import Deal, Task, TaskAssignee


@pytest.fixture
def acme(make_client: Any, system: Any, people: dict[str, int]) -> int:
    number = make_client("Acme", assignees=["alice"])
    with system() as session:
        for title, stage, who in (("Mine", "new", "alice"), ("His", "won", "bob"), ("Free", "new", None)):
            session.add(
                Deal(client_id=number, title=title, stage=stage, responsible_id=people[who] if who else None)
            )
        for title, done, names in (
            ("Alpha", False, ["alice", "bob"]),
            ("Beta", True, ["bob"]),
            ("Gamma", False, []),
        ):
            task = Task(client_id=number, title=title, done=done)
            task.assignee_links = [TaskAssignee(user_id=people[name]) for name in names]
            session.add(task)
        session.commit()
    return number


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("deals/?stage=new", {"Mine", "Free"}),
        ("deals/?stage=new&stage=won", {"Mine", "His", "Free"}),
        ("deals/?responsible=me", {"Mine"}),
        ("deals/?responsible=bob&responsible=none", {"His", "Free"}),
        ("deals/?responsible=me&stage=won", set()),
        ("tasks/?done=no", {"Alpha", "Gamma"}),
        ("tasks/?assignee=bob", {"Alpha", "Beta"}),
        ("tasks/?assignee=me&done=no", {"Alpha"}),
        ("tasks/?assignee=none", {"Gamma"}),
        ("tasks/?assignee=", {"Alpha", "Beta", "Gamma"}),
    ],
)
def test_what_is_left(acme: int, sign_in: Any, query: str, titles: set[str]) -> None:
    alice = sign_in("alice")
    name, _slash, parameters = query.partition("/")
    found = alice.get(f"/api/v1/{query}&client={acme}").json["result"]
    assert {one["title"] for one in found} == titles
    page = alice.get(f"/crm/{name}/list/{parameters}").text
    for title in ("Mine", "His", "Free") if name == "deals" else ("Alpha", "Beta", "Gamma"):
        assert (f">{title}</a>" in page) == (title in titles), title


@pytest.mark.parametrize("query", ["stage=sold", "responsible=nobody-of-this-name", "done=yes", "amount=5"])
def test_what_nobody_can_read_is_refused(acme: int, sign_in: Any, query: str) -> None:
    alice = sign_in("alice")
    assert alice.get(f"/api/v1/deals/?{query}").status_code == 400
    page = alice.get(f"/crm/deals/list/?{query}").text
    assert "Mine" not in page
    assert 'role="alert"' in page


def test_they_stand_above_the_list_and_in_the_description(acme: int, sign_in: Any) -> None:
    page = sign_in("alice").get("/crm/deals/list/?stage=won").text
    assert '<option value="won" selected>' in page
    assert '<option value="me">Me</option>' in page
    described = sign_in("admin").get("/api/v1/_openapi").json["paths"]["/api/v1/deals/"]["get"]
    names = {one.get("name") for one in described["parameters"]}
    assert {"stage", "responsible", "client", "search"} <= names
