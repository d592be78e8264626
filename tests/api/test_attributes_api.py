"""Attributes over the API: each under its key, beside the client's own fields."""

from typing import Any

import pytest

from crm.models import AttributeDefinition, AttributeOption

pytestmark = pytest.mark.both_engines


@pytest.fixture(autouse=True)
def defined(system: Any) -> None:
    with system() as session:
        for position, (key, kind, more) in enumerate((
            ("colour", "word", {}), ("areas", "words", {}), ("turnover", "number", {}), ("since", "date", {}),
            ("vip", "yes_no", {}), ("source", "text", {"default": "web"}), ("staff", "integer", {}),
        )):  # fmt: skip
            definition = AttributeDefinition(key=key, label=key.title(), type=kind, position=position, **more)
            if kind in ("word", "words"):
                definition.options = [AttributeOption(label=word) for word in ("Red", "Green", "Blue")]
            session.add(definition)
        session.commit()


VALUES = {"colour": "green", "areas": ["Red", "blue"], "turnover": "1 234,5", "since": "2026-02-28", "vip": False,
          "staff": 12}  # fmt: skip
READ = {"colour": "Green", "areas": ["Red", "Blue"], "turnover": 1234.5, "since": "2026-02-28", "vip": False,
        "staff": 12, "source": "web"}  # fmt: skip


def picked(data: dict[str, Any]) -> dict[str, Any]:
    return {key: data[key] for key in READ}


def test_they_stand_under_their_keys(api: Any) -> None:
    office = api("office")
    added = office.post("/api/v1/clients/", {"name": "Acme", "phone": "600 100 200", **VALUES})
    assert added.status_code == 201, added.text
    url = f"/api/v1/clients/{added.json['id']}"
    assert picked(office.get(url).json["result"]) == READ
    assert picked(office.get("/api/v1/clients/").json["result"][0]) == READ
    changed = office.put(url, {"colour": None, "areas": "green", "turnover": 7})
    expected = {**READ, "colour": None, "areas": ["Green"], "turnover": 7}
    assert picked(changed.json["result"]) == expected
    assert changed.json["result"]["version"] > added.json["result"]["version"]
    again = office.put(url, changed.json["result"])
    assert again.status_code == 200, again.text
    assert again.json["result"]["version"] == changed.json["result"]["version"]


def test_upserts_keep_what_is_left_out(api: Any) -> None:
    office, url = api("office"), "/crm/clients/upsert.json"
    office.post(url, {"external_id": "1", "client": {"name": "Acme", **VALUES, "source": "fair"}})
    second = office.post(url, {"external_id": "1", "client": {"staff": 13, "areas": "red, green"}})
    assert picked(second.json["client"]) == {**READ, "source": "fair", "staff": 13, "areas": ["Red", "Green"]}
    rows = [
        {"external_id": str(n), "client": {"name": f"C {n}", "staff": n, "colour": "red"}} for n in range(5)
    ]
    results = office.post(url, {"clients": rows}).json["results"]
    assert [r["created"] for r in results] == [True, False, True, True, True]
    read = office.get("/crm/clients/e/3.json").json
    assert (read["staff"], read["colour"], read["source"]) == (3, "Red", "web")


@pytest.mark.parametrize(
    ("key", "value"),
    [("colour", "pink"), ("colour", ["Red", "Blue"]), ("areas", ["pink"]), ("turnover", "much"),
     ("since", "2026-02-31"),
     ("vip", "perhaps"), ("staff", 1.5), ("staff", 2**40), ("source", {"a": 1}), ("colour", {"a": 1}), ("areas", 7.5)],
)  # fmt: skip
def test_they_are_refused_at_their_key(api: Any, key: str, value: Any) -> None:
    office = api("office")
    body = {"name": "Acme", "phone": "600 100 200", key: value}
    refused = office.post("/api/v1/clients/", body)
    assert refused.status_code == 422 and list(refused.json["errors"]) == [key], refused.text
    refused = office.post("/crm/clients/upsert.json", {"external_id": "1", "client": body})
    assert refused.status_code == 422 and list(refused.json["errors"]) == [key], refused.text


def test_a_required_one_is_asked_of_new_clients_only(api: Any, make_client: Any, system: Any) -> None:
    acme = make_client("Acme", phone="600 100 200")
    with system() as session:
        session.add(AttributeDefinition(key="must", label="Must", type="text", required=True))
        session.commit()
    office = api("office")
    refused = office.post("/api/v1/clients/", {"name": "New", "phone": "600 100 201"})
    assert list(refused.json["errors"]) == ["must"]
    assert office.put(f"/api/v1/clients/{acme}", {"name": "Acme Ltd"}).status_code == 200
    assert (
        office.post("/crm/clients/upsert.json", {"external_id": "1", "client": {"name": "X"}}).status_code
        == 201
    )
