"""Many clients changed from the list: whom, the numbers before, the result after, undo, and what is refused."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from crm.extensions import db
from crm.models import BulkChange, Client, Document, JobRun, StoredFile, Tag, Task
from crm.models.bulk_change import DONE, FAILED, WAITING
from crm.models.types import utc_now
from crm.security.visibility import including_hidden
from crm.services.bulk import runs as bulk_runs
from crm.services.bulk.runs import is_any_waiting, work_off
from crm.services.clients import trash
from crm.services.files import store as file_store
from crm.services.modules import switch_modules
from crm.services.progress import Progress
from tests.files.samples import PDF
from tests.snapshots import differences, snapshot
from tests.users import user

BULK = "/crm/clients/bulk/"


@pytest.fixture
def three(make_client: Any) -> list[int]:
    """Two of Alice's, one of them with stars, and one of Charlie's."""
    return [
        make_client("Acme", assignees=["alice"]),
        make_client("Bolt", assignees=["alice"], stars=3),
        make_client("Chain", assignees=["charlie"]),
    ]


@pytest.fixture
def few_at_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two clients are many; what waits for the worker stands in a queue of this test's own."""
    monkeypatch.setattr(bulk_runs, "AT_ONCE", 1)
    yield
    app.extensions["huey"].storage.close()
    app.extensions["huey_tables"] = False


class Quiet(Progress):
    """A run that nobody looks at."""

    def __init__(self) -> None:
        self.counters = {}

    def progress(self, message: str, done: int = 0, total: int = 0) -> None:
        db.session.commit()


def text_of(answer: Any) -> str:
    return " ".join(answer.get_data(as_text=True).split())


def test_ticked_ones(sign_in: Any, three: list[int], system: Any) -> None:
    """Preview, change, result on the list as it was, undo."""
    with system():
        before = snapshot()
    alice = sign_in("alice")
    asked = {"type": "stars", "ids": three, "list": "kind=company&page_size=50"}
    page = text_of(alice.get(BULK, query_string=asked))
    assert "2 clients" in page and "1 is not there any more, or not yours to change" in page
    numbers = text_of(alice.get(f"{BULK}numbers", query_string={**asked, "value": "3"}))
    assert "1 client will be changed" in numbers and "1 is so already" in numbers
    assert "2 clients" in text_of(alice.get(f"{BULK}numbers", query_string={**asked, "value": "7"}))
    refused = alice.post(BULK, data={**asked, "value": ""})
    assert refused.status_code == 422 and "Please fill this in." in text_of(refused)
    with system():
        assert not differences(before, snapshot())
    done = alice.post(BULK, data={**asked, "value": "3", "expected": "3"})
    assert done.location == "/crm/clients/list/?kind=company&page_size=50"
    page = text_of(alice.get(done.location))
    assert "Stars: 3 stars" in page and "1 client changed" in page
    assert "1 left as it is: It is so already." in page and "There is no such client." in page
    assert "data-bulk-done" not in text_of(alice.get(done.location))
    with system() as session:
        row = session.scalars(select(BulkChange)).one()
        assert (row.state, row.changed, row.ids, row.reasons) == (DONE, 1, None, {"missing": 1, "same": 1})
        assert [session.get(Client, n).stars for n in three] == [3, 3, 0]
        number = row.id
    details = text_of(alice.get(f"{BULK}show/{number}"))
    assert "Bolt" in details and "Chain" not in details and f"Number {three[2]}" in details
    for name, code in (("bob", 404), ("office", 200), ("vera", 403)):
        assert sign_in(name).get(f"{BULK}show/{number}").status_code == code, name
        assert sign_in(name).get(f"{BULK}progress/{number}").status_code == code, name
    assert sign_in("bob").post(f"{BULK}undo/{number}").status_code == 404
    listed = text_of(alice.get(f"{BULK}list/"))
    assert "Stars: 3 stars" in listed and f"show/{number}" in listed
    assert f"show/{number}" not in text_of(sign_in("office").get(f"{BULK}list/"))
    back = alice.post(f"{BULK}undo/{number}")
    assert back.location == done.location and "Undone." in text_of(alice.get(back.location))
    assert "See what the undo did" in text_of(alice.get(f"{BULK}show/{number}"))
    with system():
        assert not differences(before, snapshot())


