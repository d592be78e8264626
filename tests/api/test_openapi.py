"""The description of the API: valid, whole, and true."""

import re
from typing import Any

import pytest
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import validate

from crm.models import AttributeDefinition, AttributeOption
from crm.records import RECORDS
from crm.services.modules import switch_modules
from crm.views.api.attribute_schemas import TYPES


@pytest.fixture
def document(api: Any) -> dict[str, Any]:
    answer = api("admin").get("/api/v1/_openapi")
    assert answer.status_code == 200
    return answer.json


def test_it_is_valid(document: dict[str, Any], api: Any, system: Any) -> None:
    validate(document)
    with system() as session:
        session.add(AttributeDefinition(label="Size", key="size", type="integer"))
        switch_modules({"sales"})
        session.commit()
    smaller = api("alice").get("/api/v1/_openapi").json
    validate(smaller)
    assert "/api/v1/tasks/" in document["paths"] and "/api/v1/tasks/" not in smaller["paths"]
    names = {one["name"] for one in smaller["paths"]["/api/v1/clients/"]["get"]["parameters"]}
    assert {"attr.size", "attr.size.from", "after", "updated_since"} <= names


def test_every_route_is_in_it(app: Any, document: dict[str, Any]) -> None:
    described = {(re.sub(r"{[^}]+}", "{}", path), method.upper()) for path, item in document["paths"].items()
                 for method in item}  # fmt: skip
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", "{}", rule.rule)
        if not path.startswith("/api/") and not rule.endpoint.split(".")[0].endswith("Api"):
            continue
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            assert (path, method) in described, (path, method)


def test_programs_can_be_made_from_it(document: dict[str, Any]) -> None:
    """Each operation has a name of its own, each answer a schema, each failure the one shape."""
    operations = [
        one for item in document["paths"].values() for one in item.values() if isinstance(one, dict)
    ]
    names = [one["operationId"] for one in operations]
    assert len(set(names)) == len(names) and all(name.isidentifier() for name in names)
    assert {"get_notes", "post_notes", "get_notes_pk", "post_clients_upsert"} <= set(names)
    for one in operations:
        # generated programs send every default along, and some parameters exclude each other
        assert not any("default" in parameter["schema"] for parameter in one.get("parameters", ()))
        for status, answer in one["responses"].items():
            if status >= "400":
                named = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
                said = named["content"]["application/json"]
                assert said["schema"]["$ref"].endswith("/Error") and str(said["example"]["code"]) == status
            else:
                assert status == "308" or answer["content"], one["summary"]


def test_every_field_is_in_it(document: dict[str, Any], api: Any, make_client: Any) -> None:
    schemas = document["components"]["schemas"]
    admin, acme = api("admin"), make_client("Acme")
    assert set(admin.get(f"/api/v1/clients/{acme}").json["result"]) == set(schemas["Client"]["properties"])
    for record in RECORDS:
        info = admin.get(f"/api/v1/{record.url_name}/_info").json
        name = record.model.__name__
        assert set(info["columns"]) <= set(schemas[name]["properties"]), name
        written = schemas.get(f"{name}Input") or schemas[f"{name}Changes"]
        assert set(info["fields"]) == written["properties"].keys() - {"version"}, name


def test_the_page_opens_for_who_may(sign_in: Any) -> None:
    for name in ("admin", "alice"):
        page = sign_in(name).get("/swagger/v1")
        assert page.status_code == 200
        assert "/api/v1/_openapi" in page.text
        assert "://" not in re.sub(r"http://localhost[^\"']*", "", page.text.split("<main")[1])
        assert sign_in(name).get("/api/v1/_openapi").status_code == 200


#: Asked for by rules of their own, beside what no such record is without.
MORE = {"client": ["name", "email"], "task": ["title"], "email": ["to"]}


def test_what_is_required_is_needed_and_enough(document: dict[str, Any], api: Any, make_client: Any) -> None:
    """The examples can be sent as they are; without any of what is required they cannot."""
    admin, schemas = api("admin"), document["components"]["schemas"]
    for name in ("Acme", "Bolt"):
        make_client(name, ["alice"])
    for record in RECORDS:
        if "add" not in record.actions:
            continue
        url, model = f"/api/v1/{record.url_name}/", record.model.__name__
        assert "required" not in schemas[f"{model}Changes"]
        required = schemas[f"{model}Input"].get("required", [])
        if record.key == "document":
            form = document["paths"][url]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
            assert required == ["client"] and form["required"] == ["file", "client"]
            continue
        content = document["paths"][url]["post"]["requestBody"]["content"]["application/json"]
        for name in [*required, *MORE.get(record.key, ())]:
            for sent in ({}, {name: None}):
                rest = {one: value for one, value in content["example"].items() if one != name}
                refused = admin.post(url, {**rest, **sent})
                assert refused.status_code == 422 and name in refused.json["errors"], (
                    url,
                    name,
                    refused.text,
                )
        added = admin.post(url, content["example"])
        assert added.status_code == 201, (url, content["example"], added.text)
        shown = schemas[model]["properties"]
        for name in content["example"]:
            assert not shown[name].get("readOnly"), (url, name)
        assert shown["id"]["readOnly"] and shown["created_at"]["readOnly"]


def test_attributes_are_fields(api: Any, system: Any, make_client: Any) -> None:
    """Each is in the description with its type, sensitive ones say nothing of what they hold, examples can be sent."""
    acme, admin = make_client("Acme", ["alice"], email="a@b.example"), api("admin")
    with system() as session:
        for kind in ("client", "contact"):
            for type_ in TYPES:
                words = [AttributeOption(label=word) for word in ("Gold", "Tin")] if "word" in type_ else []
                session.add(AttributeDefinition(label=type_, key=f"a_{type_}", type=type_, applies_to=kind,
                                                options=words, currency="EUR" if type_ == "money" else None,
                                                required=kind == "contact" and type_ == "date"))  # fmt: skip
            session.add(
                AttributeDefinition(label="S", key="secret", type="integer", applies_to=kind, sensitive=True)
            )
        session.commit()
    document = admin.get("/api/v1/_openapi").json
    validate(document)
    schemas = document["components"]["schemas"]
    contact = document["paths"]["/api/v1/contacts/"]["post"]["requestBody"]["content"]["application/json"][
        "example"
    ]
    assert schemas["ContactInput"]["required"] == ["client", "a_date"] and contact["a_date"]
    made = admin.post("/api/v1/contacts/", contact).json["id"]
    for name, url in (("Client", f"/api/v1/clients/{acme}"), ("Contact", f"/api/v1/contacts/{made}")):
        written = schemas[f"{name}Changes"]["properties"]
        values = {key: one["example"] for key, one in written.items() if key.startswith("a_")}
        answer = admin.put(url, {**values, "secret": 7})
        assert answer.status_code == 200, answer.text
        row = answer.json["result"]
        for key in values:
            OAS30Validator(schemas[name]["properties"][key]).validate(row[key])
        assert set(row) == set(schemas[name]["properties"])
        cleared = admin.put(url, dict.fromkeys(values)).json["result"]
        assert {cleared[key] for key in values} == {None}
    assert "type" not in schemas["Client"]["properties"]["secret"]
    seen = api("alice").get("/api/v1/_openapi").json["components"]["schemas"]
    assert "secret" in seen["Client"]["properties"] and "secret" not in seen["ClientChanges"]["properties"]
