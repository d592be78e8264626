"""Every record type over the API: list, read, add, change, delete, by the rules of the pages."""

from typing import Any

import pytest

from crm.extensions import db
from crm.models import Client, Note
from crm.services.modules import switch_modules

pytestmark = pytest.mark.both_engines


def test_a_note_is_added_read_changed_and_deleted(api: Any, make_client: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    alice = api("alice")
    added = alice.post("/api/v1/notes/", {"text": "Called.", "client": acme})
    assert added.status_code == 201, added.text
    number = added.json["id"]
    assert added.json["result"]["client"] == acme
    assert added.headers["ETag"] == '"1"'

    read = alice.get(f"/api/v1/notes/{number}")
    assert read.json["id"] == number and read.json["result"]["text"] == "Called."

    changed = alice.put(f"/api/v1/notes/{number}", {"text": "Called twice."})
    assert changed.status_code == 200 and changed.headers["ETag"] == '"2"'
    assert changed.json["result"]["client"] == acme

    listed = alice.get(f"/api/v1/notes/?client={acme}").json
    assert (listed["count"], listed["ids"]) == (1, [number])
    assert listed["result"][0]["text"] == "Called twice."

    assert alice.delete(f"/api/v1/notes/{number}").status_code == 200
    assert alice.get(f"/api/v1/notes/{number}").status_code == 404


def test_a_client_is_added_and_changed(api: Any, system: Any) -> None:
    alice = api("alice")
    added = alice.post("/api/v1/clients/", {
        "name": "Żółty Młyn", "email": "biuro@mlyn.example", "tags": "north, big", "discount": 12.5, "consent": "yes",
        "billing": {"city": "Kraków", "country": "pl"}, "is_buyer": True,
    })  # fmt: skip
    assert added.status_code == 201, added.text
    result = added.json["result"]
    assert result["status"] == "new" and result["assignees"] == ["alice"]
    assert result["tags"] == ["big", "north"] and result["discount"] == 12.5
    assert result["billing"]["country"] == "PL" and result["use_delivery"] is False
    number = added.json["id"]

    changed = alice.put(
        f"/api/v1/clients/{number}", {"tags": "north", "status": "vip", "phone": "12 345 67 89"}
    )
    assert changed.json["result"]["tags"] == ["north"]
    assert changed.json["result"]["status"] == "vip"
    assert changed.json["result"]["billing"]["city"] == "Kraków"
    with system():
        client = db.session.get(Client, number)
        assert (client.consent_source, client.phone_e164) == ("api", "+48123456789")

    assert alice.put(f"/api/v1/clients/{number}", {"status": None, "archived": True}).json["result"][
        "archived"
    ]
    assert alice.get("/api/v1/clients/").json["count"] == 0
    assert alice.get("/api/v1/clients/?archived=all").json["ids"] == [number]


def test_what_was_read_can_be_sent_back(api: Any, make_client: Any) -> None:
    acme = make_client("Acme", assignees=["alice"], email="a@b.example")
    alice = api("alice")
    read = alice.get(f"/api/v1/clients/{acme}")
    sent = alice.put(f"/api/v1/clients/{acme}", read.json["result"])
    assert sent.status_code == 200, sent.text
    assert sent.headers["ETag"] == read.headers["ETag"]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"email": "a@b.example"}, "name"),
        ({"name": "X"}, "email"),
        ({"name": "X", "email": "nonsense"}, "email"),
        ({"name": "X", "phone": "12345", "stars": 4}, "stars"),
        ({"name": "X", "phone": "12345", "stars": True}, "stars"),
        ({"name": "X", "phone": "12345", "discount": 101}, "discount"),
        ({"name": "X", "phone": "12345", "status": "nope"}, "status"),
        ({"name": "X", "phone": "12345", "assignees": ["nobody"]}, "assignees"),
        ({"name": "X", "phone": "12345", "billing": {"country": "XX"}}, "billing"),
        ({"name": "X", "delivery": {"country": 5}}, "delivery"),
        ({"name": "X", "phone": "12345", "billing": "Kraków"}, "billing"),
        ({"name": "X", "phone": "12345", "language": "qq"}, "language"),
        ({"name": "X", "phone": "12345", "currency": "ZZZ"}, "currency"),
        ({"name": "X", "phone": "12345", "nonsense": 1}, "nonsense"),
        ({"name": "X", "phone": "12345", "created_by_id": 1}, "created_by_id"),
        ({"name": "X", "phone": "12345", "created_at": "2020-01-01T00:00:00Z"}, "created_at"),
        ({"name": "X" * 201, "phone": "12345"}, "name"),
        ({"name": "X", "phone": "12345", "sensitive": True}, "sensitive"),
    ],
)
def test_a_client_is_refused_at_the_field(api: Any, data: dict[str, Any], field: str) -> None:
    refused = api("alice").post("/api/v1/clients/", data)
    assert refused.status_code == 422, refused.text
    assert list(refused.json["errors"]) == [field]
    assert refused.json["code"] == 422 and refused.json["message"]


