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
