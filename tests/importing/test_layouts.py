"""Columns are guessed: our own files in both languages, and the layouts of other systems with their very headings."""

from typing import Any

import pytest

from crm.extensions import db
from crm.models import AttributeDefinition
from crm.registry import registry
from crm.security.visibility import as_system
from crm.services.importing.fields import fields_of
from crm.services.importing.guessing import guess


@pytest.fixture(autouse=True)
def _in_app(prepared: Any) -> Any:
    database = prepared("sqlite")
    database.refresh()
    with database.app.test_request_context(), as_system():
        yield


def guessed(headings: str, *samples: str, record: str = "client") -> dict[str, str]:
    """Heading -> field."""
    names = headings.split(",")
    rows = [row.split(",") for row in samples]
    return {names[index]: field for index, field in guess(names, rows, registry()[record]).items()}


GOOGLE = ("First Name,Middle Name,Last Name,Phonetic First Name,Phonetic Middle Name,Phonetic Last Name,Name Prefix,"
          "Name Suffix,Nickname,File As,Organization Name,Organization Title,Organization Department,Birthday,Notes,"
          "Photo,Labels,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Label,E-mail 2 - Value,Phone 1 - Label,"
          "Phone 1 - Value,Phone 2 - Label,Phone 2 - Value,Address 1 - Label,Address 1 - Formatted,"
          "Address 1 - Street,Address 1 - City,Address 1 - PO Box,Address 1 - Region,Address 1 - Postal Code,"
          "Address 1 - Country,Address 1 - Extended Address,Website 1 - Label,Website 1 - Value")  # fmt: skip
OLD_GOOGLE = ("Name,Given Name,Additional Name,Family Name,Yomi Name,Given Name Yomi,Additional Name Yomi,"
              "Family Name Yomi,Name Prefix,Name Suffix,Initials,Nickname,Short Name,Maiden Name,Birthday,Gender,"
              "Location,Billing Information,Directory Server,Mileage,Occupation,Hobby,Sensitivity,Priority,Subject,"
              "Notes,Language,Photo,Group Membership,E-mail 1 - Type,E-mail 1 - Value,Phone 1 - Type,"
              "Phone 1 - Value,Organization 1 - Type,Organization 1 - Name,Organization 1 - Yomi Name,"
              "Organization 1 - Title,Organization 1 - Department")  # fmt: skip
OUTLOOK = ("Title,First Name,Middle Name,Last Name,Suffix,Company,Department,Job Title,Business Street,"
           "Business Street 2,Business Street 3,Business City,Business State,Business Postal Code,"
           "Business Country/Region,Home Street,Home City,Home Postal Code,Other Street,Assistant's Phone,"
           "Business Fax,Business Phone,Business Phone 2,Company Main Phone,Home Phone,Mobile Phone,E-mail Address,"
           "E-mail Type,E-mail Display Name,Notes,Web Page")  # fmt: skip
POLISH_OUTLOOK = ("Tytuł,Imię,Drugie imię,Nazwisko,Sufiks,Firma,Dział,Stanowisko,Adres służbowy - ulica,"
                  "Adres służbowy - miejscowość,Adres służbowy - województwo,Adres służbowy - kod pocztowy,"
                  "Adres służbowy - kraj/region,Telefon służbowy,Telefon komórkowy,Adres e-mail,Notatki")  # fmt: skip


def test_google_contacts() -> None:
    row = [
        "Anna",
        "",
        "Nowak",
        *[""] * 7,
        "Acme",
        *[""] * 10,
        "Mobile",
        "600 100 200",
        "Work",
        "22 100 00 00",
    ]
    found = guessed(GOOGLE, ",".join(row))
    assert found == {
        "First Name": "contact.first_name", "Last Name": "contact.last_name", "Organization Name": "name",
        "Organization Title": "contact.position", "Notes": "notes", "Labels": "tags", "E-mail 1 - Value": "email",
        "Phone 1 - Value": "mobile", "Phone 2 - Value": "phone", "Address 1 - Street": "billing.street",
        "Address 1 - City": "billing.city", "Address 1 - Region": "billing.region",
        "Address 1 - Postal Code": "billing.postal_code", "Address 1 - Country": "billing.country",
        "Website 1 - Value": "website",
    }  # fmt: skip
    old = guessed(OLD_GOOGLE)
    assert old["Organization 1 - Name"] == "name"
    assert old["Given Name"] == "contact.first_name"
    assert old["Group Membership"] == "tags"
    assert "Priority" not in old
    people = guessed(GOOGLE, record="contact")
    assert (people["First Name"], people["Organization Name"]) == ("first_name", "client")


def test_outlook() -> None:
    found = guessed(OUTLOOK)
    told = {"First Name": "contact.first_name", "Last Name": "contact.last_name", "Company": "name",
            "Job Title": "contact.position", "Business Street": "billing.street", "Business City": "billing.city",
            "Business Country/Region": "billing.country", "Business Phone": "phone", "Mobile Phone": "mobile",
            "Business Phone 2": "phone2", "E-mail Address": "email", "Web Page": "website"}  # fmt: skip
    assert {name: found.get(name) for name in told} == told
    assert not {"Title", "Business Fax", "E-mail Type", "E-mail Display Name", "Home Street"} & found.keys()
    polish = guessed(POLISH_OUTLOOK)
    assert polish == {
        "Imię": "contact.first_name", "Nazwisko": "contact.last_name", "Firma": "name",
        "Stanowisko": "contact.position", "Adres służbowy - ulica": "billing.street",
        "Adres służbowy - miejscowość": "billing.city", "Adres służbowy - województwo": "billing.region",
        "Adres służbowy - kod pocztowy": "billing.postal_code", "Adres służbowy - kraj/region": "billing.country",
        "Telefon służbowy": "phone", "Telefon komórkowy": "mobile", "Adres e-mail": "email", "Notatki": "notes",
    }  # fmt: skip


