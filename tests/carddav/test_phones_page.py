"""The page on which a user connects phones: keys that open the address book alone, and that end."""

import re
import shlex
from pathlib import Path
from typing import Any

from flask_appbuilder.security.sqla.models import ApiKey
from sqlalchemy import select

from crm.integrations.carddav import book
from crm.models import CarddavListing
from tests.api.conftest import Caller
from tests.carddav.conftest import Phone

PAGE = "/crm/phones/"
GUIDE = Path(__file__).parents[2] / "docs" / "carddav.md"


def key_in(text: str) -> str:
    found = re.search(r">(crm_[\w-]+)<", text)
    assert found
    return found[1]


def test_a_phone_is_connected_and_ended(
    app: Any, sign_in: Any, system: Any, make_client: Any, monkeypatch: Any
) -> None:
    acme = make_client("Acme", assignees=["alice"], phone="600 100 200")
    make_client("Bob's", assignees=["bob"], phone="600 100 200")
    alice, bob = sign_in("alice"), sign_in("bob")
    assert alice.get("/crm/carddav/").location == PAGE
    assert "/login/" in app.test_client().get("/crm/carddav/").location
    shown = alice.get(PAGE).text
    assert (
        "http://127.0.0.1:8080/crm/carddav/" in shown
        and PAGE in alice.get("/").text
        and PAGE in alice.get("/crm/palette?q=phone").text
    )
    for wrong in ("", "  ", "x" * 61):
        refused = alice.post(PAGE, data={"name": wrong})
        assert refused.status_code == 422 and 'aria-invalid="true"' in refused.text
        assert f'value="{wrong}"' in refused.text
    made = alice.post(PAGE, data={"name": " Old  phone "})
    assert made.status_code == 200 and made.headers["Cache-Control"] == "private, no-store"
    key = key_in(made.text)
    phone, as_api = Phone(app, "Alice", key), Caller(app, f"Bearer {key}")
    assert len(phone.list()) == 2 == len(phone.sync()[0])
    assert as_api.get("/api/v1/clients/").status_code == 403
    assert as_api.get(f"/api/v1/clients/{acme}").status_code == 403
    shown = alice.get(PAGE).text
    assert "Old phone" in shown and "just now" in shown and key not in shown
    assert "Old phone" not in bob.get(PAGE).text and "too many for a phone" not in shown
    monkeypatch.setattr(book, "MOST_CLIENTS", 1)
    assert "too many for a phone" in sign_in("office").get(PAGE).text
    with system() as session:
        number = session.scalars(select(ApiKey.id)).one()
    for pk in (number, 10**20, "x"):
        assert bob.post(f"{PAGE}remove/{pk}").status_code == 404
    assert len(phone.list()) == 2
    assert "Old phone" in alice.post(f"{PAGE}remove/{number}", follow_redirects=True).text
    assert phone("PROPFIND").status_code == 401
    with system() as session:
        assert session.scalars(select(CarddavListing.token)).all() == []
    assert alice.post(f"{PAGE}remove/{number}").status_code == 404
    assert "Old phone" not in alice.get(PAGE).text


def test_an_admin_can_take_it_from_a_role(app: Any, sign_in: Any, system: Any, phone: Any) -> None:
    alice = phone("alice")
    with system():
        manager = app.appbuilder.sm
        manager.del_permission_role(
            manager.find_role("Sales rep"), manager.find_permission_view_menu("can_use", "carddav")
        )
    assert alice("PROPFIND").status_code == 403
    browser = sign_in("alice")
    assert PAGE not in browser.get("/").text and browser.get(PAGE).status_code != 200


def test_the_command_in_the_guide_makes_a_key(app: Any) -> None:
    command = re.search(r"^\.venv/bin/flask (.+)$", GUIDE.read_text(), re.M)
    assert command
    made = app.test_cli_runner().invoke(args=shlex.split(command[1]))
    assert made.exit_code == 0, made.output
    assert Phone(app, "alice", made.output.split()[-1]).list() == {}
