"""What could give away, break or be broken on lists, imports, exports, history and duplicates: files made to do
harm, guesses at what is masked, sensitive values in addresses, parameters that nobody expects."""

import io
import zipfile
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Text, cast, select

from crm.errors import RuleError
from crm.extensions import db
from crm.models import (
    AttributeDefinition,
    BulkChange,
    Client,
    Contact,
    Deal,
    ListMemory,
    Operation,
    SavedView,
)
from crm.registry import registry
from crm.security.visibility import as_system
from crm.services.attributes.values import set_attributes
from crm.services.clients.parts import lock
from crm.services.importing import cells, results, source, starting, xlsx_reading
from crm.services.importing.converting import Converter
from crm.services.importing.source import open_source
from crm.services.reading import Unreadable
from tests.importing.test_client_rows import put, working
from tests.importing.test_reading_files import workbook
from tests.importing.test_record_rows import put as put_records
from tests.importing.test_running import begin, csv_of, do

ROW = '<row r="{n}"><c r="{at}{n}"><v>1</v></c></row>'


def sheet(rows: str, more: dict[str, bytes] | None = None) -> io.BytesIO:
    """A workbook with the headings Name and Notes and these rows, as XML; and these parts besides."""
    head = '<row r="1"><c r="A1" t="inlineStr"><is><t>Name</t></is></c><c r="B1"><v>7</v></c></row>'
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    xml = f'<worksheet xmlns="{space}"><sheetData>{head}{rows}</sheetData></worksheet>'
    parts = {"xl/worksheets/sheet1.xml": xml.encode(), **(more or {})}
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(["Name"]))) as old, zipfile.ZipFile(made, "w", 8) as new:
        for name in dict.fromkeys([*old.namelist(), *parts]):
            new.writestr(name, parts[name] if name in parts else old.read(name))
    made.seek(0)
    return made


@pytest.mark.parametrize(
    ("rows", "more"),
    [
        pytest.param('<row r="2"><c r="A2"><v>1e999</v></c></row>', {}, id="infinite"),
        pytest.param("".join(ROW.format(n=n, at="XFD") for n in range(2, 400)), {}, id="wide"),
        pytest.param("", {"xl/styles.xml": b" " * (33 * 1024**2)}, id="styles"),
        pytest.param(
            "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c><c r="XFD{n}" s="0"/></row>' for n in range(2, 90)),
            {}, id="blank cells",
        ),
    ],
)  # fmt: skip
def test_workbooks_that_would_do_harm_are_refused(
    app: Flask, rows: str, more: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_reading, "MOST_CELLS", 1_000_000)
    monkeypatch.setattr(source, "MOST_ROWS", 300)
    with app.test_request_context(), pytest.raises(RuleError) as error:
        open_source(sheet(rows, more), "a.xlsx")
    assert "rows at most" not in str(error.value.description)


def test_long_values_take_no_longer_than_they_are(app: Flask) -> None:
    """Each of these took minutes, or ended an import."""
    card = f"BEGIN:VCARD\nVERSION:3.0\nFN:Jan\nNOTE:{'a' * 100_000}\\\nEND:VCARD\n"
    with app.test_request_context():
        assert len(open_source(io.BytesIO(card.encode()), "a.vcf").sample()[0][-2]) > 100_000
        assert cells.split_words("," * 5_000 + "x", ["Big, bad"]) == ["x"]
        assert cells.split_words("Big, bad, x", ["Big, bad"]) == ["Big, bad", "x"]
    with working(app):
        ways = {"phone": "1" + " " * 50_000 + "2", "email": "(" * 5_000 + "a@b>", "id": "9" * 5_000}
        converter = Converter(registry()["client"], dict(enumerate(ways)), {})
        values, errors = converter.typed(list(ways.values()))
        assert not values and set(errors) == set(ways)
        with pytest.raises(Unreadable):
            cells.read_text("\ud800")