@pytest.mark.parametrize(
    ("resource", "data", "field"),
    [
        ("notes", {"text": "x"}, "client"),
        ("notes", {"client": "{acme}"}, "text"),
        ("notes", {"text": "x", "client": 99999}, "client"),
        ("notes", {"text": "x", "client": "x"}, "client"),
        ("notes", {"text": "x", "client": "{acme}", "id": 7}, "id"),
        ("notes", {"text": "x", "client": "{acme}", "created_by_id": 1}, "created_by_id"),
        ("notes", {"text": ["x"], "client": "{acme}"}, "text"),
        ("deals", {"title": "x", "client": "{acme}", "amount": "much"}, "amount"),
        ("deals", {"title": "x", "client": "{acme}", "amount": 1.234}, "amount"),
        ("deals", {"title": "x", "client": "{acme}", "stage": "nope"}, "stage"),
        ("deals", {"title": "x", "client": "{acme}", "expected_close": "31 February"}, "expected_close"),
        ("deals", {"title": "x", "client": "{acme}", "responsible": "nobody"}, "responsible"),
        ("tasks", {"title": "x", "due": "tomorrow"}, "due"),
        ("tasks", {}, "title"),
    ],
)
def test_a_record_is_refused_at_the_field(
    api: Any, make_client: Any, resource: str, data: dict[str, Any], field: str
) -> None:
    acme = make_client("Acme", assignees=["alice"])
    sent = {name: acme if value == "{acme}" else value for name, value in data.items()}
    refused = api("alice").post(f"/api/v1/{resource}/", sent)
    assert refused.status_code == 422, refused.text
    assert field in refused.json["errors"]