def test_all_that_match_as_this_user_sees_it(
    sign_in: Any, three: list[int], make_client: Any, system: Any
) -> None:
    """Found out once, when it is confirmed; what came meanwhile is told."""
    alice = sign_in("alice")
    asked = {"type": "add_tag", "all": "yes", "list": "search=a&kind=company&sort=stars&page=7"}
    page = text_of(alice.get(BULK, query_string=asked))
    assert "1 client" in page and "all that match" in page
    another = make_client("Amber", assignees=["alice"])
    done = alice.post(BULK, data={**asked, "value": ["Gold"], "expected": "1"})
    assert "There were 1 before you confirmed, and 2 then." in text_of(alice.get(done.location))
    with system() as session:
        tag = session.scalars(select(Tag)).one()
        tagged = [n for n in (*three, another) if tag in session.get(Client, n).tags]
        assert (tag.name, tagged) == ("Gold", [three[0], another])
    file = alice.get(f"{BULK}export", query_string={**asked, "format": "csv"})
    assert file.status_code == 403
    office = sign_in("office")
    led = office.get(
        f"{BULK}export", query_string={"ids": three[1:], "list": "search=acme&sort=stars", "format": "csv"}
    )
    rows = office.get(led.location).get_data(as_text=True)
    assert "Bolt" in rows and "Chain" in rows and "Acme" not in rows
    led = office.get(f"{BULK}export", query_string={"all": "yes", "list": "search=acme", "format": "csv"})
    assert "Bolt" not in office.get(led.location).get_data(as_text=True)


def test_what_cannot_be_understood_is_refused_and_nothing_widened(
    sign_in: Any, three: list[int], system: Any
) -> None:
    office = sign_in("office")
    with system():
        before = snapshot()
    wrong: list[dict[str, Any]] = [
        {"all": "yes", "list": "tags=none-such"}, {"all": "yes", "list": "nonsense=1"}, {"all": "yes", "ids": three},
        {"all": "yes", "list": "status=%00"}, {"all": "true", "list": ""}, {"ids": ["x"]}, {"ids": []}, {},
        {"all": "yes", "list": "created_from=yesterday"}, {"all": "yes", "list": "x" * 9000},
        {"ids": [9**20]}, {"all": "yes", "list": "search=x;DROP"},
    ]  # fmt: skip
    for more in wrong[:-1]:
        asked = {"type": "archive", **more}
        assert office.get(BULK, query_string=asked).status_code == 400, more
        assert office.post(BULK, data=asked).status_code == 400, more
        assert office.get(f"{BULK}numbers", query_string=asked).status_code == 400, more
        assert office.get(f"{BULK}export", query_string={**more, "format": "csv"}).status_code in (302, 400)
    nobody = office.post(BULK, data={"type": "archive", **wrong[-1]})
    assert nobody.status_code == 400 and "No client matches any more." in text_of(nobody)
    assert office.post(BULK, data={"type": "nonsense", "ids": three}).status_code == 400
    with system():
        assert not differences(before, snapshot())


def test_each_role_finds_what_it_may(sign_in: Any, three: list[int], system: Any) -> None:
    pages = {name: text_of(sign_in(name).get("/crm/clients/list/")) for name in ("office", "alice", "vera")}
    assert 'value="delete"' in pages["office"] and f"{BULK}export" in pages["office"]
    assert 'value="status_id"' in pages["alice"] and 'value="task"' in pages["alice"]
    assert 'value="delete"' not in pages["alice"] and f"{BULK}export" not in pages["alice"]
    assert "data-check" not in pages["vera"]
    asked = {"type": "delete", "ids": three}
    assert sign_in("alice").post(BULK, data=asked).status_code == 403
    assert sign_in("vera").post(BULK, data={"type": "archive", "ids": three}).status_code == 403
    with system() as session:
        switch_modules(["sales"])
        session.commit()
        assert session.scalar(select(func.count(Client.id))) == 3
    task = {"type": "task", "ids": three, "title": "x"}
    assert sign_in("office").post(BULK, data=task).status_code == 403
    assert 'value="task"' not in text_of(sign_in("office").get("/crm/clients/list/"))


def test_delete_says_what_goes_too(sign_in: Any, three: list[int], system: Any) -> None:
    with system() as session:
        session.add_all([Task(client_id=n, title="x") for n in three])
        session.commit()
    office = sign_in("office")
    page = text_of(office.get(BULK, query_string={"type": "delete", "ids": three}))
    assert "They go to the trash" in page and 'Tasks</span> <span class="crm-row-end">3' in page
    done = office.post(BULK, data={"type": "delete", "ids": three})
    assert "3 clients changed" in text_of(office.get(done.location))
    assert "Acme" in text_of(office.get("/crm/clients/trash/"))


