"""What a record is linked to is a part of it: a change of links alone is a new version, and told by updated_since."""

from typing import Any

import pytest

#: resource -> (what it is added with, what is changed then); {client} and {contact} stand for ids.
CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "clients": ({"name": "X", "email": "a@b.example"}, {"tags": "north"}),
    "contacts": ({"first_name": "X", "client": "{client}"}, {"tags": "north"}),
    "tasks": ({"title": "X", "client": "{client}"}, {"assignees": ["bob"]}),
    "events": (
        {"title": "X", "client": "{client}", "start": "2026-11-21T10:00:00Z", "end": "2026-11-21T11:00:00Z"},
        {"attendees": ["bob"]},
    ),
    "emails": ({"subject": "X", "client": "{client}", "to": "a@b.example"}, {"other_clients": ["{other}"]}),
    "sales": ({"client": "{client}", "kind": "quote"}, {"lines": [{"description": "Y", "quantity": 1, "price": 2}]}),
    "invoices": (
        {"client": "{client}", "kind": "outgoing", "currency": "EUR"},
        {"lines": [{"description": "Y", "quantity": 1, "price": 2}]},
    ),
}  # fmt: skip


def filled(data: Any, ids: dict[str, int]) -> Any:
    if isinstance(data, dict):
        return {name: filled(value, ids) for name, value in data.items()}
    if isinstance(data, list):
        return [filled(value, ids) for value in data]
    return ids.get(data, data) if isinstance(data, str) else data


@pytest.mark.both_engines
def test_a_change_of_links_is_a_change(api: Any, make_client: Any) -> None:
    ids = {
        "{client}": make_client("Acme", assignees=["alice"]),
        "{other}": make_client("Other", assignees=["alice"]),
    }
    office = api("office")
    for resource, (new, change) in CHANGES.items():
        url = f"/api/v1/{resource}/"
        added = office.post(url, filled(new, ids))
        assert added.status_code == 201, (resource, added.text)
        number, tag = added.json["id"], added.headers["ETag"]
        since = {"updated_since": office.post("/api/v1/notes/", {"text": "now", "client": ids["{client}"]})
                 .json["result"]["created_at"]}  # fmt: skip
        assert number not in office.get(url, query_string=since).json["ids"], resource
        changed = office.put(f"{url}{number}", filled(change, ids), headers={"If-Match": tag})
        assert changed.status_code == 200, (resource, changed.text)
        assert changed.headers["ETag"] != tag, resource
        assert number in office.get(url, query_string=since).json["ids"], resource
        late = office.put(f"{url}{number}", {}, headers={"If-Match": tag})
        assert late.status_code == 409, resource
        assert office.get(f"{url}{number}").headers["ETag"] == changed.headers["ETag"]
