"""Contacts over the API: what belongs to them beside their columns."""

from typing import Any

import pytest

pytestmark = pytest.mark.both_engines


def test_tags_are_names(api: Any, make_client: Any) -> None:
    acme, alice = make_client("Acme", assignees=["alice"]), api("alice")
    sent = {"client": acme, "first_name": "Ann", "tags": ["VIP", "Fair", "vip"]}
    added = alice.post("/api/v1/contacts/", sent)
    assert added.status_code == 201, added.text
    assert added.json["result"]["tags"] == ["Fair", "VIP"]
    url = f"/api/v1/contacts/{added.json['id']}"
    changed = alice.put(url, {"tags": "vip"})
    assert changed.json["result"]["tags"] == ["VIP"]
    assert changed.headers["ETag"] != added.headers["ETag"]
    assert alice.put(url, {"position": "CEO"}).json["result"]["tags"] == ["VIP"]
    assert alice.get("/api/v1/contacts/").json["result"][0]["tags"] == ["VIP"]
    assert alice.put(url, {"tags": []}).json["result"]["tags"] == []
    for wrong in (7, [7], "x" * 70, ["\x07"]):
        answer = alice.put(url, {"tags": wrong})
        assert answer.status_code == 422 and list(answer.json["errors"]) == ["tags"], wrong


def test_external_ids(api: Any, make_client: Any) -> None:
    acme, alice = make_client("Acme", assignees=["alice"]), api("alice")
    sent = {"client": acme, "first_name": "Ann", "external_id": "c-1"}
    added = alice.post("/api/v1/contacts/", sent)
    assert added.status_code == 201, added.text
    assert (added.json["result"]["external_id"], added.json["result"]["app_code"]) == ("c-1", "")
    url = f"/api/v1/contacts/{added.json['id']}"
    assert alice.put(url, {"external_id": "9", "app_code": "shop"}).json["result"]["external_id"] == "c-1"
    before = alice.get(url)
    changed = alice.put(url, {"external_id": "c-2"})
    assert changed.json["result"]["external_id"] == "c-2"
    assert changed.headers["ETag"] != before.headers["ETag"]
    back = {name: value for name, value in changed.json["result"].items() if name != "is_primary"}
    assert alice.put(url, back).status_code == 200
    assert alice.get("/api/v1/contacts/").json["result"][0]["external_id"] == "c-2"
    for taken, app_code in (("c-2", ""), ("9", "shop")):
        other = {"client": acme, "first_name": "Ben", "external_id": taken, "app_code": app_code}
        answer = alice.post("/api/v1/contacts/", other)
        assert answer.status_code == 409 and list(answer.json["errors"]) == ["external_id"], answer.text
    for wrong in ("x" * 201, [], True):
        answer = alice.put(url, {"external_id": wrong})
        assert answer.status_code == 422 and list(answer.json["errors"]) == ["external_id"], wrong
    assert alice.put(url, {"external_id": None}).json["result"]["external_id"] is None
