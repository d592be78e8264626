"""What a first start knows of our company, by the country it is likely in: VAT rates, currency, number series."""

from decimal import Decimal
from typing import Any

from babel.numbers import get_territory_currencies
from flask import current_app
from sqlalchemy import func, select

from crm.extensions import db
from crm.models import Company, NumberSeries, VatRate
from crm.models.identifiers import default_region

#: Country -> its rates in percent, the usual one first.
RATES: dict[str, tuple[str, ...]] = {
    "AT": ("20", "13", "10", "0"),
    "BE": ("21", "12", "6", "0"),
    "CZ": ("21", "12", "0"),
    "DE": ("19", "7", "0"),
    "ES": ("21", "10", "4", "0"),
    "FR": ("20", "10", "5.5", "2.1", "0"),
    "GB": ("20", "5", "0"),
    "IE": ("23", "13.5", "9", "0"),
    "IT": ("22", "10", "5", "4", "0"),
    "LU": ("17", "14", "8", "3", "0"),
    "NL": ("21", "9", "0"),
    "PL": ("23", "8", "5", "0"),
}
#: Label, category and remark of what has no VAT, where a country has words of its own.
WITHOUT: dict[str, tuple[tuple[str, str, str | None], ...]] = {
    "PL": (
        ("zw", "exempt", None),
        ("oo", "reverse", "Odwrotne obciążenie"),
        ("np", "outside", None),
    ),
}
WITHOUT_ELSEWHERE = (
    ("exempt", "exempt", None),
    ("reverse charge", "reverse", "Reverse charge"),
)
#: Kind of document -> pattern and reset of its series, by language.
SERIES: dict[str, dict[str, tuple[str, str]]] = {
    "pl": {
        "invoice": ("FV/{year}/{month}/{number:04}", "monthly"),
        "correction": ("FK/{year}/{month}/{number:04}", "monthly"),
        "quote": ("OF/{year}/{number:04}", "yearly"),
        "order": ("ZAM/{year}/{number:04}", "yearly"),
        "repair": ("NAP/{year}/{number:04}", "yearly"),
    },
    "en": {
        "invoice": ("INV/{year}/{number:04}", "yearly"),
        "correction": ("CN/{year}/{number:04}", "yearly"),
        "quote": ("QUO/{year}/{number:04}", "yearly"),
        "order": ("ORD/{year}/{number:04}", "yearly"),
        "repair": ("REP/{year}/{number:04}", "yearly"),
    },
}
COUNTRY_OF_LANGUAGE = {"pl": "PL"}


def write_company_defaults() -> None:
    """Add our company, its VAT rates and its number series where there are none. The caller commits."""
    language = current_app.config["CRM_LOCALE"]
    country = COUNTRY_OF_LANGUAGE.get(language, default_region())
    if db.session.scalar(select(func.count(Company.id))) == 0:
        currency = (get_territory_currencies(country) or ["EUR"])[0]
        db.session.add(Company(
            name=current_app.config.get("APP_NAME", "CRM"), country=country, document_language=language,
            currencies=[currency], default_currency=currency,
        ))  # fmt: skip
    if db.session.scalar(select(func.count(VatRate.id))) == 0:
        db.session.add_all(VatRate(**values) for values in usual_rates(country))
    known = set(db.session.scalars(select(NumberSeries.kind)))
    for kind, (pattern, reset) in SERIES.get(language, SERIES["en"]).items():
        if kind not in known:
            db.session.add(NumberSeries(kind=kind, pattern=pattern, reset=reset))
    db.session.flush()


def usual_rates(country: str) -> list[dict[str, Any]]:
    """The VAT rates of a country as values of VatRate; of one that is not known here only the codes without VAT."""
    numbers = RATES.get(country, ("0",))
    found: list[dict[str, Any]] = [
        {"label": f"{number}%", "rate": Decimal(number), "is_default": place == 0}
        for place, number in enumerate(numbers)
    ]
    for label, category, remark in WITHOUT.get(country, WITHOUT_ELSEWHERE):
        found.append({"label": label, "category": category, "remark": remark})
    return [{**values, "position": place} for place, values in enumerate(found, 1)]
