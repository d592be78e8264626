"""What people and programs send for an attribute, read as what is stored."""

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_symbol
from flask_babel import get_locale
from flask_babel import gettext as _

from crm.models import AttributeDefinition, AttributeOption
from crm.models.folding import fold
from crm.models.types import Exact
from crm.services.clients.rules import is_web_address
from crm.services.reading import Unreadable, read_day, read_decimal, read_integer, read_moment, read_text

WORD_TYPES = frozenset({"word", "words"})
NUMBER_PLACES = 6
LARGEST_NUMBER = Exact(NUMBER_PLACES).largest
AMOUNT_PLACES = 2
AMOUNT = re.compile(
    r"\s*(?P<before>[A-Za-z]{3})?\s*(?P<amount>[-+\d][^A-Za-z]*?)\s*(?P<after>[A-Za-z]{3})?\s*"
)
#: So many words a list has at most: they are chosen from, and edited on one page.
MOST_WORDS = 500
LONGEST_TEXT, LONGEST_LONG_TEXT, LONGEST_LINK, LONGEST_WORD = 1_000, 100_000, 2_000, 100
YES = frozenset({"yes", "true", "1", "y", "tak", "t"})
NO = frozenset({"no", "false", "0", "n", "nie", "f"})


class TooManyWords(Unreadable):
    """A word for which a list has no room."""

    def __init__(self) -> None:
        super().__init__(_("A list has at most %(n)d words.", n=MOST_WORDS))


def read_value(definition: AttributeDefinition, value: Any, add_words: bool = False) -> Any:
    """What is stored for a value as it was typed or sent; None clears. Raises Unreadable.

    For words it is a list of options, made for unknown words where add_words allows it.
    """
    if value is None or value == [] or (isinstance(value, str) and not value.strip()):
        return None
    if definition.type in WORD_TYPES:
        return _options_of(definition, value, add_words)
    if definition.type == "money":
        return _read_money(definition, value)
    return READERS[definition.type](value)


def _read_text(longest: int, lines: bool = False) -> Callable[[Any], str | None]:
    def read(value: Any) -> str | None:
        text = read_text(value.replace("\r\n", "\n") if isinstance(value, str) else value, longest)
        if text and not lines and len(text.splitlines()) > 1:
            raise Unreadable(_("One line only."))
        if text and ("\x00" in text or any("\ud800" <= c <= "\udfff" for c in text)):
            raise Unreadable(_("This text has a character that cannot be stored."))
        return text

    return read


def _read_yes_no(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = fold(str(value))
    if word not in YES | NO:
        raise Unreadable(_("This is yes or no."))
    return word in YES


def _read_money(definition: AttributeDefinition, value: Any) -> Decimal:
    """An amount, with or without its currency: `1 234,50`, `12 EUR`, `12 zł`, {"amount": …, "currency": …}."""
    currency = None
    if isinstance(value, str) and definition.currency:
        # as pages show it
        symbol = get_currency_symbol(definition.currency, get_locale() or "en")
        value = value.replace(symbol, definition.currency)
    if isinstance(value, Mapping):
        value, currency = value.get("amount"), value.get("currency")
    elif isinstance(value, str) and (found := AMOUNT.fullmatch(value)):
        value, currency = found["amount"], found["before"] or found["after"]
    if currency is not None and str(currency).upper() != definition.currency:
        raise Unreadable(_("Amounts are in %(currency)s here.", currency=definition.currency))
    return read_decimal(value, AMOUNT_PLACES, LARGEST_NUMBER)


def _read_link(value: Any) -> str | None:
    text = _read_text(LONGEST_LINK)(value)
    if text and "://" not in text:
        text = f"https://{text}"
    if text and not is_web_address(text):
        raise Unreadable(_("This is not a web address."))
    return text


READERS: dict[str, Callable[[Any], Any]] = {
    "text": _read_text(LONGEST_TEXT),
    "long_text": _read_text(LONGEST_LONG_TEXT, lines=True),
    "number": lambda value: read_decimal(value, NUMBER_PLACES, LARGEST_NUMBER),
    "integer": read_integer,
    "date": lambda value: value if type(value) is date else read_day(value),
    "yes_no": _read_yes_no,
    "date_time": lambda value: value if isinstance(value, datetime) and value.tzinfo else read_moment(value),
    "link": _read_link,
}


def written(words: Iterable[str]) -> str:
    """Words of a list as one text that `read_value` reads: in quotation marks where they hold commas or those."""
    quoted = ('"' + word.replace('"', '""') + '"' if "," in word or '"' in word else word for word in words)
    return ", ".join(quoted)


def split(text: str) -> list[str]:
    """The words in a text that `written` made."""
    return next(csv.reader([" ".join(text.splitlines())], skipinitialspace=True))


def read_word(value: Any) -> str | None:
    """A word that can stand in a list; None for nothing. Raises Unreadable."""
    word = _read_text(LONGEST_WORD)(value)
    if word and not fold(word):
        # nothing but accents
        raise Unreadable(_("Please fill this in."))
    return word


def _options_of(definition: AttributeDefinition, value: Any, add_words: bool) -> list[AttributeOption] | None:
    known = {fold(option.label): option for option in definition.options}
    parts = value if isinstance(value, list | tuple) else [value]
    if definition.type == "word" and len(parts) > 1:
        raise Unreadable(_("One word only."))
    if definition.type == "words" and isinstance(value, str) and fold(value) not in known:
        parts = split(value)
    found: dict[str, AttributeOption] = {}
    for part in parts:
        label = part if isinstance(part, AttributeOption) else read_word(part)
        if isinstance(label, AttributeOption):
            found[fold(label.label)] = label
        elif label:
            found[fold(label)] = known.get(fold(label)) or _new_option(definition, label, add_words, known)
    return [option for option in definition.options if option in found.values()] or None


def _new_option(
    definition: AttributeDefinition, label: str, allowed: bool, known: dict[str, AttributeOption]
) -> AttributeOption:
    if not allowed:
        raise Unreadable(_("“%(word)s” is not in the list.", word=label))
    if len(definition.options) >= MOST_WORDS:
        raise TooManyWords
    option = AttributeOption(
        label=label, position=1 + max((o.position for o in definition.options), default=-1)
    )
    definition.options.append(option)
    known[fold(label)] = option
    return option
