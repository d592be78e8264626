"""Our own company: what a first start knows of it, its settings page, and what belongs to it."""

import html
import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from crm.errors import RuleError
from crm.models import BankAccount, Change, Client, Company, CompanyLogo, NumberSeries, VatRate
from crm.services.sales import company as ours
from crm.services.sales.company_defaults import usual_rates

FORM = {
    "name": "Pracownia Bursztyn", "tax_id": "123-456-32-18", "registration": "REGON 123456785\nKRS 0000012345",
    "street": "Złota 4", "postal_code": "00-120", "city": "Warszawa", "region": "", "country": "PL",
    "email": "biuro@bursztyn.example", "phone": "+48 22 123 45 67", "website": "bursztyn.example",
    "default_currency": "PLN", "currencies": ["EUR"], "payment_days": "7", "document_language": "pl",
}  # fmt: skip


def picture() -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", (900, 300), "gold").save(out, "PNG")
    out.seek(0)
    return out


def test_a_first_start_knows_what_is_usual(system):
    with system() as session:
        company = ours.our_company()
        assert (company.country, company.default_currency, company.currencies) == ("PL", "PLN", ["PLN"])
        assert [rate.label for rate in ours.vat_rates()] == ["23%", "8%", "5%", "0%", "zw", "oo", "np"]
        assert ours.default_vat_rate().code == "23"
        kinds = set(session.scalars(select(NumberSeries.kind)))
        assert {"invoice", "correction"} <= kinds


def test_rates_by_country():
    assert [(v["label"], v["rate"]) for v in usual_rates("BE") if "rate" in v] == [
        ("21%", 21), ("12%", 12), ("6%", 6), ("0%", 0)
    ]  # fmt: skip
    assert {v.get("category") for v in usual_rates("XX")} >= {"exempt", "reverse"}


def test_it_is_saved_and_logged(sign_in, system):
    office = sign_in("office")
    assert office.post("/settings/company", data={**FORM, "logo": (picture(), "logo.png")}).status_code == 302
    with system() as session:
        company = ours.our_company()
        assert (company.name, company.website, company.payment_days) == (
            "Pracownia Bursztyn", "https://bursztyn.example", 7
        )  # fmt: skip
        assert company.currencies == ["PLN", "EUR"]
        assert session.scalar(select(CompanyLogo.content_type)) in ("image/webp", "image/png")
        logged = session.scalars(select(Change).where(Change.table_name == "company")).all()
        assert logged[-1].after["name"] == "Pracownia Bursztyn"
    assert sign_in("vera").get("/settings/company/logo").status_code == 200
    assert "Pracownia Bursztyn" in office.get("/settings/company").text


def test_the_logo_can_be_removed(sign_in, system):
    office = sign_in("office")
    office.post("/settings/company", data={**FORM, "logo": (picture(), "logo.png")})
    office.post("/settings/company", data={**FORM, "remove_logo": "y"})
    assert office.get("/settings/company/logo").status_code == 404


@pytest.mark.parametrize(("field", "value", "words"), [
    ("name", "", "fill this in"),
    ("email", "nobody", "not an e-mail"),
    ("website", "a b", "not a web address"),
    ("payment_days", "-1", "From 0 to 3650"),
    ("default_currency", "XYZ", "no such choice"),
    ("logo", None, "not a picture"),
])  # fmt: skip
def test_mistakes_stand_at_their_field(sign_in, system, field, value, words):
    data: dict[str, Any] = {**FORM, field: (io.BytesIO(b"<svg>"), "x.svg") if field == "logo" else value}
    page = sign_in("office").post("/settings/company", data=data)
    assert page.status_code == 422
    assert words in page.text
    assert "Złota 4" in page.text
    with system():
        assert ours.our_company().street is None


