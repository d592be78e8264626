"""Countries, languages and currencies by their ISO codes, named in the user's language and in its order."""

from datetime import date
from functools import cache

from babel import Locale
from babel.numbers import get_territory_currencies
from flask_babel import get_locale

from crm.models.folding import fold

#: Two-letter codes that CLDR knows and ISO 3166-1 has not given to a country.
NO_COUNTRIES = frozenset(
    ["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"]
)
COUNTRIES = frozenset(
    code
    for code in Locale("en").territories
    if len(code) == 2 and code.isalpha() and code not in NO_COUNTRIES
)
LANGUAGES = frozenset(code for code in Locale("en").languages if len(code) == 2)

Choices = tuple[tuple[str, str], ...]


def _locale() -> str:
    return str(get_locale() or "en")


def _sorted(names: dict[str, str]) -> Choices:
    return tuple(sorted(names.items(), key=lambda pair: (fold(pair[1]), pair[0])))


@cache
def _countries(locale: str) -> Choices:
    names = Locale.parse(locale).territories
    return _sorted({code: names.get(code, code) for code in COUNTRIES})


@cache
def _languages(locale: str) -> Choices:
    names = Locale.parse(locale).languages
    return _sorted({code: _capital(names[code]) for code in LANGUAGES if code in names})


@cache
def currency_codes() -> frozenset[str]:
    """The currencies that some country uses today."""
    today = date.today()
    return frozenset(
        c for code in COUNTRIES for c in get_territory_currencies(code, start_date=today, end_date=today)
    )


@cache
def _currencies(locale: str) -> Choices:
    names = Locale.parse(locale).currencies
    return tuple((code, f"{code} · {names.get(code, code)}") for code in sorted(currency_codes()))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def countries() -> Choices:
    """(ISO 3166-1 alpha-2 code, name) of every country, by name."""
    return _countries(_locale())


def languages() -> Choices:
    """(ISO 639-1 code, name) of every language with a two-letter code, by name."""
    return _languages(_locale())


def currencies() -> Choices:
    """(ISO 4217 code, code and name) of every currency in use, by code."""
    return _currencies(_locale())


def country_name(code: str | None) -> str:
    """The country's name in the user's language; an unknown code as it is, nothing for none."""
    return dict(countries()).get(code or "", code or "")


def language_name(code: str | None) -> str:
    """The language's name in the user's language; an unknown code as it is, nothing for none."""
    return dict(languages()).get(code or "", code or "")