def test_what_a_file_says_is_shown_and_never_run(app: Flask, sign_in: Any) -> None:
    office = sign_in("office")
    half = '<row r="2"><c r="A2" t="inlineStr"><is><t>_xD800_ _x0041_</t></is></c></row>'
    card = "BEGIN:VCARD\nFN:Jan\nNOTE;CHARSET=utf-7;ENCODING=QUOTED-PRINTABLE:+2AA-\nEND:VCARD\n"
    name = "<img src=x onerror=alert(1)>.csv"
    for file, called in (
        (sheet(half), "a.xlsx"),
        (io.BytesIO(card.encode()), "a.vcf"),
        (csv_of(["<b>Name", "Notes"], ["<script>alert(1)</script>", "=1+1"]), name),
    ):
        sent = office.post("/crm/clients/import/", data={"file": (file, called)})
        assert sent.status_code == 302, called
        page = office.get(sent.location)
        assert page.status_code == 200
        assert not any(text in page.text for text in ("<script>alert", "<img src=x", "<b>Name"))
        # the row with the headings, in digits that are none
        assert office.post(f"{sent.location}/read", data={"header": "²"}).status_code < 500


def test_refused_rows_come_back_without_formulas(app: Flask) -> None:
    wrong = ["=cmd|' /C calc'!A0", "no address", "'=1", "+48 600 700 800"]
    with working(app):
        run = do(begin(csv_of(["Name", "E-mail", "@Notes", "Phone"], wrong)), starting.ask_run)
        with results.error_file(run) as file:
            head, row = file.read().decode("utf-8-sig").splitlines()
        assert head.startswith("Name,E-mail,'@Notes,Phone")
        # what was one apostrophe stays one when the file is read again
        assert row.startswith("'=cmd|' /C calc'!A0,no address,'=1,+48 600 700 800,")


# -- who may import and does not see what is masked


@pytest.fixture
def importing_rep(app: Flask) -> None:
    """Sales reps may import here: a role that the house has not, and that anybody can make."""
    with app.app_context(), as_system():
        sm = app.appbuilder.sm  # type: ignore[attr-defined]
        pair = sm.find_permission_view_menu("can_import", "client")
        sm.add_permission_role(sm.find_role("Sales rep"), pair)
        db.session.commit()


def test_an_import_answers_no_guess_at_what_is_masked(
    app: Flask, importing_rep: None, make_client: Any
) -> None:
    secret = {"email": "jan@hidden.example", "phone": "600 700 800", "tax_id": "1234563218"}
    known = make_client("Acme", assignees=["alice"], sensitive=True, **secret)
    with app.app_context(), as_system():
        person = Contact(client_id=known, first_name="Jan", last_name="Nowak", email="n@hidden.example",
                         phone="+48600111222")  # fmt: skip
        deal = Deal(client_id=known, title="Roof")
        db.session.add_all([person, deal])
        db.session.commit()
        number, deal_id = person.id, deal.id
    with working(app, "alice"):
        for name, right, wrong in (
            ("email", "jan@hidden.example", "x@hidden.example"),
            ("phone", "+48600700800", "+48600700801"),
            ("tax_id", "1234563218", "5260250274"),
        ):
            # by the name the client is found; and by what is masked nobody
            told = [put({"id": known, name: guess})[0] for guess in (right, wrong)]
            assert told[0].verdict == told[1].verdict == "refused", name
            assert told[0].details == told[1].details
            free = [put({"name": "Nobody", name: guess}, strategy="skip")[0] for guess in (right, wrong)]
            assert [one.verdict for one in free] == ["created", "created"], name
        for name, right, wrong in (
            ("email", "n@hidden.example", "z@hidden.example"),
            ("phone", "+48600111222", "+48600111223"),
        ):
            told = [put_records("contact", {"id": number, name: guess})[0] for guess in (right, wrong)]
            assert told[0].verdict == told[1].verdict == "refused", name
            assert told[0].details == told[1].details
            row = [put({"id": known, f"contact.{name}": guess, "contact.last_name": "Other"})[0]
                   for guess in (right, wrong)]  # fmt: skip
            assert row[0].verdict == row[1].verdict and row[0].details == row[1].details, name
        linked = put_records("deal", {"id": deal_id, "contact": "n@hidden.example"})[0]
        assert linked.verdict == "refused"


# -- sensitive values stand nowhere openly


