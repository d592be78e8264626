"""Clients leave as CSV, XLSX or vCard: what the list shows, in words, safe to open, and logged."""

import csv
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import vobject
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import select

from crm.extensions import db
from crm.models import AttributeDefinition, Client, Contact, Deal, Operation
from crm.models.types import utc_now
from crm.security.visibility import as_system
from crm.services.attributes.values import set_attributes
from crm.services.exporting.table_files import harmless, unharmed

URL = "/crm/clients/export"
Make = Callable[..., int]


def table(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text[:500]
    return list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


def names(answer: Any) -> list[str]:
    return [row["Name"] for row in table(answer)]


@pytest.mark.both_engines
def test_it_is_what_the_list_shows_in_its_order(sign_in: Any, make_client: Make) -> None:
    for name, stars in (("Żółw", 1), ("Anna", 3), ("Bert", 2), ("Gone", 3)):
        make_client(name, stars=stars, archived_at=utc_now() if name == "Gone" else None)
    office = sign_in("office")
    assert names(office.get(f"{URL}?format=csv")) == ["Anna", "Bert", "Żółw"]
    assert names(office.get(f"{URL}?format=csv&stars=2&stars=3&sort=stars&dir=desc")) == ["Anna", "Bert"]
    assert names(office.get(f"{URL}?format=csv&search=zolw")) == ["Żółw"]
    assert names(office.get(f"{URL}?format=csv&archived=yes")) == ["Gone"]


def test_words_stand_for_codes(app: Flask, sign_in: Any, make_client: Make) -> None:
    with app.app_context(), as_system():
        db.session.add(AttributeDefinition(label="Ring size", key="ring", type="number"))
        db.session.add(AttributeDefinition(label="Insured", key="insured", type="yes_no"))
        db.session.commit()
    number = make_client(
        "Acme", kind="company", language="pl", billing_country="BE", consent=False, is_supplier=True,
        discount=Decimal("2.5"), phone="+48 600 100 200", assignees=["alice", "bob"],
    )  # fmt: skip
    with app.app_context(), as_system():
        client = db.session.get(Client, number)
        set_attributes(client, {"ring": "52,5", "insured": True})
        db.session.commit()
    (row,) = table(sign_in("office").get(f"{URL}?format=csv&columns=all"))
    told = {"Kind": "Company", "Language": "Polish", "Country": "Belgium", "Marketing consent": "No",
            "Supplier": "Yes", "Discount": "2.5", "Phone": "+48 600 100 200", "Assignees": "alice, bob",
            "Ring size": "52.5", "Insured": "Yes", "Archived": "No"}  # fmt: skip
    assert {label: row[label] for label in told} == told


def test_a_spreadsheet_gets_texts_numbers_and_moments(sign_in: Any, make_client: Make) -> None:
    make_client("=1+1", stars=2, notes="x" * 40_000, discount=Decimal("7.5"))
    with sign_in("office").get(f"{URL}?format=xlsx&columns=all") as answer:
        sheet = load_workbook(io.BytesIO(answer.get_data())).active
    heads, values = (list(row) for row in sheet.iter_rows(values_only=False))
    row = {head.value: cell for head, cell in zip(heads, values, strict=True)}
    assert (row["Name"].value, row["Name"].data_type) == ("=1+1", "s")
    assert (row["Stars"].value, row["Discount"].value) == (2, 7.5)
    assert row["Created"].is_date


def test_cells_are_no_formulas(sign_in: Any, make_client: Make) -> None:
    make_client('=HYPERLINK("http://x")', notes="@SUM(1)", phone="+48 600 100 200")
    (row,) = table(sign_in("office").get(f"{URL}?format=csv&columns=all"))
    assert row["Name"].startswith("'=")
    assert row["Internal notes"] == "'@SUM(1)"
    assert row["Phone"] == "+48 600 100 200"


@given(st.text())
def test_no_text_begins_a_formula_that_calls_something(text: str) -> None:
    safe = harmless(text)
    assert unharmed(safe) == text
    if safe[:1] in "=+-@\t\r" and safe:
        assert not any(c.isalpha() or c in "=|!@" for c in safe)


def test_address_books_get_clients_and_contacts(app: Flask, sign_in: Any, make_client: Make) -> None:
    number = make_client("Acme; Sons", kind="company", billing_city="Gent", billing_country="BE")
    with app.app_context(), as_system():
        db.session.add(Contact(client_id=number, first_name="Łucja", last_name="Nowak", mobile="600 100 200"))
        db.session.commit()
    answer = sign_in("office").get(f"{URL}?format=vcf")
    assert answer.content_type.startswith("text/vcard")
    company, person = vobject.readComponents(answer.get_data(as_text=True))
    assert (company.fn.value, company.org.value) == ("Acme; Sons", ["Acme; Sons"])
    assert (company.adr.value.city, company.adr.value.country) == ("Gent", "Belgium")
    assert (person.fn.value, person.org.value) == ("Łucja Nowak", ["Acme; Sons"])
    assert (person.tel.value, person.tel.type_param) == ("+48600100200", "CELL")


def test_what_nobody_understands_is_refused_and_not_widened(sign_in: Any, make_client: Make) -> None:
    make_client("Acme")
    office = sign_in("office")
    for query in ("format=csv&nonsense=1", "format=csv&stars=9", "format=pdf", "format=csv&columns=some",
                  "format=csv&sort=secret", ""):  # fmt: skip
        answer = office.get(f"{URL}?{query}")
        assert answer.status_code == 400, query
        assert "Acme" not in answer.text


def test_records_of_every_type_leave_too(app: Flask, sign_in: Any, make_client: Make) -> None:
    number = make_client("Acme", assignees=["alice"])
    with app.app_context(), as_system():
        db.session.add(Deal(client_id=number, title="=Ring", stage="won", amount=Decimal("1200.50")))
        db.session.add(Deal(client_id=number, title="Brooch", stage="new"))
        db.session.commit()
    office = sign_in("office")
    (row,) = table(office.get(f"/crm/deals/export?format=csv&client={number}&search=ring"))
    assert (row["Title"], row["Client"], row["Stage"], row["Amount"]) == ("'=Ring", "Acme", "Won", "1200.5")
    assert office.get("/crm/deals/export?format=vcf").status_code == 400
    assert office.get("/crm/deals/export?format=csv&nonsense=1").status_code == 400
    assert sign_in("alice").get("/crm/deals/export?format=csv").status_code == 403


def test_contacts_leave_with_attributes_and_as_cards(app: Flask, sign_in: Any, make_client: Make) -> None:
    number = make_client("Acme", assignees=["alice"])
    with app.app_context(), as_system():
        db.session.add(
            AttributeDefinition(label="Shoe size", key="shoe", type="number", applies_to="contact")
        )
        contact = Contact(client_id=number, first_name="Łucja", last_name="Nowak", mobile="600 100 200")
        db.session.add(contact)
        db.session.flush()
        set_attributes(contact, {"shoe": "38,5"})
        db.session.commit()
        contact_id = contact.id
    office = sign_in("office")
    (row,) = table(office.get("/crm/contacts/export?format=csv"))
    told = {"CRM ID": str(contact_id), "Client": "Acme", "Client: CRM ID": str(number), "Shoe size": "38.5"}
    assert {label: row[label] for label in told} == told
    (card,) = vobject.readComponents(office.get("/crm/contacts/export?format=vcf&search=lucja").text)
    assert (card.fn.value, card.org.value) == ("Łucja Nowak", ["Acme"])
    assert "format=vcf" in office.get("/crm/contacts/list/").text
    assert "format=vcf" not in office.get("/crm/notes/list/").text
    assert sign_in("alice").get("/crm/contacts/export?format=vcf").status_code == 403


def test_who_may(sign_in: Any, make_client: Make) -> None:
    make_client("Acme", assignees=["alice"])
    for name, code in (("admin", 200), ("office", 200), ("alice", 403), ("vera", 403)):
        browser = sign_in(name)
        assert browser.get(f"{URL}?format=csv").status_code == code
        assert ("/crm/clients/export" in browser.get("/crm/clients/list/").text) == (code == 200)


def test_each_is_logged_before_it_leaves(app: Flask, sign_in: Any, make_client: Make, people: Any) -> None:
    make_client("Acme", stars=3)
    office = sign_in("office")
    office.get(f"{URL}?format=csv&stars=3")
    with app.app_context(), as_system():
        (logged,) = db.session.scalars(select(Operation).where(Operation.kind == "export"))
        assert logged.user_id == people["office"]
        assert logged.details == {
            "table": "client", "format": "csv", "columns": "listed", "records": 1, "filters": {"stars": ["3"]},
        }  # fmt: skip
    assert "Exported" in office.get("/crm/operations/").text


def test_sensitive_data_stay_masked_without_the_privilege(
    app: Flask, sign_in: Any, make_client: Make
) -> None:
    make_client("Secret", sensitive=True, email="hidden@example.com", mobile="600 100 200")
    with app.app_context(), as_system():
        manager = app.appbuilder.sm
        role = manager.find_role("Office admin")
        role.permissions = [
            p for p in role.permissions
            if (p.permission.name, p.view_menu.name) != ("can_sensitive", "client")
        ]  # fmt: skip
        db.session.commit()
    office = sign_in("office")
    for query in ("format=csv&columns=all", "format=vcf"):
        text = office.get(f"{URL}?{query}").text
        assert "Secret" in text
        assert "hidden@example.com" not in text
        assert "600" not in text


def test_the_command_line(app: Flask, make_client: Make, tmp_path: Any) -> None:
    make_client("Acme", stars=3)
    make_client("Other")
    for ending in ("csv", "xlsx", "vcf"):
        file = tmp_path / f"out.{ending}"
        done = app.test_cli_runner().invoke(args=["crm", "export", str(file), "--filter", "stars=3"])
        assert done.output.strip().endswith(": 1"), done.output
        assert file.stat().st_size > 50
    refused = app.test_cli_runner().invoke(args=["crm", "export", str(tmp_path / "x.csv"), "--filter", "a=b"])
    assert refused.exit_code == 1
    assert not (tmp_path / "x.csv").exists()
    missing = tmp_path / "nowhere" / "x.csv"
    refused = app.test_cli_runner().invoke(args=["crm", "export", str(missing)])
    assert refused.exit_code == 1 and "cannot be written" in refused.output
