"""The description of the API: valid, whole, and true."""

import re
from typing import Any

import pytest
from openapi_spec_validator import validate

from crm.records import RECORDS


@pytest.fixture
def document(api: Any) -> dict[str, Any]:
    answer = api("admin").get("/api/v1/_openapi")
    assert answer.status_code == 200
    return answer.json


def test_it_is_valid(document: dict[str, Any]) -> None:
    validate(document)


def test_every_route_is_in_it(app: Any, document: dict[str, Any]) -> None:
    described = {(re.sub(r"{[^}]+}", "{}", path), method.upper()) for path, item in document["paths"].items()
                 for method in item}  # fmt: skip
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", "{}", rule.rule)
        if not path.startswith("/api/") and not rule.endpoint.startswith(
            ("ClientUpsertApi", "ClientActionsApi")
        ):
            continue
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            assert (path, method) in described, (path, method)


def test_every_field_is_in_it(document: dict[str, Any], api: Any, make_client: Any) -> None:
    schemas = document["components"]["schemas"]
    admin, acme = api("admin"), make_client("Acme")
    assert set(admin.get(f"/api/v1/clients/{acme}").json["result"]) == set(schemas["Client"]["properties"])
    for record in RECORDS:
        info = admin.get(f"/api/v1/{record.url_name}/_info").json
        name = record.model.__name__
        assert set(info["columns"]) <= set(schemas[name]["properties"]), name
        assert set(info["fields"]) == set(schemas[f"{name}Input"]["properties"]), name


def test_the_page_opens_for_who_may(sign_in: Any) -> None:
    for name in ("admin", "alice"):
        page = sign_in(name).get("/swagger/v1")
        assert page.status_code == 200
        assert "/api/v1/_openapi" in page.text
        assert "://" not in re.sub(r"http://localhost[^\"']*", "", page.text.split("<main")[1])
        assert sign_in(name).get("/api/v1/_openapi").status_code == 200
