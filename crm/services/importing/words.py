"""Words that stand for values in files, in English and Polish whatever language the importer reads the CRM in."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from babel import Locale
from flask_babel import force_locale

from crm.models.folding import fold
from crm.services.iso_lists import COUNTRIES, LANGUAGES

LANGUAGES_OF_WORDS = ("en", "pl")
#: Languages in which our clients' countries may be named.
LANGUAGES_OF_COUNTRIES = ("nl", "fr", "de", "pl", "en")
#: Of tasks other systems say that they are done.
YES = frozenset(map(fold, (
    "yes", "y", "true", "t", "1", "x", "✓", "+", "on", "tak", "prawda", "oui", "ja", "done", "completed", "zrobione",
    "wykonane",
)))  # fmt: skip
NO = frozenset(map(fold, (
    "no", "n", "false", "f", "0", "-", "off", "nie", "fałsz", "non", "nee", "nein", "to do", "not started", "open",
    "do zrobienia", "niewykonane",
)))  # fmt: skip
CURRENCY_SIGNS = {"€": "EUR", "zł": "PLN", "zl": "PLN", "$": "USD", "£": "GBP", "kč": "CZK", "¥": "JPY"}
#: What other systems and people call a value: field -> word -> value.
OTHER_WORDS: Mapping[str, Mapping[str, str]] = {
    "kind": {"firma": "company", "organization": "company", "organisation": "company", "organizacja": "company",
             "business": "company", "b2b": "company", "klient biznesowy": "company", "individual": "person",
             "osoba prywatna": "person", "osoba fizyczna": "person", "private": "person", "b2c": "person",
             "contact": "person", "klient indywidualny": "person"},
    "stage": {"closed won": "won", "closedwon": "won", "zamknieta wygrana": "won", "wygrane": "won",
              "closed lost": "lost", "closedlost": "lost", "przegrane": "lost", "open": "new",
              "qualified to buy": "qualified", "qualifiedtobuy": "qualified", "lead in": "new",
              "proposal made": "proposal", "presentation scheduled": "proposal", "contract sent": "proposal"},
    "priority": {"medium": "normal", "sredni": "normal", "none": "normal", "urgent": "high", "pilne": "high"},
}  # fmt: skip
COUNTRY_ALIASES = {"usa": "US", "u.s.a.": "US", "us": "US", "uk": "GB", "great britain": "GB", "england": "GB",
                   "anglia": "GB", "holandia": "NL", "holland": "NL", "the netherlands": "NL", "rp": "PL",
                   "czech republic": "CZ", "czechy": "CZ", "republika czeska": "CZ", "rzeczpospolita polska": "PL",
                   "pol": "PL", "bel": "BE", "deu": "DE", "fra": "FR", "nld": "NL", "gbr": "GB"}  # fmt: skip


def in_words(label: Any) -> list[str]:
    """A label in each language that files are written in."""
    found = []
    for language in LANGUAGES_OF_WORDS:
        with force_locale(language):
            found.append(str(label))
    return found


def values_by_word(name: str, choices: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    """What the words for a closed list stand for, folded: values, their labels, and what others call them."""
    pairs = list(choices)
    known = {fold(word): value for value, label in pairs for word in in_words(label)}
    known |= {fold(str(value)): value for value, _label in pairs}
    values = set(known.values())
    others = {word: value for word, value in OTHER_WORDS.get(name, {}).items() if value in values}
    return others | known


@cache
def countries_by_word() -> dict[str, str]:
    """Folded names of countries, in the languages of our clients, and their codes -> code."""
    found = {}
    for language in LANGUAGES_OF_COUNTRIES:
        names = Locale(language).territories
        found |= {fold(names[code]): code for code in COUNTRIES if code in names}
    return found | COUNTRY_ALIASES | {code.lower(): code for code in COUNTRIES}


@cache
def languages_by_word() -> dict[str, str]:
    """Folded names of languages in English and Polish, and their codes -> code."""
    found = {}
    for language in LANGUAGES_OF_WORDS:
        names = Locale(language).languages
        found |= {fold(names[code]): code for code in LANGUAGES if code in names}
    return found | {code: code for code in LANGUAGES}
