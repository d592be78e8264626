"""A real client, vdirsyncer, given no more than the server's name: it finds the book and keeps a folder like it."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import vobject
from flask import Flask
from werkzeug.serving import make_server

from crm.models import Client, Contact
from crm.models.types import utc_now

SETTINGS = """
[general]
status_path = "{folder}/status/"

[pair phone]
a = "here"
b = "crm"
collections = ["from b"]
conflict_resolution = "b wins"
partial_sync = "revert"

[storage here]
type = "filesystem"
path = "{folder}/cards/"
fileext = ".vcf"

[storage crm]
type = "carddav"
url = "{address}/"
username = "alice"
password = "{key}"
read_only = true
"""


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_folder_is_kept_like_the_address_book(
    address: str, phone: Any, system: Any, make_client: Any, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text(SETTINGS.format(folder=tmp_path, address=address, key=phone("alice").key))

    def run(command: str) -> None:
        asked = [sys.executable, "-m", "vdirsyncer", "-c", str(config), command]
        done = subprocess.run(asked, input="y\n" * 5, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr

    def cards() -> dict[str, str]:
        """Name -> first number of every card in the folder."""
        texts = [path.read_text() for path in (tmp_path / "cards" / "clients").glob("*.vcf")]
        found = map(vobject.readOne, texts)
        return {one.fn.value: one.tel.value if hasattr(one, "tel") else "" for one in found}

    acme = make_client("Łódź Acme", assignees=["alice"], phone="600 100 200")
    bobs = make_client("Bob's", assignees=["bob"], phone="600 100 201")
    make_client("Foreign", assignees=["charlie"], phone="600 100 202")
    make_client("Secret", assignees=["alice"], phone="600 100 203", sensitive=True)
    with system() as session:
        session.add(Contact(client_id=acme, first_name="Ewa", last_name="Nowak", mobile="600 100 204"))
        session.commit()
    run("discover")
    run("sync")
    first = {"Łódź Acme": "+48600100200", "Bob's": "+48600100201", "Secret": "", "Ewa Nowak": "+48600100204"}
    assert cards() == first
    make_client("New", assignees=["alice"], phone="600 100 205")
    with system() as session:
        session.get(Client, acme).phone = "600 999 999"
        session.get(Client, bobs).archived_at = utc_now()
        session.commit()
    run("sync")
    assert cards() == {
        "Łódź Acme": "+48600999999", "Secret": "", "Ewa Nowak": "+48600100204", "New": "+48600100205",
    }  # fmt: skip
