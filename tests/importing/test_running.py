"""The job of imports: a check changes nothing and tells the truth, a run is one operation, a revert takes it back."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from openpyxl import Workbook, load_workbook
from sqlalchemy import func, select

from crm.errors import StateConflict
from crm.extensions import db
from crm.models import Change, Client, Contact, ImportRow, ImportRun, Note, Operation, Tag, TimelineEntry
from crm.services.importing import results, running, starting
from crm.services.importing.plan import SKIP
from crm.services.progress import Progress
from crm.services.search.entries import search
from crm.services.undo import operation as undoing
from tests.importing.test_client_rows import working
from tests.snapshots import differences, snapshot


class Quiet(Progress):
    """A run that nobody watches."""

    options: dict[str, Any] = {}

    def __init__(self) -> None:
        self.counters: dict[str, Any] = {}
        self.seen: list[tuple[int, int]] = []

    def progress(self, message: str, done: int = 0, total: int = 0) -> None:
        self.seen.append((done, total))


def csv_of(*rows: list[str]) -> io.BytesIO:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return io.BytesIO(text.getvalue().encode())


def begin(file: io.BytesIO, record: str = "client", name: str = "file.csv", **plan: Any) -> ImportRun:
    run = starting.begin(file, name, starting.find_record(record))
    run.plan = {**run.plan, **plan}
    db.session.commit()
    return run


def do(run: ImportRun, what: Callable[[ImportRun], None]) -> ImportRun:
    number = run.id
    what(run)
    db.session.commit()
    running.work_off(Quiet())
    db.session.expire_all()
    return db.session.get_one(ImportRun, number)


FILE = [
    ["Name", "E-mail", "Phone", "Tags", "External ID"],
    ["Acme", "info@acme.example", "", "Gold", "a1"],
    ["Nobody", "", "", "", "a2"],
    ["Bad", "no address", "", "", "a3"],
    ["Acme again", "INFO@acme.example", "600 100 200", "", ""],
    ["Known", "known@x.example", "600 300 400", "Gold, New", ""],
]


@pytest.mark.both_engines
def test_checked_run_reverted(
    app: Flask, make_client: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "PORTION", 2)
    known = make_client("Known Ltd", email="known@x.example", notes="old")
    with working(app) as session:
        before = snapshot()
        run = begin(csv_of(*FILE))
        run = do(run, starting.ask_check)
        assert (run.state, run.cursor, run.total) == ("checked", 5, 5)
        told = {"created": 2, "refused": 1, "updated": 2}
        assert run.counts == told and not differences(before, snapshot())
        assert (
            session.scalar(select(func.count()).select_from(Operation).where(Operation.kind == "import")) == 0
        )
        run = do(run, starting.ask_run)
        assert (run.state, run.counts, run.error) == ("done", told, None)
        rows = results.page_of_rows(run)
        assert [row.line for row in rows] == [2, 3, 4, 5, 6]
        acme, nobody = rows[0].record_id, rows[1].record_id
        assert [row.record_id for row in rows[2:]] == [None, acme, known]
        assert [row.matched for row in rows[3:]] == ["email", "email"]
        # one operation, on each timeline once, found by search
        operation = session.get_one(Operation, run.operation_id)
        assert (operation.kind, operation.details["unfinished"]) == ("import", False)
        changed = select(Change.operation_id).where(Change.client_id.in_([acme, nobody, known])).distinct()
        assert set(session.scalars(changed.where(Change.operation_id >= operation.id))) == {operation.id}
        told_of = select(TimelineEntry.kind).where(TimelineEntry.operation_id == operation.id)
        assert sorted(session.scalars(told_of)) == ["change", "created", "created"]
        assert [hit.row_id for hit in search("600100200", ["client"])] == [acme]
        # later edits stay, with what they belong to
        session.get_one(Client, known).notes = "newer"
        session.add(Note(client_id=acme, text="talked to them"))
        session.commit()
        run = do(run, starting.ask_revert)
        assert run.state == "done" and starting.undone_by(run) is not None
        session.expire_all()
        assert session.get(Client, nobody) is None
        assert session.get_one(Client, acme).name == "Acme again"
        one = session.get_one(Client, known)
        assert (one.name, one.phone, one.notes, one.tags) == ("Known Ltd", None, "newer", ())
        report = starting.undone_by(run).details
        assert ["client", acme, "changed", []] in report["left"]
        with pytest.raises(StateConflict):
            starting.ask_revert(run)


def test_errors_mended_and_imported_again(app: Flask) -> None:
    with working(app) as session:
        first = do(begin(csv_of(*FILE)), starting.ask_run)
        with results.error_file(first) as file:
            content = file.read().decode("utf-8-sig")
        assert content.splitlines()[0].endswith(",error")
        assert "Bad,no address" in content and content.count("\n") == 2
        mended = io.BytesIO(content.replace("no address", "bad@x.example").encode())
        second = do(begin(mended, name=results.error_name(first)), starting.ask_run)
        assert second.counts == {"created": 1}
        assert session.scalar(select(Client.name).where(Client.email == "bad@x.example")) == "Bad"
        # a workbook has its errors in a workbook
        book, sheet = Workbook(), io.BytesIO()
        for row in FILE:
            book.active.append(row)
        book.save(sheet)
        sheet.seek(0)
        third = do(begin(sheet, name="f.xlsx"), starting.ask_check)
        assert third.counts == {"unchanged": 2, "updated": 2, "refused": 1}
        with results.error_file(third) as file:
            rows = list(load_workbook(file).active.values)
        assert rows[0][-1] == "error" and rows[1][:2] == ("Bad", "no address")
        fourth = do(begin(csv_of(*FILE), strategy=SKIP), starting.ask_run)
        assert fourth.counts == {"skipped": 4, "refused": 1}


def test_stopped_goes_on(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "PORTION", 2)

    class Stopping(Quiet):
        def progress(self, message: str, done: int = 0, total: int = 0) -> None:
            if done == 2:
                starting.ask_stop(db.session.scalars(select(ImportRun)).one())
                db.session.commit()

    with working(app) as session:
        run = begin(csv_of(*FILE))
        starting.ask_run(run)
        session.commit()
        running.work_off(Stopping())
        session.expire_all()
        run = session.scalars(select(ImportRun)).one()
        assert (run.state, run.cursor) == ("stopped", 2)
        operation = session.get_one(Operation, run.operation_id)
        undoing.check_undoable(session(), operation)
        for change in (lambda run: starting.read_again(run, {"header": "2"}), starting.ask_check):
            with pytest.raises(StateConflict):
                change(run)
        run = do(run, starting.ask_run)
        assert (run.state, run.cursor, run.counts["created"]) == ("done", 5, 3)
        assert session.scalar(select(func.count(ImportRow.id))) == 5


def test_mappings_are_kept_and_proposed(app: Flask) -> None:
    rows = [["Firma X", "Kolumna Y", "Z"], ["Acme", "a@x.example", "one"], ["B", "b@x.example", "two"]]
    with working(app) as session:
        run = begin(csv_of(*rows))
        run.plan = {**run.plan, "mapping": {"0": "name", "1": "email", "2": "notes"}, "strategy": SKIP}
        starting.keep_mapping(run, "Shop", rows[0])
        session.commit()
        again = begin(csv_of([rows[0][1], rows[0][2], rows[0][0]], ["c@x.example", "three", "C"]))
        assert again.plan["mapping"] == {"0": "email", "1": "notes", "2": "name"}
        assert again.plan["strategy"] == SKIP
        assert [kept.name for kept in starting.mappings_of(starting.find_record("client"))] == ["Shop"]


def test_contacts_file_and_who_may(app: Flask, make_client: Callable[..., int]) -> None:
    make_client("Acme")
    rows = [
        ["Client", "First name", "Last name", "Tags"],
        ["Acme", "Jan", "Nowak", "Fair"],
        ["Other", "Ola", "K", ""],
    ]
    with working(app) as session:
        run = do(begin(csv_of(*rows), "contact"), starting.ask_run)
        assert run.counts == {"created": 1, "refused": 1}
        assert session.scalars(select(Contact.last_name)).all() == ["Nowak"]
        assert session.scalars(select(Tag.name)).all() == ["Fair"]
    with working(app, "alice"):
        run = do(begin(csv_of(*rows), "contact"), starting.ask_run)
        assert (run.state, run.cursor) == ("failed", 0)
        assert "may not import" in run.error
        assert [one.id for one in starting.imports()] == [run.id]
