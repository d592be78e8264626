"""What was done, narrowed as one likes; and what an undo will do, before it is done."""

import html
import io
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import func, select, update

from crm.extensions import db
from crm.models import Change, Client, ClientTag, Deal, Note, Operation, Tag
from crm.security.visibility import as_user
from crm.services.bulk.change import change_many
from crm.services.importing import running
from tests.importing.test_running import Quiet

PAGE = "/crm/operations/"


def told(answer: Any) -> str:
    main = answer.text.split("<main")[1]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


def numbers(browser: FlaskClient, query: str) -> set[int]:
    """The operations that the list shows."""
    answer = browser.get(f"{PAGE}?{query}")
    assert answer.status_code == 200, query
    return {
        int(number) for number in re.findall(r'crm-title"><a href="/crm/operations/show/(\d+)"', answer.text)
    }


@pytest.fixture
def done(make_client: Any, system: Any) -> dict[str, int]:
    """What Alice and Bob did: name -> operation."""
    acme, other = (make_client(name, assignees=["alice"], email="a@x.example") for name in ("Acme", "Other"))
    found = {"acme": acme, "other": other}
    with system() as session:

        def last(name: str) -> None:
            session.commit()
            found[name] = session.scalar(select(func.max(Operation.id)))

        session.add(Tag(name="Gold"))
        session.commit()
        alice, bob = (session.scalars(select(User).where(User.username == n)).one() for n in ("alice", "bob"))
        with as_user(alice):
            note = Note(client_id=acme, text="Call back on Monday")
            session.add(note)
            last("note")
            session.delete(note)
            last("deleted")
            session.get(Client, acme).phone = "600 100 200"
            last("phone")
        with as_user(bob):
            change_many([acme, other], "add_tag", "Gold")
            last("bulk")
        session.connection().execute(
            update(Operation.__table__).where(Operation.id == found["note"])
            .values(at=datetime(2026, 3, 1, 12, tzinfo=UTC))
        )  # fmt: skip
        session.commit()
    return found


@pytest.mark.both_engines
def test_the_list_is_narrowed(done: dict[str, int], sign_in: Any) -> None:
    office, alice = sign_in("office"), sign_in("alice")
    mine = {done[name] for name in ("note", "deleted", "phone")}
    assert numbers(office, "user=alice") == mine
    assert numbers(alice, "") == mine
    assert numbers(office, "kind=bulk") == {done["bulk"]} == numbers(office, "user=bob")
    assert numbers(office, "kind=delete") == {done["deleted"]}
    assert numbers(office, "from=2026-03-01&to=2026-03-01") == {done["note"]}
    assert numbers(office, f"client={done['other']}&user=bob") == {done["bulk"]}
    assert done["bulk"] not in numbers(office, "user=system")
    page = told(office.get(PAGE))
    assert "Notes: deleted Call back on Monday" in page
    assert "Clients: changed Phone" in page and "Tags added" in page
    for query in ("kind=nonsense", "user=nobody", "from=x", "nonsense=1"):
        assert office.get(f"{PAGE}?{query}").status_code == 400, query
    # whose operations there are is not theirs to see
    assert alice.get(f"{PAGE}?user=bob").status_code == 400
    assert "Nothing matches" in office.get(f"{PAGE}?kind=import").text


@pytest.mark.both_engines
def test_an_undo_is_shown_before_it_is_done(done: dict[str, int], sign_in: Any, system: Any) -> None:
    with system() as session:
        session.scalars(select(ClientTag).where(ClientTag.client_id == done["other"])).one()
        session.delete(session.scalars(select(ClientTag).where(ClientTag.client_id == done["other"])).one())
        session.commit()
        before = session.scalar(select(func.count(Change.id)))
    office, number = sign_in("office"), done["bulk"]
    answer = office.post(f"{PAGE}preview/{number}")
    page = told(answer)
    assert "Tags of clients 1" in page and "Will be left alone 1" in page and "deleted since" in page
    with system() as session:
        # nothing was written
        assert session.scalar(select(func.count(Change.id))) == before
        assert session.scalar(select(func.count(ClientTag.id))) == 1
        assert session.get(Operation, number).undone_by_id is None
    assert sign_in("alice").post(f"{PAGE}preview/{number}").status_code == 404
    assert sign_in("vera").post(f"{PAGE}preview/{number}").status_code in (302, 403)
    answer = office.post(f"{PAGE}undo/{number}")
    assert "Undone, but for what was changed since." in office.get(answer.location).text
    assert "Undone · Office" in told(office.get(PAGE))
    assert "undone already" in office.post(f"{PAGE}preview/{number}", follow_redirects=True).text
    with system() as session:
        assert session.scalar(select(func.count(ClientTag.id))) == 0


def test_a_deleted_record_comes_back(done: dict[str, int], sign_in: Any, system: Any) -> None:
    alice = sign_in("alice")
    page = alice.get(f"{PAGE}show/{done['deleted']}").text
    assert "Call back on Monday" in page and f"preview/{done['deleted']}" in page
    assert "Notes 1" in told(alice.post(f"{PAGE}preview/{done['deleted']}"))
    alice.post(f"{PAGE}undo/{done['deleted']}")
    with system() as session:
        assert session.scalars(select(Note.text)).all() == ["Call back on Monday"]
        session.add_all([Deal(client_id=done["acme"], title="d"), Tag(name="x")])
        session.commit()
    # what one may no longer see is not told
    with system() as session:
        client = session.get(Client, done["acme"])
        client.assignees = [session.scalars(select(User).where(User.username == "charlie")).one()]
        session.commit()
    assert "Monday" not in alice.get(PAGE).text


def test_files_are_told_of(app: Any, make_client: Any, sign_in: Any) -> None:
    make_client("Acme", email="a@x.example")
    office = sign_in("office")
    assert office.get("/crm/clients/export?format=vcf").status_code == 200
    sent = {"file": (io.BytesIO(b"Name;E-mail\nBeta;b@x.example\n"), "fair.csv"), "record": "client"}
    assert office.post("/crm/clients/import/", data=sent).status_code == 302
    chosen = {"column-0": "name", "column-1": "email", "strategy": "update", "clear": "", "replace_tags": "",
              "status": "", "then": "run"}  # fmt: skip
    assert office.post("/crm/clients/import/1/plan", data=chosen).status_code == 302
    with app.app_context():
        running.work_off(Quiet())
        db.session.remove()
    assert "Exported Clients, 1 row, vCard –" in told(office.get(PAGE + "?kind=export"))
    assert "Import fair.csv –" in told(office.get(PAGE + "?kind=import"))
