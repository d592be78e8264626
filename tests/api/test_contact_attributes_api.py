"""Attributes of contacts over the API: each under its key, beside the contact's own fields."""

from typing import Any

import pytest

from crm.models import AttributeDefinition, AttributeOption
from crm.services.attributes import options as attribute_options

pytestmark = pytest.mark.both_engines


@pytest.fixture
def acme(system: Any, make_client: Any) -> int:
    """A client, and some attributes: of contacts, and one of clients."""
    with system() as session:
        for key, kind, more in (
            ("speaks", "words", {}), ("turnover", "number", {}), ("birthday", "date", {}), ("vip", "yes_no", {}),
            ("salutation", "text", {"default": "Dear"}),
        ):  # fmt: skip
            definition = AttributeDefinition(key=key, label=key, type=kind, applies_to="contact", **more)
            if kind == "words":
                definition.options = [AttributeOption(label=word) for word in ("Polish", "Dutch")]
            session.add(definition)
        session.add(AttributeDefinition(key="of_clients", label="x", type="text"))
        session.commit()
    return make_client("Acme", assignees=["alice"])


VALUES = {"speaks": ["dutch"], "turnover": "1 234,5", "birthday": "2000-02-29", "vip": False}
READ = {"speaks": ["Dutch"], "turnover": 1234.5, "birthday": "2000-02-29", "vip": False, "salutation": "Dear"}


def picked(data: dict[str, Any]) -> dict[str, Any]:
    return {key: data[key] for key in READ}


def test_they_stand_under_their_keys(api: Any, acme: int) -> None:
    office = api("office")
    added = office.post("/api/v1/contacts/", {"client": acme, "first_name": "Ann", **VALUES})
    assert added.status_code == 201, added.text
    url = f"/api/v1/contacts/{added.json['id']}"
    assert picked(office.get(url).json["result"]) == READ
    assert picked(office.get("/api/v1/contacts/").json["result"][0]) == READ
    assert (
        "of_clients" not in added.json["result"]
        and "speaks" not in office.get(f"/api/v1/clients/{acme}").json
    )
    changed = office.put(url, {"speaks": "Polish, dutch", "turnover": None})
    assert picked(changed.json["result"]) == {**READ, "speaks": ["Polish", "Dutch"], "turnover": None}
    assert changed.json["result"]["version"] > added.json["result"]["version"]
    again = office.put(url, changed.json["result"])
    assert again.status_code == 200, again.text
    assert again.json["result"]["version"] == changed.json["result"]["version"]


@pytest.mark.parametrize(("key", "value"), [
    ("speaks", ["pink"]), ("turnover", "much"), ("birthday", "2026-02-31"), ("vip", "perhaps"), ("of_clients", "x"),
    ("nonsense", 1), ("salutation", {"a": 1}),
])  # fmt: skip
def test_they_are_refused_at_their_key(api: Any, acme: int, key: str, value: Any) -> None:
    refused = api("office").post("/api/v1/contacts/", {"client": acme, "first_name": "Ann", key: value})
    assert refused.status_code == 422 and list(refused.json["errors"]) == [key], refused.text


def test_a_required_one_is_asked_of_new_contacts_only(api: Any, acme: int, system: Any) -> None:
    office, ann = api("office"), {"client": acme, "first_name": "Ann"}
    url = f"/api/v1/contacts/{office.post('/api/v1/contacts/', ann).json['id']}"
    with system() as session:
        session.add(
            AttributeDefinition(key="must", label="M", type="text", required=True, applies_to="contact")
        )
        session.commit()
    assert list(office.post("/api/v1/contacts/", ann).json["errors"]) == ["must"]
    assert office.post("/api/v1/contacts/", {**ann, "must": "x"}).status_code == 201
    assert office.put(url, {"first_name": "Anna"}).status_code == 200


def test_what_an_admin_changed_is_among_what_changed_since(api: Any, acme: int, system: Any) -> None:
    office = api("office")
    office.post("/api/v1/contacts/", {"client": acme, "first_name": "Ann", **VALUES})
    since = office.get("/api/v1/contacts/").json["result"][0]["changed_at"].replace("+00:00", "Z")
    with system() as session:
        definition = session.query(AttributeDefinition).filter_by(key="speaks").one()
        polish, dutch = definition.options
        attribute_options.replace_option(definition, dutch.id, polish.id)
        session.commit()
    later = office.get("/api/v1/contacts/1").json["result"]
    assert later["speaks"] == ["Polish"]
    assert office.get(f"/api/v1/contacts/?updated_since={since}").json["count"] == 1


def test_definitions_say_what_they_apply_to(api: Any, acme: int) -> None:
    office, url = api("office"), "/api/v1/attributes/"
    assert office.get(f"{url}?kind=contact").json["count"] == 5
    added = office.post(url, {"label": "Hat", "type": "text", "applies_to": "contact"})
    assert added.status_code == 201 and added.json["result"]["applies_to"] == "contact", added.text
    refused = office.put(f"{url}{added.json['id']}", {"applies_to": "client"})
    assert refused.status_code == 422 and list(refused.json["errors"]) == ["applies_to"]
    assert office.post(url, {"label": "Hat", "type": "text", "applies_to": "robot"}).status_code == 422
