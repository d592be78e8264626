"""Clients read by the names that other systems have for them, changed in bulk, and merged, by programs."""

from typing import Any

import pytest

from crm.extensions import db
from crm.models import Client, ClientExternalId, Status

pytestmark = pytest.mark.both_engines


@pytest.fixture
def named(system: Any, make_client: Any) -> dict[str, int]:
    acme, other, hidden = (
        make_client("Acme", assignees=["alice"], email="a@b.example"),
        make_client("Other", assignees=["bob"]),
        make_client("Hidden", assignees=["charlie"]),
    )
    with system() as session:
        session.add_all(
            [
                ClientExternalId(client_id=acme, external_id="c-1"),
                ClientExternalId(client_id=other, external_id="c-1", app_code="shop"),
                ClientExternalId(client_id=other, external_id="a/b c", app_code="shop"),
                ClientExternalId(client_id=hidden, external_id="c-9", app_code="shop"),
            ]
        )
        session.commit()
    return {"acme": acme, "other": other, "hidden": hidden}


def test_reading(api: Any, named: dict[str, int]) -> None:
    alice = api("alice")
    for url, name in (
        ("/crm/clients/e/c-1.json", "acme"),
        ("/crm/clients/e/shop/c-1.json", "other"),
        ("/crm/clients/e.json?external_id=c-1", "acme"),
        ("/crm/clients/e.json?app_code=&external_id=c-1", "acme"),
        ("/crm/clients/e.json?app_code=shop&external_id=a/b%20c", "other"),
    ):
        found = alice.get(url)
        assert found.status_code == 200, url
        assert found.json["id"] == named[name], url
        assert found.headers["ETag"] == '"1"'
    assert alice.get("/crm/clients/e/shop/c-1.json").json["app_code"] == "shop"
    for url in ("/crm/clients/e/c-2.json", "/crm/clients/e/shop/c-9.json", "/crm/clients/e.json?external_id=c-9",
                "/crm/clients/e/nope/c-1.json", "/crm/clients/e.json?app_code=&external_id=a/b%20c"):  # fmt: skip
        missing = alice.get(url)
        assert missing.status_code == 404 and missing.json["code"] == 404, url
    assert alice.get("/crm/clients/e.json").status_code == 422


def test_merged_clients_lead_to_their_target(api: Any, named: dict[str, int]) -> None:
    alice = api("alice")
    merged = alice.post("/crm/clients/merge_clients.json",
                        {"source_id": named["acme"], "target_id": named["other"]})  # fmt: skip
    assert merged.status_code == 200, merged.text
    assert merged.json["id"] == named["other"] and merged.json["operation_id"]
    assert alice.get("/crm/clients/e/c-1.json").json["id"] == named["other"]
    moved = alice.get(f"/api/v1/clients/{named['acme']}")
    assert moved.status_code == 308
    assert moved.headers["Location"].endswith(f"/api/v1/clients/{named['other']}")
    assert alice.put(f"/api/v1/clients/{named['acme']}", {"notes": "x"}).status_code == 308
    change = f"/crm/clients/{named['acme']}/change_bulk_option.json"
    moved = alice.post(change, {"type": "stars", "value": 2})
    assert moved.status_code == 308
    assert moved.headers["Location"].endswith(f"/crm/clients/{named['other']}/change_bulk_option.json")
    # who looked at the one does not mean the other
    assert alice.post(change, {"type": "status_id", "value": None, "expected": None}).status_code == 409
    note = alice.post("/api/v1/notes/", {"text": "n", "client": named["acme"]})
    assert note.status_code == 201 and note.json["result"]["client"] == named["other"]
    assert alice.get(f"/api/v1/notes/?client={named['acme']}").json["ids"] == [note.json["id"]]
    charlie = api("charlie")
    assert charlie.get(f"/api/v1/clients/{named['acme']}").status_code == 404
    assert charlie.post(change, {"type": "stars", "value": 2}).status_code == 404
    assert charlie.post("/api/v1/notes/", {"text": "n", "client": named["acme"]}).status_code == 422


def test_merging_is_refused(api: Any, named: dict[str, int]) -> None:
    def merge(name: str, source: Any, target: Any) -> int:
        return api(name).post("/crm/clients/merge_clients.json",
                              {"source_id": source, "target_id": target}).status_code  # fmt: skip

    assert merge("alice", named["acme"], named["hidden"]) == 404
    assert merge("alice", named["acme"], named["acme"]) == 422
    assert merge("alice", named["acme"], None) == 422
    assert merge("alice", "x", named["acme"]) == 422
    assert merge("vera", named["acme"], named["other"]) == 403