def test_amounts_and_moments_are_exact(api: Any, make_client: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    alice = api("alice")
    deal = alice.post(
        "/api/v1/deals/", {"title": "Big", "client": acme, "amount": "1 234,56", "responsible": "bob"}
    )
    assert deal.status_code == 201, deal.text
    assert deal.json["result"]["amount"] == 1234.56 and deal.json["result"]["responsible"] == "bob"
    task = alice.post("/api/v1/tasks/", {"description": "Call back\nand again", "due": "2026-11-22T10:00:00+01:00",
                                         "assignees": ["bob"], "client": acme})  # fmt: skip
    assert task.status_code == 201, task.text
    assert task.json["result"]["due"] == "2026-11-22T09:00:00+00:00"
    assert task.json["result"]["title"] == "Call back" and task.json["result"]["assignees"] == ["bob"]


def test_paging_sorting_and_rison(api: Any, make_client: Any) -> None:
    for name in ("Ada", "Bob", "Cyd"):
        make_client(name, assignees=["alice"])
    alice = api("alice")

    def names(query: str) -> list[str]:
        answer = alice.get(f"/api/v1/clients/?{query}")
        assert answer.status_code == 200, answer.text
        assert answer.json["count"] == 3
        return [row["name"] for row in answer.json["result"]]

    assert names("page_size=2") == ["Ada", "Bob"]
    assert names("page_size=2&page=2") == ["Cyd"]
    assert names("sort=name&dir=desc") == ["Cyd", "Bob", "Ada"]
    assert names("q=(page:1,page_size:2)") == ["Cyd"]
    assert names("q=(order_column:name,order_direction:desc)") == ["Cyd", "Bob", "Ada"]
    for bad in ("page=0", "page=x", "page_size=-1", "sort=pesel", "sort=name&dir=up", "q=((", "q=(filters:!())",
                "q=!!", "colour=red", "status=nope", "updated_since=yesterday", "client=1"):  # fmt: skip
        refused = alice.get(f"/api/v1/clients/?{bad}")
        assert refused.status_code == 400, bad
        assert refused.json["message"], bad


def test_a_list_is_read_whole_by_ids(api: Any, make_client: Any) -> None:
    """What is added, changed and deleted meanwhile moves no row from one page to another."""
    ids = [make_client(f"Client {9 - n}", assignees=["alice"], stars=n % 2) for n in range(7)]
    alice, office = api("alice"), api("office")
    first = alice.get("/api/v1/clients/?after=0&page_size=3").json
    assert set(first) == {"next", "ids", "result"}
    assert (first["ids"], first["next"]) == (ids[:3], ids[2])
    office.delete(f"/api/v1/clients/{ids[0]}")
    office.put(f"/api/v1/clients/{ids[4]}", {"name": "Aaa", "email": "a@b.example"})
    later = make_client("Also", assignees=["alice"])
    second = alice.get(f"/api/v1/clients/?after={first['next']}&page_size=3").json
    assert [row["id"] for row in second["result"]] == second["ids"] == ids[3:6]
    assert alice.get(f"/api/v1/clients/?after={second['next']}").json["ids"] == [ids[6], later]
    assert alice.get(f"/api/v1/clients/?after={later}").json == {"next": None, "ids": [], "result": []}
    assert alice.get("/api/v1/clients/?after=0&stars=1&page_size=1").json["ids"] == [ids[1]]
    for bad in (
        "after=x",
        "after=-1",
        "after=" + "9" * 19,
        "after=0&page=1",
        "after=0&sort=name",
        "after=0&colour=red",
    ):
        refused = alice.get(f"/api/v1/clients/?{bad}")
        assert refused.status_code == 400 and refused.json["message"], bad


def test_updated_since(api: Any, make_client: Any) -> None:
    make_client("Old", assignees=["alice"])
    acme = make_client("Acme", assignees=["alice"], email="a@b.example")
    alice = api("alice")
    since = alice.post("/api/v1/notes/", {"text": "x", "client": acme}).json["result"]["created_at"]
    assert alice.get("/api/v1/notes/", query_string={"updated_since": since}).json["count"] == 1
    assert alice.get("/api/v1/clients/", query_string={"updated_since": since}).json["count"] == 0
    alice.put(f"/api/v1/clients/{acme}", {"tags": "new"})
    assert alice.get("/api/v1/clients/", query_string={"updated_since": since}).json["ids"] == [acme]


def test_versions_guard_changes(api: Any, make_client: Any) -> None:
    acme = make_client("Acme", assignees=["alice"], email="a@b.example")
    alice = api("alice")
    url = f"/api/v1/clients/{acme}"
    tag = alice.get(url).headers["ETag"]
    assert alice.put(url, {"notes": "mine"}, headers={"If-Match": tag}).status_code == 200
    late = alice.put(url, {"notes": "late"}, headers={"If-Match": tag})
    assert late.status_code == 409 and late.json["code"] == 409
    assert alice.put(url, {"notes": "late", "version": 1}).status_code == 409
    assert alice.delete(url, headers={"If-Match": tag}).status_code in (403, 409)
    assert alice.put(url, {"notes": "any"}, headers={"If-Match": "*"}).status_code == 200
    assert alice.put(url, {"notes": "x"}, headers={"If-Match": '"'}).status_code == 409
    assert alice.get(url).json["result"]["notes"] == "any"


def test_foreign_rows_are_not_there(api: Any, make_client: Any, system: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    other = make_client("Other", assignees=["charlie"])
    with system():
        note = Note(client_id=other, text="SECRET")
        db.session.add(note)
        db.session.commit()
        foreign = note.id
    alice = api("alice")
    mine = alice.post("/api/v1/notes/", {"text": "x", "client": acme}).json["id"]
    for method in ("GET", "PUT", "DELETE"):
        for url in (
            f"/api/v1/notes/{foreign}",
            "/api/v1/notes/x",
            "/api/v1/notes/0",
            "/api/v1/notes/" + "9" * 30,
        ):
            assert alice(method, url, json={} if method == "PUT" else None).status_code == 404, (method, url)
    for method in ("GET", "PUT"):
        answer = alice(method, f"/api/v1/clients/{other}", json={} if method == "PUT" else None)
        assert answer.status_code == 404, method
    assert alice.put(f"/api/v1/notes/{mine}", {"client": other}).json["errors"]["client"]
    assert alice.post("/api/v1/notes/", {"text": "x", "client": other}).status_code == 422
    assert alice.get(f"/api/v1/notes/?client={other}").json["count"] == 0
    assert "SECRET" not in alice.get("/api/v1/notes/").text


def test_who_may_do_what(api: Any, make_client: Any) -> None:
    acme = make_client("Acme", assignees=["alice", "bob"], email="a@b.example")
    note = api("alice").post("/api/v1/notes/", {"text": "x", "client": acme}).json["id"]
    bob, vera, admin = api("bob"), api("vera"), api("admin")
    assert bob.put(f"/api/v1/notes/{note}", {"text": "y"}).status_code == 403
    assert bob.delete(f"/api/v1/notes/{note}").status_code == 403
    assert vera.get(f"/api/v1/notes/{note}").status_code == 200
    assert vera.put(f"/api/v1/notes/{note}", {"text": "y"}).status_code == 403
    assert vera.post("/api/v1/notes/", {"text": "y", "client": acme}).status_code == 403
    assert bob.delete(f"/api/v1/clients/{acme}").status_code == 403
    assert bob.get("/api/v1/statuses/").status_code == 403
    assert admin.delete(f"/api/v1/notes/{note}").status_code == 200
    assert admin.delete(f"/api/v1/clients/{acme}").status_code == 200
    assert admin.get(f"/api/v1/clients/{acme}").status_code == 404
    assert "can_delete" not in bob.get("/api/v1/clients/_info").json["permissions"]


def test_sensitive_values_are_masked_and_survive(api: Any, make_client: Any, system: Any) -> None:
    acme = make_client("Acme", assignees=["alice"], email="hidden@b.example", sensitive=True)
    alice = api("alice")
    read = alice.get(f"/api/v1/clients/{acme}")
    assert read.json["result"]["email"] == "•••" and "hidden" not in read.text
    assert alice.put(f"/api/v1/clients/{acme}", {**read.json["result"], "notes": "x"}).status_code == 200
    assert alice.get("/api/v1/clients/?sort=email").status_code == 400
    with system():
        assert db.session.get(Client, acme).email == "hidden@b.example"
    assert api("office").get(f"/api/v1/clients/{acme}").json["result"]["email"] == "hidden@b.example"


def test_a_module_that_is_off_is_not_there(api: Any, system: Any) -> None:
    with system():
        switch_modules({"sales"})
        db.session.commit()
    admin = api("admin")
    for method, url in (("GET", "/api/v1/tasks/"), ("POST", "/api/v1/tasks/"), ("GET", "/api/v1/tasks/1")):
        assert admin(method, url, json={} if method == "POST" else None).status_code == 404


def test_a_record_in_use_is_not_deleted(api: Any, make_client: Any) -> None:
    admin = api("admin")
    acme, other = make_client("Acme"), make_client("Other")
    kind = admin.get("/api/v1/relationship-types/").json["ids"][0]
    made = admin.post("/api/v1/relationships/", {"client": acme, "other": other, "type": kind})
    assert made.status_code == 201, made.text
    assert admin.delete(f"/api/v1/relationship-types/{kind}").status_code == 409
    assert (
        admin.post("/api/v1/relationships/", {"client": acme, "other": acme, "type": kind}).status_code == 422
    )
    twice = admin.post("/api/v1/relationships/", {"client": acme, "other": other, "type": kind})
    assert twice.status_code == 422, twice.text


def test_a_list_costs_the_same_for_two_and_for_many(api: Any, make_client: Any, count_queries: Any) -> None:
    office = api("office")
    counts = {}
    for clients in (2, 30):
        for number in range(clients):
            acme = make_client(f"Client {clients} {number}", assignees=["alice"], email="a@b.example")
            office.put(f"/api/v1/clients/{acme}", {"tags": "north", "external_id": f"{clients}-{number}"})
            office.post("/api/v1/tasks/", {"title": "x", "client": acme, "assignees": ["bob"]})
        for resource in ("clients", "tasks"):
            with count_queries() as statements:
                assert office.get(f"/api/v1/{resource}/").json["count"] >= clients
            counts[resource, clients] = len(statements)
    assert counts["clients", 2] == counts["clients", 30] <= 12
    assert counts["tasks", 2] == counts["tasks", 30] <= 12