def test_one_file_for_documents_of_many(sign_in: Any, three: list[int], system: Any, app: Flask) -> None:
    """Each client has its own document; the file goes when the last of them is gone for good."""
    office, asked = sign_in("office"), {"type": "document", "ids": three[:2], "category": "contract"}
    missing = office.post(BULK, data=asked)
    assert missing.status_code == 422 and "Please fill this in." in text_of(missing)
    assert "2 clients" in text_of(office.get(f"{BULK}numbers", query_string=asked))
    office.post(BULK, data={**asked, "file": (io.BytesIO(b"MZ"), "virus.exe")})
    with system() as session:
        assert session.scalar(select(func.count(StoredFile.id))) == 0
    office.post(BULK, data={**asked, "file": (io.BytesIO(PDF), "Terms.pdf")})
    with system() as session:
        documents = list(session.scalars(select(Document).order_by(Document.client_id)))
        assert [(d.client_id, d.name, d.category) for d in documents] == [
            (three[0], "Terms.pdf", "contract"), (three[1], "Terms.pdf", "contract"),
        ]  # fmt: skip
        stored = session.scalars(select(StoredFile)).one()
        assert {d.stored_file_id for d in documents} == {stored.id}
        numbers = [d.id for d in documents]
    for number in numbers:
        assert office.get(f"/crm/documents/{number}/download").data == PDF
    office.post(BULK, data={"type": "delete", "ids": three[:2]})
    for left, gone in ((1, three[0]), (0, three[1])):
        with system() as session:
            with including_hidden():
                trash.purge(session.get(Client, gone))
            session.commit()
            assert session.scalar(select(func.count(StoredFile.id))) == left
            if left:
                assert b"".join(file_store.content_of(session.scalars(select(StoredFile)).one())) == PDF


# -- those that are left to the worker


@pytest.mark.both_engines
def test_many_are_left_to_the_worker(sign_in: Any, three: list[int], system: Any, few_at_once: None) -> None:
    """As whoever asked, once; whoever may no longer is refused."""
    alice = sign_in("alice")
    asked = {"type": "stars", "all": "yes", "list": "", "value": "1"}
    shown = alice.post(BULK, data=asked).location
    page = text_of(alice.get(shown))
    assert "Changing 2 clients" in page and "hx-get" in page and "No worker is running" in page
    for _again in range(2):
        assert "is being done" in text_of(alice.get("/crm/clients/list/?kind=company"))
    with system() as session:
        assert [r.kind for r in session.scalars(select(JobRun))] == ["bulk"]
        row = session.scalars(select(BulkChange)).one()
        assert (row.state, row.ids, is_any_waiting()) == (WAITING, three[:2], True)
        assert session.get(Client, three[0]).stars == 0
        session.rollback()
        work_off(Quiet())
        work_off(Quiet())
        assert [session.get(Client, n).stars for n in three] == [1, 1, 0]
        session.refresh(row)
        assert (row.state, row.changed, row.ids, is_any_waiting()) == (DONE, 2, None, False)
    assert "2 clients changed" in text_of(alice.get("/crm/clients/list/?kind=company"))
    assert "2 clients changed" in text_of(alice.get(shown))
    again = alice.post(BULK, data={**asked, "value": "2"}).location
    with system() as session:
        user("alice").active = False
        session.commit()
        work_off(Quiet())
        row = session.scalars(select(BulkChange).order_by(BulkChange.id.desc())).first()
        assert (row.state, row.ids) == (FAILED, None)
        assert session.get(Client, three[0]).stars == 1
    assert "cannot sign in any more" in text_of(sign_in("office").get(again))


def test_a_failing_one_does_not_hold_up_the_others(
    sign_in: Any, three: list[int], system: Any, few_at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = sign_in("office")
    asked = {"all": "yes", "list": ""}
    office.post(BULK, data={"type": "remove_tag", "value": "Gone", **asked})
    with system() as session:
        tag = Tag(name="Gone")
        session.add(tag)
        session.commit()
    office.post(BULK, data={"type": "add_tag", "value": "Gone", **asked})
    first = office.post(BULK, data={"type": "remove_tag", "value": "Gone", **asked})
    assert first.status_code == 302
    office.post(BULK, data={"type": "archive", **asked})
    real = bulk_runs.change_many

    def fails(ids: Any, type: str, value: Any = None) -> Any:
        if type == "remove_tag":
            raise ZeroDivisionError
        return real(ids, type, value)

    monkeypatch.setattr(bulk_runs, "change_many", fails)
    with system() as session:
        work_off(Quiet())
        states = list(session.scalars(select(BulkChange.state).order_by(BulkChange.id)))
        assert states == [DONE, FAILED, DONE]
        archived = select(func.count(Client.id)).where(Client.archived_at <= utc_now())
        assert session.scalar(archived) == 3
