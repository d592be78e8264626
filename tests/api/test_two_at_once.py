"""Several callers at once: every acknowledged edit is there, and nobody gets anybody else's rows."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from crm.models import Change, Client

pytestmark = pytest.mark.both_engines

CALLERS = 8


def at_once(work: Callable[[int], Any], callers: int = CALLERS) -> list[Any]:
    """What work gives for each caller's number, all begun together."""
    gate = threading.Barrier(callers)

    def begin(number: int) -> Any:
        gate.wait()
        return work(number)

    with ThreadPoolExecutor(callers) as pool:
        return list(pool.map(begin, range(callers)))


@pytest.mark.parametrize("edits", [4, pytest.param(125, marks=pytest.mark.slow)])
def test_no_acknowledged_edit_is_lost(api: Any, make_client: Any, system: Any, edits: int) -> None:
    """Each caller reads, adds a word of its own and writes, over and over; who comes late begins again."""
    acme = make_client("Acme", email="a@b.example")
    office, url = api("office"), f"/api/v1/clients/{acme}"

    def edit(number: int) -> list[str]:
        acknowledged = []
        for word in (f"<{number}.{n}>" for n in range(edits)):
            while True:
                read = office.get(url)
                notes = (read.json["result"]["notes"] or "") + word
                answer = office.put(url, {"notes": notes}, headers={"If-Match": read.headers["ETag"]})
                if answer.status_code == 200:
                    acknowledged.append(word)
                    break
                assert answer.status_code == 409, answer.text
        return acknowledged

    words = [word for mine in at_once(edit) for word in mine]
    assert len(words) == CALLERS * edits
    with system() as session:
        client = session.get(Client, acme)
        assert sorted(client.notes.replace("><", "> <").split()) == sorted(words)
        assert client.version == 1 + len(words)
        logged = select(func.count(Change.id)).where(Change.table_name == "client", Change.action == "update")
        assert session.scalar(logged) == len(words)


@pytest.mark.parametrize("edits", [3, pytest.param(125, marks=pytest.mark.slow)])
def test_edits_of_different_fields_all_stand(api: Any, make_client: Any, system: Any, edits: int) -> None:
    """Without a version each caller writes its own field: no write takes another field back."""
    acme = make_client("Acme", email="a@b.example")
    office, url = api("office"), f"/api/v1/clients/{acme}"
    names = ("notes", "description", "bank", "short_name", "website", "position", "tax_id", "peppol_id")

    def edit(number: int) -> None:
        for n in range(edits):
            answer = office.put(url, {names[number]: f"https://{n}.example"})
            assert answer.status_code == 200, answer.text

    at_once(edit)
    with system() as session:
        client = session.get(Client, acme)
        assert {getattr(client, name) for name in names} == {f"https://{edits - 1}.example"}


def test_writes_of_different_rows_do_not_mix(api: Any, make_client: Any, system: Any) -> None:
    rows = [make_client(f"Client {n}", email=f"c{n}@x.example") for n in range(CALLERS)]
    office = api("office")

    def edit(number: int) -> None:
        for n in range(5):
            sent = {"notes": f"{number}/{n}"} if n % 2 else {"description": f"{number}/{n}"}
            answer = office.put(f"/api/v1/clients/{rows[number]}", sent)
            assert answer.json["id"] == rows[number]
            assert answer.json["result"]["email"] == f"c{number}@x.example"

    at_once(edit)
    with system() as session:
        for number, row in enumerate(rows):
            client = session.get(Client, row)
            found = (client.name, client.email, client.notes, client.description)
            assert found == (f"Client {number}", f"c{number}@x.example", f"{number}/3", f"{number}/4")


def test_everybody_gets_their_own_rows(api: Any, make_client: Any, sign_in: Any) -> None:
    """Pages and API, filtered and not, by users who see different clients."""
    mine = {name: [make_client(f"{name}'s {n}", assignees=[name], stars=n) for n in range(4)]
            for name in ("alice", "charlie")}  # fmt: skip
    names = ["alice", "charlie"] * (CALLERS // 2)
    callers = {name: api(name) for name in mine}
    browsers = [sign_in(name) for name in names]

    def look(number: int) -> None:
        name = names[number]
        other = "charlie" if name == "alice" else "alice"
        for n in range(4):
            stars = (number + n) % 4
            found = callers[name].get(f"/api/v1/clients/?stars={stars}").json
            assert found["ids"] == [mine[name][stars]] and found["count"] == 1
            assert callers[name].get("/api/v1/clients/").json["ids"] == mine[name]
            page = browsers[number].get(f"/crm/clients/list/?stars={stars}").text
            assert f"{name}&#39;s {stars}" in page and f"{other}&#39;s" not in page
            assert f"{name}&#39;s {(stars + 1) % 4}" not in page

    at_once(look)
