"""The page of API keys: who makes which, what is shown once, who ends them."""

import re
from typing import Any

from sqlalchemy import select

from crm.models import Operation
from tests.api.conftest import Caller

URL = "/api-keys/"


def made_key(answer: Any) -> str:
    assert answer.status_code == 201, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return re.search(r'value="(crm_[^"]+)"', answer.text)[1]


def test_everybody_has_their_own(app: Any, sign_in: Any, make_client: Any, system: Any) -> None:
    acme = make_client("Acme", assignees=["alice"], email="a@b.example")
    alice, bob, admin = (sign_in(name) for name in ("alice", "bob", "admin"))
    assert "No keys yet" in alice.get(URL).text
    asked = {
        "name": "Shop",
        "rights": "some",
        "scopes": ["notes:write", "clients:read", "statuses:read"],
        "days": "30",
    }
    shop = Caller(app, f"Bearer {made_key(alice.post(f'{URL}add', data=asked))}")
    report = Caller(
        app,
        f"Bearer {made_key(admin.post(f'{URL}add', data={'name': 'Report', 'rights': 'read', 'days': 'never'}))}",
    )
    whole = Caller(
        app,
        f"Bearer {made_key(alice.post(f'{URL}add', data={'name': 'Whole', 'rights': 'all', 'days': '365'}))}",
    )

    assert shop.post("/api/v1/notes/", {"text": "x", "client": acme}).status_code == 201
    assert shop.get(f"/api/v1/clients/{acme}").status_code == 200
    assert shop.put(f"/api/v1/clients/{acme}", {"notes": "x"}).status_code == 403
    assert shop.get("/api/v1/deals/").status_code == 403
    assert report.get("/api/v1/deals/").status_code == 200
    assert report.post("/api/v1/notes/", {}).status_code == 403
    assert whole.put(f"/api/v1/clients/{acme}", {"notes": "x"}).status_code == 200

    page = alice.get(URL).text
    assert "Shop" in page and "Whole" in page and "Report" not in page
    # statuses are not hers to open, so they were not among what could be ticked
    assert (
        "Notes: read and write" in page
        and "Clients: read" in page
        and "Statuses" not in page.split("<main")[1]
    )
    assert "just now" in page and "crm_" not in page
    assert all(name in admin.get(URL).text for name in ("Shop", "Whole", "Report", "Alice"))
    assert "Shop" not in bob.get(URL).text

    shop_id, whole_id = (
        re.search(rf"{name}.*?/api-keys/(\d+)/revoke", page, re.DOTALL)[1] for name in ("Shop", "Whole")
    )
    assert bob.post(f"{URL}{shop_id}/revoke").status_code == 404
    assert shop.get("/api/v1/notes/").status_code == 200
    assert alice.post(f"{URL}{shop_id}/revoke").status_code == 302
    assert admin.post(f"{URL}{whole_id}/revoke").status_code == 302
    assert admin.post(f"{URL}{9**30}/revoke").status_code == 404
    assert shop.get("/api/v1/notes/").status_code == whole.get("/api/v1/notes/").status_code == 401
    assert report.get("/api/v1/notes/").status_code == 200
    assert "Revoked" in alice.get(URL).text
    with system() as session:
        kinds = list(session.scalars(select(Operation.kind).where(Operation.kind.startswith("api_key"))))
        assert sorted(kinds) == ["api_key.made"] * 3 + ["api_key.revoked"] * 2


def test_what_cannot_be_made_is_said_at_its_field(sign_in: Any) -> None:
    alice = sign_in("alice")
    for asked, said in (
        ({"name": "", "rights": "read", "days": "30"}, "Please fill this in."),
        ({"name": "x" * 101, "rights": "read", "days": "30"}, "100 characters"),
        ({"name": "typed", "rights": "some", "days": "30"}, "Tick at least one"),
        (
            {"name": "typed", "rights": "some", "scopes": ["statuses:write", "nonsense"], "days": "30"},
            "Tick at least one",
        ),
        ({"name": "typed", "rights": "everything", "days": "30"}, "Not a valid choice"),
        ({"name": "typed", "rights": "read", "days": "7"}, "Not a valid choice"),
    ):
        refused = alice.post(f"{URL}add", data=asked)
        assert refused.status_code == 422 and said in refused.text, asked
        assert asked["name"] in refused.text
    assert "No keys yet" in alice.get(URL).text