def test_a_doubtful_tax_id_may_be_kept(sign_in, system):
    office, wrong = sign_in("office"), "123-456-32-19"
    page = office.post("/settings/company", data={**FORM, "tax_id": wrong})
    assert page.status_code == 422
    assert "Save it anyway" in page.text
    kept = {**FORM, "tax_id": wrong, "keep": f"tax_id={wrong}"}
    assert office.post("/settings/company", data=kept).status_code == 302
    with system():
        assert ours.our_company().tax_id == wrong


def test_only_who_may(sign_in):
    for name in ("alice", "vera"):
        browser = sign_in(name)
        assert browser.get("/settings/company").status_code == 403
        assert browser.post("/settings/company", data=FORM).status_code == 403
        assert browser.get("/api/v1/vat-rates/").status_code == 403
        assert "Our company" not in browser.get("/").text


def test_two_editors_of_different_fields(sign_in, system):
    office, admin = sign_in("office"), sign_in("admin")
    page = office.get("/settings/company").text
    base = page.split('name="base" type="hidden" value="')[1].split('"')[0]
    admin.post("/settings/company", data=FORM)
    answer = office.post("/settings/company", data={"base": html.unescape(base), "city": "Gdańsk"})
    assert answer.status_code == 409
    assert "Warszawa" in answer.text


# -- bank accounts


def test_bank_accounts_are_checked(sign_in, system):
    office = sign_in("office")
    good = {"name": "Main", "number": "61109010140000071219812874", "bic": "wbkpplpp", "currency": "PLN",
            "is_default": "y", "active": "y"}  # fmt: skip
    for field, value in (("number", "PL61 1090 1014 0000 0712 1981 2875"), ("bic", "NONSENSE1")):
        page = office.post("/crm/bank-accounts/add", data={**good, field: value})
        assert page.status_code == 422
    assert office.post("/crm/bank-accounts/add", data=good).status_code == 302
    second = {**good, "name": "Second", "number": "BE68 5390 0754 7034", "bic": "", "currency": "PLN"}
    assert office.post("/crm/bank-accounts/add", data=second).status_code == 302
    with system() as session:
        found = {a.name: (a.number, a.is_default) for a in session.scalars(select(BankAccount))}
        assert found == {
            "Main": ("61 1090 1014 0000 0712 1981 2874", False), "Second": ("BE68 5390 0754 7034", True)
        }  # fmt: skip
        assert ours.account_for("PLN").name == "Second"
        assert ours.account_for("EUR") is None
    assert "Second" in office.get("/settings/company").text


# -- VAT rates


def test_vat_rates_are_checked(system):
    for values, field in (
        ({"label": "x", "rate": Decimal(101)}, "rate"),
        ({"label": "x", "rate": Decimal(5), "category": "exempt"}, "rate"),
        ({"label": "also 23", "rate": Decimal(23)}, "rate"),
        ({"label": " ", "rate": Decimal(7)}, "label"),
        ({"label": "x", "rate": Decimal(7), "is_default": True, "active": False}, "is_default"),
    ):
        with system() as session:
            session.add(VatRate(**values))
            with pytest.raises(RuleError) as refused:
                session.flush()
        assert refused.value.field == field
    with system() as session:
        session.add(VatRate(label="25%", rate=Decimal(25), is_default=True))
        session.commit()
        assert [r.label for r in session.scalars(select(VatRate).where(VatRate.is_default))] == ["25%"]
        assert session.scalar(select(VatRate).where(VatRate.label == "25%")).position == 8


# -- what documents take from it


def test_currency_and_due_date_come_from_the_client_first(system):
    with system() as session:
        session.add(Company(name="x", currencies=[], default_currency="EUR"))
        belgian = Client(billing_currency="EUR", payment_period=0)
        assert (ours.default_currency(belgian), ours.default_currency(Client())) == ("EUR", "PLN")
        day = date(2026, 2, 20)
        assert ours.due_date(belgian, day) == day
        assert ours.due_date(Client(), day) == date(2026, 3, 6)
