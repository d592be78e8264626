"""A row of texts becomes what the API's JSON of a record would be; what is wrong is said at its field."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select

from crm.extensions import db
from crm.models import AttributeDefinition, AttributeOption, Tag
from crm.registry import registry
from crm.security.masking import MASK
from crm.security.visibility import as_system
from crm.services.importing.converting import Converter


@pytest.fixture(autouse=True)
def _in_app(prepared: Any) -> Iterator[None]:
    database = prepared("sqlite")
    database.refresh()
    with database.app.test_request_context(), as_system():
        yield


def typed(
    cells: dict[str, str], record: str = "client", **options: str
) -> tuple[dict[str, Any], dict[str, str]]:
    return Converter(registry()[record], dict(enumerate(cells)), options).typed(list(cells.values()))


def test_a_client_with_all_that_a_row_can_say() -> None:
    db.session.add_all([
        AttributeDefinition(label="Ring size", key="ring", type="number"),
        AttributeDefinition(label="Since", key="since", type="date"),
        AttributeDefinition(label="Insured", key="insured", type="yes_no"),
        AttributeDefinition(label="Metals", key="metals", type="words",
                            options=[AttributeOption(label="Gold, white"), AttributeOption(label="Silver")]),
        Tag(name="A;B"),
    ])  # fmt: skip
    alice = db.session.scalars(select(User).where(User.username == "alice")).one()
    db.session.flush()
    values, errors = typed(
        {
            "id": "", "kind": "Firma", "name": " Acme ", "email": "info@acme.pl",
            "phone": "600 100 200; 22 100 20 30", "language": "polski", "status": "vip", "stars": "2",
            "tags": "A;B, Złoty", "assignees": f"{alice.email}; Bob", "is_buyer": "tak", "consent": "nie",
            "billing.street": "Długa 5", "billing.country": "Polska", "delivery.city": "Gent",
            "billing_amount": "1 200,50 zł", "payment_period": "14", "discount": "2,5%", "notes": "a\r\nb",
            "archived": "no", "attr.ring": "52,5", "attr.since": "1.2.2026", "attr.insured": "x",
            "attr.metals": "Silver, Gold, white", "contact.full_name": "Jan Maria Nowak",
            "contact.phone": "1234567", "external_id": "007", "nonsense": "?",
        },
        decimal=",",
    )  # fmt: skip
    assert not errors
    assert values == {
        "kind": "company", "name": "Acme", "email": "info@acme.pl", "phone": "600 100 200",
        "mobile": "22 100 20 30", "language": "pl", "status": "vip", "stars": 2, "tags": ["A;B", "Złoty"],
        "assignees": ["alice", "bob"], "is_buyer": True, "consent": "no",
        "billing": {"street": "Długa 5", "country": "PL"}, "delivery": {"city": "Gent"},
        "billing_amount": 1200.5, "currency": "PLN", "payment_period": 14, "discount": 2.5, "notes": "a\nb",
        "archived": False, "ring": 52.5, "since": "2026-02-01", "insured": True,
        "metals": ["Silver", "Gold, white"],
        "contact": {"first_name": "Jan Maria", "last_name": "Nowak", "phone": "1234567"}, "external_id": "007",
    }  # fmt: skip


def test_what_is_wrong_is_said_at_its_field() -> None:
    _values, errors = typed({
        "kind": "ghost", "email": "a@x.pl, b@x.pl", "status": "nowhere", "stars": "two", "assignees": "nobody",
        "is_buyer": "maybe", "billing.country": "Atlantis", "billing_amount": "12 XYZ", "id": "contact-4",
        "language": "Klingon-ish", "phone": "4.8E+10",
    })  # fmt: skip
    assert errors.keys() == {"kind", "email", "status", "stars", "assignees", "is_buyer", "billing.country",
                             "billing_amount", "id", "language", "phone"}  # fmt: skip
    assert "Person" in errors["kind"]


def test_blank_cells_say_nothing_unless_they_shall() -> None:
    cells = {"name": "Acme", "phone": "", "tags": "", "billing.city": " "}
    assert typed(cells) == ({"name": "Acme"}, {})
    assert typed(cells, blanks="clear") == (
        {"name": "Acme", "phone": None, "tags": None, "billing": {"city": None}}, {},
    )  # fmt: skip
    # what is one of a few stays as it is
    cells = {"name": "Acme", "stars": "", "is_buyer": "", "kind": "", "consent": "", "archived": ""}
    cleared = {"name": "Acme", "stars": None, "is_buyer": None, "consent": None}
    assert typed(cells, blanks="clear") == (cleared, {})
    assert typed({"title": "", "done": "", "priority": ""}, "task", blanks="clear") == (
        {"title": None, "done": None}, {},
    )  # fmt: skip


def test_what_an_export_hides_says_nothing() -> None:
    assert typed({"email": MASK, "name": "hidden", "billing_amount": MASK}) == ({"name": "hidden"}, {})
    assert typed({"client": "ukryty", "contact": "hidden", "title": "hidden"}, "deal")[0]["title"] == "hidden"
    assert "contact" not in typed({"contact": "hidden", "title": "x"}, "deal")[0]
    # a sheet had no room for it
    assert typed({"notes": "x" * 32_766 + "…"}) == ({}, {})


def test_a_contact_without_a_company_is_the_client() -> None:
    row = {"name": "", "contact.first_name": "Jan", "contact.last_name": "Nowak", "email": "j@x.pl",
           "contact.position": "Boss"}  # fmt: skip
    assert typed(row) == (
        {"kind": "person", "first_name": "Jan", "last_name": "Nowak", "position": "Boss", "email": "j@x.pl"}, {},
    )  # fmt: skip
    at_company, _errors = typed(row | {"name": "Acme"})
    assert at_company["contact"] == {"first_name": "Jan", "last_name": "Nowak", "position": "Boss"}


def test_records_of_clients() -> None:
    values, errors = typed(
        {"client": "Acme", "client_tax_id": "5260250274", "title": "Ring", "stage": "Wygrana",
         "amount": "1,200.50 EUR", "probability": "40%", "expected_close": "12/31/2026", "responsible": "alice",
         "contact": "Jan"},
        "deal", dates="mdy",
    )  # fmt: skip
    assert not errors
    assert values == {
        "client": "Acme", "client_tax_id": "5260250274", "title": "Ring", "stage": "won", "amount": 1200.5,
        "currency": "EUR", "probability": 40, "expected_close": "2026-12-31", "responsible": "alice",
        "contact": "Jan",
    }  # fmt: skip
    values, errors = typed({"title": "Call", "due": "31.12.2026 10:00", "done": "nie", "priority": "Wysoki",
                            "assignees": "alice, bob"}, "task")  # fmt: skip
    assert (values["due"], values["done"], values["priority"], values["assignees"]) == (
        "2026-12-31T10:00:00+00:00", False, "high", ["alice", "bob"],
    )  # fmt: skip
    assert not errors
    for name in ("contact", "note", "product"):
        assert typed({"id": "7"}, name) == ({"id": 7}, {})
