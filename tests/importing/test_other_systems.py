"""Files of other systems from end to end: read, guessed, checked, imported, as they come."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from crm.extensions import db
from crm.models import Client, Contact, Deal, ImportRow, Task
from crm.services.importing import starting
from tests.importing.test_client_rows import working
from tests.importing.test_layouts import GOOGLE, OUTLOOK, POLISH_OUTLOOK
from tests.importing.test_reading_files import CARDS
from tests.importing.test_running import begin, do


@pytest.fixture(autouse=True)
def _at_work(app: Flask) -> Iterator[None]:
    with working(app):
        yield


def table(headings: str, *rows: dict[str, str], delimiter: str = ",", encoding: str = "utf-8") -> io.BytesIO:
    text = io.StringIO()
    writer = csv.DictWriter(text, headings.split(","), delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return io.BytesIO(text.getvalue().encode(encoding))


def imported(file: io.BytesIO, record: str = "client", name: str = "file.csv") -> dict[str, int]:
    """What an import does as it is proposed; a check before says the same."""
    run = do(begin(file, record, name), starting.ask_check)
    told = dict(run.counts)
    run = do(run, starting.ask_run)
    assert run.counts == told, [row.details for row in db.session.scalars(select(ImportRow))]
    assert not run.counts.get("failed"), [row.details for row in db.session.scalars(select(ImportRow))]
    return dict(run.counts)


def client(name: str) -> Any:
    return db.session.scalars(select(Client).where(Client.name == name)).one()


def contact_of(name: str) -> Contact:
    return db.session.scalars(select(Contact).where(Contact.client_id == client(name).id)).one()


def test_google_contacts() -> None:
    at_company = {
        "First Name": "Anna", "Last Name": "Nowak", "Organization Name": "Acme", "Organization Title": "Buyer",
        "Labels": "VIP ::: * myContacts", "E-mail 1 - Label": "* Work", "E-mail 1 - Value": "anna@acme.example",
        "Phone 1 - Label": "Mobile", "Phone 1 - Value": "600 100 200", "Phone 2 - Label": "Work",
        "Phone 2 - Value": "22 100 20 30", "Address 1 - Street": "Długa 5", "Address 1 - City": "Łódź",
        "Address 1 - Country": "Polska", "Notes": "two\nlines",
    }  # fmt: skip
    person = {"First Name": "Jan", "Last Name": "Żak", "E-mail 1 - Value": "jan@x.example",
              "Phone 1 - Label": "Mobile", "Phone 1 - Value": "600 300 400"}  # fmt: skip
    assert imported(table(GOOGLE, at_company, person)) == {"created": 2}
    acme, jan = client("Acme"), client("Jan Żak")
    assert (acme.kind, acme.mobile, acme.phone, acme.billing_country) == (
        "company",
        "600 100 200",
        "22 100 20 30",
        "PL",
    )
    assert (contact_of("Acme").first_name, contact_of("Acme").position) == ("Anna", "Buyer")
    assert {tag.name for tag in acme.tags} == {"VIP"}
    assert (jan.kind, jan.email, jan.mobile) == ("person", "jan@x.example", "600 300 400")
    assert imported(table(GOOGLE, at_company, person)) == {"unchanged": 2}


def test_outlook_in_both_languages() -> None:
    row = {"First Name": "Piet", "Last Name": "Peeters", "Company": "Stal NV", "Job Title": "CEO",
           "Business Street": "Kouter 1", "Business City": "Gent", "Business Country/Region": "Belgium",
           "Business Phone": "+32 9 123 45 67", "E-mail Address": "piet@stal.example",
           "E-mail Display Name": "Piet Peeters (piet@stal.example)"}  # fmt: skip
    assert imported(table(OUTLOOK, row, encoding="cp1252")) == {"created": 1}
    assert client("Stal NV").billing_country == "BE"
    polish = {"Imię": "Łucja", "Nazwisko": "Śliwa", "Firma": "Źródło sp. z o.o.", "Telefon komórkowy": "600 100 200",
              "Adres e-mail": "lucja@zrodlo.example", "Adres służbowy - kraj/region": "Polska"}  # fmt: skip
    assert imported(table(POLISH_OUTLOOK, polish, encoding="cp1250")) == {"created": 1}
    assert contact_of("Źródło sp. z o.o.").last_name == "Śliwa"


def test_hubspot() -> None:
    firms = "Record ID,Company name,Company owner,Create Date,Phone Number,City,Country/Region,Website URL"
    assert imported(table(firms, {
        "Record ID": "901", "Company name": "Perrin", "Create Date": "2024-03-12 09:14", "City": "Lyon",
        "Phone Number": "+33 4 50 11 22 33", "Country/Region": "France", "Website URL": "perrin.example",
    })) == {"created": 1}  # fmt: skip
    people = "Record ID,First Name,Last Name,Email,Phone Number,Associated Company,Contact owner,Create Date"
    rows = ({"Record ID": "8001", "First Name": "Ada", "Last Name": "L", "Email": "ada@perrin.example",
             "Associated Company": "Perrin"},)  # fmt: skip
    assert imported(table(people, *rows), "contact") == {"created": 1}
    assert contact_of("Perrin").external_id == "8001"
    deals = "Record ID,Deal Name,Deal Stage,Amount,Close Date,Deal owner,Associated Company"
    assert imported(table(deals, {
        "Record ID": "7001", "Deal Name": "Rings", "Deal Stage": "Closed won", "Amount": "1200.50",
        "Close Date": "2026-12-31 00:00", "Deal owner": "alice", "Associated Company": "Perrin",
    }), "deal") == {"created": 1}  # fmt: skip
    deal = db.session.scalars(select(Deal)).one()
    assert (deal.stage, str(deal.amount), deal.client_id) == ("won", "1200.50", client("Perrin").id)


def test_pipedrive() -> None:
    firms = "Organization - Name,Organization - Address,Organization - Owner,Organization - ID"
    assert imported(table(firms, {"Organization - Name": "Bluebay", "Organization - Address": "1 Street, London",
                                  "Organization - ID": "12"})) == {"created": 1}  # fmt: skip
    people = ("Person - Name,Person - Organization,Person - Email - Work,Person - Phone - Work,"
              "Person - Phone - Mobile,Person - Labels,Person - ID")  # fmt: skip
    assert imported(table(people, {
        "Person - Name": "Priya Example", "Person - Organization": "Bluebay", "Person - ID": "99",
        "Person - Email - Work": "priya@bluebay.example", "Person - Phone - Mobile": "+44 7700 900 123",
        "Person - Labels": "Hot lead, Customer",
    }), "contact") == {"created": 1}  # fmt: skip
    assert (contact_of("Bluebay").first_name, contact_of("Bluebay").last_name) == ("Priya", "Example")
    activities = (
        "Activity - Subject,Activity - Due date,Activity - Done,Activity - Organization,Activity - Note"
    )
    assert imported(table(activities, {
        "Activity - Subject": "Call back", "Activity - Due date": "2026-12-01", "Activity - Done": "To do",
        "Activity - Organization": "Bluebay", "Activity - Note": "soon",
    }), "task") == {"created": 1}  # fmt: skip
    task = db.session.scalars(select(Task)).one()
    assert (task.title, task.done, task.description) == ("Call back", False, "soon")


def test_an_address_book() -> None:
    assert imported(io.BytesIO(CARDS.encode()), name="contacts.vcf") == {"created": 3}
    assert contact_of("Acme, Inc").first_name == "Anna"
    assert client("Jan Żółty").kind == "person"
    assert imported(io.BytesIO(CARDS.encode()), name="contacts.vcf") == {"unchanged": 3}