def test_hubspot() -> None:
    people = guessed("Record ID,First Name,Last Name,Email,Phone Number,Lead Status,Create Date,Associated Company,"
                     "Country/Region,Contact owner,Job Title,Lifecycle Stage")  # fmt: skip
    assert people == {
        "Record ID": "external_id", "First Name": "contact.first_name", "Last Name": "contact.last_name",
        "Email": "email", "Phone Number": "phone", "Lead Status": "status", "Associated Company": "name",
        "Country/Region": "billing.country", "Contact owner": "assignees", "Job Title": "contact.position",
    }  # fmt: skip
    firms = guessed("Record ID,Company name,Company owner,Create Date,Phone Number,City,Website URL,"
                    "Company Domain Name,Industry")  # fmt: skip
    assert firms == {"Record ID": "external_id", "Company name": "name", "Company owner": "assignees",
                     "Phone Number": "phone", "City": "billing.city", "Website URL": "website",
                     "Company Domain Name": "domain"}  # fmt: skip
    deals = guessed(
        "Record ID,Deal Name,Deal Stage,Amount,Close Date,Deal owner,Associated Company", record="deal"
    )
    assert deals == {"Deal Name": "title", "Deal Stage": "stage", "Amount": "amount",
                     "Close Date": "expected_close", "Deal owner": "responsible",
                     "Associated Company": "client"}  # fmt: skip


def test_pipedrive() -> None:
    people = guessed("Person - Name,Person - Organization,Person - Email - Work,Person - Phone - Work,"
                     "Person - Phone - Mobile,Person - Labels,Person - Owner,Person - ID")  # fmt: skip
    assert people == {
        "Person - Name": "contact.full_name", "Person - Organization": "name", "Person - Email - Work": "email",
        "Person - Phone - Work": "phone", "Person - Phone - Mobile": "mobile", "Person - Labels": "tags",
        "Person - Owner": "assignees", "Person - ID": "external_id",
    }  # fmt: skip
    firms = guessed("Organization - Name,Organization - Address,Organization - Owner,Organization - ID")
    assert firms == {"Organization - Name": "name", "Organization - Address": "billing.street",
                     "Organization - Owner": "assignees", "Organization - ID": "external_id"}  # fmt: skip
    deals = guessed("Deal - Title,Deal - Value,Deal - Currency of Value,Deal - Organization,Deal - Stage,"
                    "Deal - Expected close date,Deal - Owner,Deal - Probability", record="deal")  # fmt: skip
    assert deals == {"Deal - Title": "title", "Deal - Value": "amount", "Deal - Currency of Value": "currency",
                     "Deal - Organization": "client", "Deal - Stage": "stage", "Deal - Owner": "responsible",
                     "Deal - Expected close date": "expected_close",
                     "Deal - Probability": "probability"}  # fmt: skip


def test_polish_headings_and_what_stands_below_them() -> None:
    found = guessed("Nazwa klienta,NIP,Ulica,Kod pocztowy,Miejscowość,Tel.,Kom.,Uwagi,Opiekun,Waluta")
    assert found == {
        "Nazwa klienta": "name", "NIP": "tax_id", "Ulica": "billing.street", "Kod pocztowy": "billing.postal_code",
        "Miejscowość": "billing.city", "Tel.": "phone", "Kom.": "mobile", "Uwagi": "notes", "Opiekun": "assignees",
        "Waluta": "currency",
    }  # fmt: skip
    found = guessed(
        "Kto,Dane 1,Dane 2,", "Acme,a@x.pl,526-025-02-74,+48 600 100 200", "B,b@x.pl,5260250274,22 100 20 30"
    )
    assert found == {"Dane 1": "email", "Dane 2": "tax_id", "": "phone"}
    tasks = guessed("Temat,Termin,Klient,Priorytet,Zrobione,Wykonawca", record="task")
    assert list(tasks.values()) == ["title", "due", "client", "priority", "done", "assignees"]
    goods = guessed("Nazwa towaru,Symbol,Cena netto,Stawka VAT,J.m.,Dostawca", record="product")
    assert list(goods.values()) == ["name", "sku", "sale_price", "vat_rate", "unit", "client"]


def test_a_field_of_ones_own_may_be_called_as_anything() -> None:
    db.session.add(AttributeDefinition(label="Company", key="firm", type="text"))
    db.session.add(AttributeDefinition(label="Telefon 9", key="phone_9", type="text"))
    db.session.commit()
    assert guessed("CRM ID,Name,First name,Last name,Company,firm,attr.phone_9") == {
        "CRM ID": "id", "Name": "name", "First name": "first_name", "Last name": "last_name",
        "Company": "attr.firm", "attr.phone_9": "attr.phone_9",
    }  # fmt: skip
    assert set(guessed(GOOGLE + ",Phone 3 - Label,Phone 3 - Value", record="contact").values()) <= {
        field.name for field in fields_of(registry()["contact"])
    }  # fmt: skip
