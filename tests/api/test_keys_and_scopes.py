"""API keys and tokens: who they are, what they may, when they end."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask_appbuilder.security.sqla.models import ApiKey, User
from openapi_spec_validator import validate
from sqlalchemy import select

from crm.extensions import db
from crm.models.types import utc_now
from crm.security.api_keys import allows
from crm.services.users import hash_password
from tests.api.conftest import Caller


@pytest.mark.parametrize(
    ("scopes", "resource", "right", "allowed"),
    [
        (None, "notes", "write", True),
        ("read", "notes", "read", True),
        ("read", "notes", "write", False),
        ("write", "notes", "write", True),
        ("write", "notes", "read", True),
        ("notes:read", "notes", "read", True),
        ("notes:read", "notes", "write", False),
        ("notes:read", "clients", "read", False),
        ("notes:write, read", "clients", "read", True),
        ("notes:write, read", "notes", "write", True),
        ("nonsense", "notes", "read", False),
    ],
)
def test_scopes(scopes: str | None, resource: str, right: str, allowed: bool) -> None:
    assert allows(scopes, resource, right) is allowed


def test_a_reading_key_writes_nowhere(app: Any, api: Any, make_client: Any) -> None:
    acme, other = make_client("Acme"), make_client("Other")
    reader = api("admin", scopes="read")
    assert reader.get("/api/v1/clients/").status_code == 200
    assert reader.get("/api/v1/_openapi").status_code == 200
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/api/") and not rule.rule.endswith(".json"):
            continue
        if rule.endpoint.startswith("SecurityApi"):
            continue
        url = re.sub(r"<[^>]+>", str(acme), rule.rule)
        for method in sorted((rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}):
            refused = reader(method, url, json={"source_id": acme, "target_id": other})
            assert refused.status_code == 403, (method, url)
            assert refused.json["code"] == 403
    assert reader.get(f"/api/v1/clients/{acme}").json["result"]["version"] == 1


def test_a_resource_scope_reaches_no_other(api: Any, make_client: Any) -> None:
    acme = make_client("Acme")
    notes = api("admin", scopes="notes:write")
    assert notes.post("/api/v1/notes/", {"text": "x", "client": acme}).status_code == 201
    assert notes.get("/api/v1/notes/").status_code == 200
    assert notes.get("/api/v1/clients/").status_code == 403
    assert notes.get("/crm/clients/e/x.json").status_code == 403
    contact = api("admin").post("/api/v1/contacts/", {"client": acme, "email": "ann@b.example"}).json["id"]
    # what makes another kind of record needs a key for both
    for scopes, status in (("contacts:write", 403), ("contacts:write,clients:write", 200)):
        made = api("admin", scopes=scopes).post(f"/crm/contacts/{contact}/to_client.json", {})
        assert made.status_code == status, made.text


def test_every_key_reads_the_description_of_what_it_may_call(api: Any) -> None:
    whole = api("admin", scopes="read").get("/api/v1/_openapi").json
    resources = {path.split("/")[3] for path in whole["paths"] if path.startswith("/api/v1/")} - {"security"}
    for resource in sorted(resources - {"_openapi"}):
        answer = api("admin", scopes=f"{resource}:read").get("/api/v1/_openapi")
        assert answer.status_code == 200, resource
        validate(answer.json)
        told = {path.split("/")[3] for path in answer.json["paths"] if path.startswith("/api/v1/")}
        assert told == {resource, "security", "_openapi"}
        assert ("/crm/clients/upsert.json" in answer.json["paths"]) == (resource == "clients")


def test_a_key_ends(app: Any, make_key: Any, system: Any) -> None:
    key = make_key("alice", days=1)
    alice = Caller(app, f"Bearer {key}")

    def change(**columns: Any) -> int:
        with system() as session:
            row = session.scalars(select(ApiKey)).one()
            for name, value in columns.items():
                setattr(row, name, value)
            session.commit()
        return alice.get("/api/v1/clients/").status_code

    now = utc_now().replace(tzinfo=None)
    assert change() == 200
    assert change(expires_on=now - timedelta(seconds=1)) == 401
    assert change(expires_on=now + timedelta(minutes=1)) == 200
    assert change(revoked_on=now) == 401
    assert change(revoked_on=None, active=False) == 401
    assert change(active=True) == 200
    with system() as session:
        session.scalars(select(User).where(User.username == "alice")).one().active = False
        session.commit()
    refused = alice.get("/api/v1/clients/")
    assert refused.status_code == 401 and refused.json["code"] == 401
    for wrong in (f"Bearer {key}x", "Bearer crm_", "Bearer x.y.z", "Basic YTpi", "Bearer", "nonsense"):
        refused = Caller(app, wrong).get("/api/v1/clients/")
        assert refused.status_code == 401 and refused.json["code"] == 401, wrong


def test_last_use_is_noted_once_a_minute(api: Any, system: Any, count_queries: Any) -> None:
    alice = api("alice")
    assert alice.get("/api/v1/clients/").status_code == 200
    with system() as session:
        first = session.scalars(select(ApiKey)).one().last_used_on
    assert first is not None and abs(first - utc_now().replace(tzinfo=None)) < timedelta(minutes=1)
    with count_queries() as statements:
        assert alice.get("/api/v1/clients/").status_code == 200
    assert not [s for s in statements if s.startswith(("UPDATE", "INSERT", "DELETE"))]
    with system() as session:
        key = session.scalars(select(ApiKey)).one()
        assert key.last_used_on == first
        key.last_used_on = first - timedelta(minutes=2)
        session.commit()
    alice.get("/api/v1/clients/")
    with system() as session:
        assert session.scalars(select(ApiKey)).one().last_used_on >= first


def test_no_key_is_stored_readably(make_key: Any, system: Any) -> None:
    key = make_key("alice")
    with system() as session:
        row = session.scalars(select(ApiKey)).one()
        assert key not in (row.key_hash, row.lookup_hash) and key.startswith("crm_")


def sign_in_by_api(app: Any, name: str = "alice", password: str = "demo") -> Any:
    return app.test_client().post(
        "/api/v1/security/login",
        json={"username": name, "password": password, "provider": "db", "refresh": True},
    )


def test_tokens(app: Any, make_client: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    given = sign_in_by_api(app)
    assert given.status_code == 200, given.text
    alice = Caller(app, f"Bearer {given.json['access_token']}")
    assert alice.get("/api/v1/clients/").json["ids"] == [acme]
    assert alice.post("/api/v1/notes/", {"text": "x", "client": acme}).status_code == 201
    again = Caller(app, f"Bearer {given.json['refresh_token']}").post("/api/v1/security/refresh")
    assert again.status_code == 200
    assert Caller(app, f"Bearer {again.json['access_token']}").get("/api/v1/clients/").status_code == 200
    assert Caller(app, f"Bearer {given.json['refresh_token']}").get("/api/v1/clients/").status_code == 401
    wrong = sign_in_by_api(app, password="wrong")
    assert wrong.status_code == 401 and set(wrong.json) == {"code", "message", "errors"}


def test_a_new_password_ends_tokens(app: Any, system: Any) -> None:
    given = sign_in_by_api(app).json
    with system() as session:
        user = session.scalars(select(User).where(User.username == "alice")).one()
        user.password = hash_password("another one, long enough")
        session.commit()
    for token, url in (("access_token", "/api/v1/clients/"), ("refresh_token", "/api/v1/security/refresh")):
        method = "GET" if token == "access_token" else "POST"
        refused = Caller(app, f"Bearer {given[token]}")(method, url)
        assert refused.status_code == 401 and refused.json["code"] == 401


def test_guessing_is_slowed_down(make_app: Any) -> None:
    limited = make_app(RATELIMIT_ENABLED=True)
    codes = [sign_in_by_api(limited, password="wrong").status_code for _ in range(12)]
    assert codes[:10] == [401] * 10 and codes[-1] == 429
    refused = sign_in_by_api(limited)
    assert refused.status_code == 429 and refused.json["code"] == 429
    refreshes = [
        Caller(limited, "Bearer x.y.z").post("/api/v1/security/refresh").status_code for _ in range(12)
    ]
    assert refreshes[0] == 401 and refreshes[-1] == 429


def test_the_command_line(app: Any, system: Any) -> None:
    run = app.test_cli_runner().invoke
    made = run(args=["crm", "api-key", "add", "shop", "--user", "alice", "--scope", "read"])
    assert made.exit_code == 0, made.output
    key = made.output.split()[-1]
    alice = Caller(app, f"Bearer {key}")
    assert alice.get("/api/v1/clients/").status_code == 200
    assert alice.post("/api/v1/clients/", {}).status_code == 403
    assert run(args=["crm", "api-key", "list"]).output.startswith("shop\talice\tread\tactive")
    assert run(args=["crm", "api-key", "add", "x", "--user", "nobody"]).exit_code != 0
    assert run(args=["crm", "api-key", "add", "x", "--user", "alice", "--scope", "all"]).exit_code != 0
    assert run(args=["crm", "api-key", "revoke", "shop"]).exit_code == 0
    assert run(args=["crm", "api-key", "revoke", "shop"]).exit_code != 0
    assert alice.get("/api/v1/clients/").status_code == 401
    with app.app_context():
        db.session.remove()
