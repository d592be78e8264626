"""The pages of imports: from the upload to the result, refusals kept on the page, who may."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import Workbook

from crm.extensions import db
from crm.models import Client, ImportMapping, ImportRun, JobRun
from crm.security.visibility import as_system
from crm.services.importing import running
from tests.importing.test_running import Quiet

BASE = "/crm/clients/import/"
FILE = "Name;E-mail;City;Tags\nAcme;a@x.example;Łódź;Gold\nBad;nothing;;\nB;b@x.example;;\n"


def upload(browser: FlaskClient, text: str = FILE, name: str = "file.csv", **data: str) -> Any:
    return browser.post(
        BASE, data={"file": (io.BytesIO(text.encode("cp1250")), name), "record": "client", **data}
    )


def work(app: Flask) -> None:
    with app.app_context():
        running.work_off(Quiet())
        db.session.remove()


def chosen(**more: Any) -> dict[str, Any]:
    return {
        "column-0": "name", "column-1": "email", "column-2": "billing.city", "column-3": "tags", "strategy": "update",
        "clear": "", "replace_tags": "", "status": "vip", "then": "check", **more,
    }  # fmt: skip


def test_from_the_file_to_the_result(app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    office = sign_in("office")
    answer = upload(office)
    page = office.get(answer.location).text
    assert "Łódź" in page and 'value="billing.city" selected' in page
    # what is chosen wrongly is said, and what was chosen stays
    wrong = office.post(f"{BASE}1/plan", data=chosen(**{"column-1": "nonsense"}))
    assert wrong.status_code == 400 and "There is no such field." in wrong.text
    wrong = office.post(f"{BASE}1/plan", data=chosen(strategy="nonsense"))
    assert wrong.status_code == 400 and 'selected value="vip"' in wrong.text
    assert office.post(f"{BASE}1/plan", data={"then": "check"}).status_code == 400
    answer = office.post(f"{BASE}1/plan", data=chosen(mapping_name="Fair"))
    assert answer.status_code == 302
    assert "hx-get" in office.get(f"{BASE}1").text
    assert office.post(f"{BASE}1/run").status_code == 302  # it is being checked: nothing happens
    work(app)
    assert office.get(f"{BASE}1/progress").headers["HX-Refresh"] == "true"
    page = office.get(f"{BASE}1?verdict=refused").text
    assert "This is not an e-mail address." in page and "Nothing has been written" in page
    assert office.get(f"{BASE}1?verdict=nonsense").status_code == 400
    office.post(f"{BASE}1/run")
    work(app)
    page = office.get(f"{BASE}1").text
    assert "Acme" in page and "2 added" in page
    with office.get(f"{BASE}1/errors") as errors:
        lines = errors.text.splitlines()
    assert lines[0].endswith(";error") and lines[1].startswith("Bad;nothing;")
    with app.app_context(), as_system():
        client = db.session.query(Client).filter_by(name="Acme").one()
        assert (client.billing_city, client.status.code, [t.name for t in client.tags]) == (
            "Łódź",
            "vip",
            ["Gold"],
        )
        assert client.created_by_id == db.session.get(ImportRun, 1).user_id
        assert db.session.query(JobRun).filter_by(kind="import").count() == 1
    assert "Fair" in office.get(upload(office).location).text
    assert office.post(f"{BASE}2/use/1").status_code == 302
    assert office.post(f"{BASE}2/read", data={"encoding": "utf-16", "header": "1"}).status_code == 302
    office.post(
        f"{BASE}2/read",
        data={"encoding": "cp1250", "delimiter": ";", "header": "1", "decimal": ",", "dates": "dmy"},
    )
    office.post(f"{BASE}mapping/1/forget")
    office.post(f"{BASE}2/forget")
    with app.app_context():
        assert db.session.query(ImportMapping).count() == 0 and db.session.get(ImportRun, 2) is None
    office.post(f"{BASE}1/revert")
    work(app)
    assert "Taken back" in office.get(BASE).text
    with app.app_context(), as_system():
        assert db.session.query(Client).count() == 0
    assert office.get(f"{BASE}9").status_code == 404


@pytest.mark.parametrize("name", ["alice", "vera"])
def test_only_who_may(app: Flask, sign_in: Callable[..., FlaskClient], name: str) -> None:
    upload(sign_in("office"))
    browser = sign_in(name)
    for way in ("", "1", "1/progress", "1/errors"):
        assert browser.get(BASE + way).status_code in (302, 403), way
    assert upload(browser).status_code in (302, 403)
    assert "Import" not in browser.get("/crm/clients/list/").text
    with app.app_context():
        assert db.session.query(ImportRun).count() == 1


def test_files_that_are_none(app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    office = sign_in("office")
    for text, name in (("", "a.csv"), ("<html>", "a.html"), ("PNG", "a.xlsx")):
        answer = upload(office, text, name)
        assert 400 <= answer.status_code < 500 and "alert-danger" in answer.text, name
    assert office.post(BASE, data={"record": "client"}).status_code == 400
    assert upload(office, record="invoice").status_code == 400
    with app.app_context():
        assert db.session.query(ImportRun).count() == 0


def test_another_sheet_is_looked_at_anew(app: Flask, sign_in: Callable[..., FlaskClient]) -> None:
    book = Workbook()
    for row in [["A title"], [], ["Name", "E-mail"], ["Acme", "a@x.example"]]:
        book.active.append(row)
    other = book.create_sheet("Other")
    for row in (["Name", "Phone"], ["B", "600 100 200"], ["C", "600 100 300"]):
        other.append(row)
    file = io.BytesIO()
    book.save(file)
    office = sign_in("office")
    sent = {"file": (io.BytesIO(file.getvalue()), "two.xlsx"), "record": "client"}
    page = office.get(office.post(BASE, data=sent).location).text
    assert 'name="header" type="text" value="3"' in page
    chosen = {"sheet": "Other", "header": "3", "decimal": ".", "dates": "dmy"}
    assert office.post(f"{BASE}1/read", data=chosen).status_code == 302
    page = office.get(f"{BASE}1?edit=yes").text
    assert 'name="header" type="text" value="1"' in page and 'value="phone" selected' in page
    assert "Clients, 2 rows" in page