def test_the_board_moves_a_client(api: Any, named: dict[str, int], system: Any) -> None:
    with system() as session:
        ids = {s.code: s.id for s in session.query(Status)}
    alice, url = api("alice"), f"/crm/clients/{named['acme']}/change_bulk_option.json"
    moved = alice.post(url, {"type": "status_id", "value": ids["vip"], "expected": None})
    assert moved.status_code == 200, moved.text
    assert moved.json["status"] == "vip" and moved.json["changed"] == 1 and moved.json["operation_id"]
    late = alice.post(url, {"type": "status_id", "value": ids["new"], "expected": None})
    assert late.status_code == 409 and "VIP" in late.json["message"]
    assert alice.post(url, {"type": "stars", "value": 2, "version": 1}).status_code == 409
    starred = alice.post(url, {"type": "stars", "value": 2})
    assert starred.status_code == 200 and starred.json["version"] > moved.json["version"]
    assert alice.post(url, {"type": "status_id", "value": None}).json["status"] is None
    hidden = f"/crm/clients/{named['hidden']}/change_bulk_option.json"
    assert alice.post(hidden, {"type": "stars", "value": 2}).status_code == 404
    for bad in ({"type": "colour", "value": 1}, {"value": 1}, {"type": "stars", "value": 9},
                {"type": "stars", "value": {"a": 1}}, {"type": "status_id", "value": 999},
                {"type": "consent", "value": [1]}, {"type": ["stars"], "value": 1},
                {"type": "add_tag", "value": None}, {"type": "add_assignee", "value": "nobody"}):  # fmt: skip
        refused = alice.post(url, bad)
        assert refused.status_code == 422, bad
        assert refused.json["message"]


def test_many_are_changed(api: Any, named: dict[str, int], system: Any) -> None:
    alice, url = api("alice"), "/crm/clients/change_bulk_option_multiple.json"
    assert api("office").post("/api/v1/tags/", {"name": "north"}).status_code == 201
    answer = alice.post(url, {"ids": list(named.values()), "type": "add_tag", "value": "north"})
    assert answer.status_code == 200, answer.text
    assert answer.json["changed"] == 2
    assert [s["id"] for s in answer.json["skipped"]] == [named["hidden"]]
    with system() as session:
        assert [t.name for t in session.get(Client, named["acme"]).tags] == ["north"]
        assert not session.get(Client, named["hidden"]).tags
    for bad in ({"ids": "all", "type": "stars", "value": 1}, {"ids": [True], "type": "stars", "value": 1},
                {"ids": [1.5], "type": "stars", "value": 1}, {"type": "stars", "value": 1}):  # fmt: skip
        assert alice.post(url, bad).status_code == 422, bad
    many = alice.post(url, {"ids": list(range(10_001)), "type": "stars", "value": 1})
    assert (many.status_code, list(many.json["errors"])) == (413, ["ids"])
    assert api("vera").post(url, {"ids": [1], "type": "stars", "value": 1}).status_code == 403
    assert alice.post(url, {"ids": [2**62], "type": "stars", "value": 1}).json["changed"] == 0


def test_pages_call_with_their_session(app: Any, make_app: Any, named: dict[str, int], sign_in: Any) -> None:
    strict = make_app(WTF_CSRF_ENABLED=True)
    browser = strict.test_client()
    token = browser.get("/login/").text.split('name="csrf-token" content="')[1].split('"')[0]
    browser.post("/login/", data={"username": "alice", "password": "demo", "csrf_token": token})
    url, data = f"/crm/clients/{named['acme']}/change_bulk_option.json", {"type": "stars", "value": 3}
    bare = browser.post(url, json=data)
    assert bare.status_code == 400 and bare.json["code"] == 400
    assert browser.post(url, data="type=stars&value=3").status_code == 400
    assert browser.post(f"/api/v1/clients/{named['acme']}", json={}).status_code in (400, 405)
    token = browser.get("/").text.split('name="csrf-token" content="')[1].split('"')[0]
    sent = browser.post(url, json=data, headers={"X-CSRFToken": token})
    assert sent.status_code == 200, sent.text
    with app.app_context():
        db.session.remove()