def test_no_address_that_is_kept_says_a_sensitive_value(
    app: Flask, make_client: Any, sign_in: Any, system: Any
) -> None:
    number = make_client("Acme")
    with app.app_context(), as_system():
        db.session.add(AttributeDefinition(label="ID card", key="id_card", type="text", sensitive=True))
        db.session.commit()
        client = db.session.get(Client, number)
        lock(client)
        set_attributes(client, {"id_card": "ABA 300000"})
        db.session.commit()
    office = sign_in("office")
    state = "attr.id_card=ABA+300000"
    assert "Acme" in office.get(f"/crm/clients/list/?{state}").text
    said = office.post("/crm/views/clients/save", data={"state": state, "name": "X", "shared": "1"})
    assert said.status_code == 422 and "not kept in views" in said.text
    assert (
        office.post(
            "/crm/views/clients/save", data={"state": "attr.id_card.set=yes", "name": "Y"}
        ).status_code
        == 200
    )
    office.post("/crm/views/clients/remember", json={"state": state})
    assert office.get(f"/crm/clients/export?format=csv&{state}").status_code == 200
    bulk = {"type": "stars", "value": "3", "all": "yes", "list": f"{state}&kind=company", "expected": "1"}
    assert office.post("/crm/clients/bulk/", data=bulk).status_code == 302
    with system() as session:
        assert session.scalars(select(BulkChange.list_query)).all() == ["kind=company"]
        assert session.scalars(select(Client.stars)).all() == [3]
        kept = [
            *session.scalars(select(SavedView.query)),
            *session.scalars(select(ListMemory.query)),
            *session.scalars(select(cast(Operation.details, Text))),
        ]
        assert not any("300000" in (text or "") for text in kept)
        assert any(kind == "export" for kind in session.scalars(select(Operation.kind)))


# -- odd parameters

#: More digits than Python reads as a number.
LONG = "9" * 5_000
ODD = ("", " ", "x", "-1", "0", "1e9", "99999999999999999999", LONG, "%00", "%ED%A0%80", "%F0%9F%92%A9",
       "'%22%3E%3Cscript%3Ealert(1)", "0001-01-01", "9999-12-31", "nan", "%25", "a" * 3_000, "=1", "²")  # fmt: skip
PAGES = {
    "/crm/clients/list/": ("columns", "sort", "dir", "page", "page_size", "ids", "attr.age", "attr.age.from",
                           "attr.age.set", "attr.day", "attr.at.from", "attr.amount.to", "attr.", "attr..from",
                           "created_from", "created_to", "last_contact_before", "next_task", "consent"),
    "/crm/clients/list/?stars=²": ("page",),
    "/crm/clients/columns": ("columns",),
    "/crm/clients/filters/list": ("attr.age", "columns"),
    "/crm/contacts/list/": ("sort", "page", "page_size", "attr.x"),
    "/crm/views/clients/panel": ("layout", "columns", "sort", "stars"),
    "/crm/palette": ("q",),
    "/crm/clients/bulk/": ("type", "ids", "all", "list"),
    "/crm/clients/bulk/numbers": ("type", "ids", "value"),
    "/crm/clients/bulk/export": ("ids", "format", "columns"),
    "/crm/clients/import/": ("record",),
    "/crm/clients/duplicates/": ("page", "reason", "client", "show"),
    "/crm/clients/trash/": ("page", "search"),
    "/crm/operations/": ("kind", "user", "client", "from", "to", "page", "other"),
    "/crm/clients/history/1": ("field", "before"),
    "/crm/clients/show/1": ("as_of",),
    "/crm/clients/export": ("format", "columns", "sort"),
    "/crm/contacts/export": ("format", "sort", "attr.x"),
}  # fmt: skip


def test_no_page_fails_on_odd_parameters(app: Flask, make_client: Any, sign_in: Any) -> None:
    assert make_client("Acme", assignees=["alice"]) == 1
    with app.app_context(), as_system():
        kinds = {"age": "integer", "day": "date", "at": "date_time", "amount": "number"}
        db.session.add_all(AttributeDefinition(label=key, key=key, type=one) for key, one in kinds.items())
        db.session.commit()
    office, failed = sign_in("office"), []
    for page, names in PAGES.items():
        for place, name in enumerate(names):
            # each name with two of them, so that every one is sent somewhere
            for value in (LONG, ODD[(len(page) + place) % len(ODD)]):
                base = "type=stars&ids=1&" if "/bulk/" in page and name not in ("type", "ids", "all") else ""
                answer = office.get(f"{page}{'&' if '?' in page else '?'}{base}{name}={value}")
                if answer.status_code >= 500 or "<script>alert(1)" in answer.text:
                    failed.append((page, name, value[:30], answer.status_code))
    assert not failed
