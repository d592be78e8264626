"""The text of one cell read as a number, a date, a phone: forgiving in form, never guessed in meaning."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from email.utils import parseaddr
from typing import Any

from flask_babel import gettext as _

from crm.models.blanks import trimmed
from crm.models.folding import fold
from crm.services.attributes.reading import split
from crm.services.clients.rules import not_an_email
from crm.services.importing.words import CURRENCY_SIGNS, NO, YES, countries_by_word, languages_by_word
from crm.services.iso_lists import currency_codes
from crm.services.reading import Unreadable

#: Between several values in one cell; three colons are Google's.
SEVERAL = re.compile(r"\s*(?::::|;|\n|,|\||/|\blub\b|\bor\b)\s*")
BETWEEN_WORDS = re.compile(r"(:::|[,;\n|])")
NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?|[-+]?[.,]\d+")
#: Thousands apart: a group of three, then further ones, all with one sign.
GROUPED = re.compile(r"([-+]?\d{1,3})((?:([.,' ])\d{3})(?:\3\d{3})*)([.,]\d+)?")
BLANKS = re.compile(r"[\s\u00a0\u202f]+")
DAY = re.compile(r"(\d{1,4})\s?([./-])\s?(\d{1,2})\s?\2\s?(\d{1,4})\.?(?:\s?r\.?)?")
TIME = re.compile(r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:\.\d+)?\s*([ap])?\.?m?\.?", re.IGNORECASE)
#: A number of days since 30 December 1899, as spreadsheets keep dates: of 1954 to 2119.
SERIAL = re.compile(r"[2-7]\d{4}(?:[.,]\d+)?")
SPREADSHEET_ZERO = datetime(1899, 12, 30)
#: A phone number that a spreadsheet has taken for a number, and lost.
ROUNDED = re.compile(r"\d[.,]\d+E\+\d+", re.IGNORECASE)
FEWEST_DIGITS = 7
LONGEST_NUMBER = 60
#: The group that Google has everybody in.
NO_WORDS = frozenset({"myContacts"})
LARGEST_ID = 2**62


def read_text(text: str) -> str:
    """A text, with the line breaks of this system."""
    if "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise Unreadable(_("This text has a character that cannot be stored."))
    return trimmed(text.replace("\r\n", "\n").replace("\r", "\n"))


def read_number(text: str, mark: str) -> Decimal:
    """A number. mark: the decimal mark, for `1.234` and the like, which could be either."""
    if len(text) > LONGEST_NUMBER:
        raise Unreadable(_("This is not a number."))
    bare = BLANKS.sub(" ", text.replace("−", "-")).strip(" '%")
    bare = re.sub(r"(?<=\d) (?=\d{3}(?!\d))", "'", bare)
    grouped, thousands = GROUPED.fullmatch(bare), "," if mark == "." else "."
    if NUMBER.fullmatch(bare) and not (grouped and thousands in bare and grouped[1].strip("+-") != "0"):
        digits = bare.replace(",", ".")
    elif grouped and (grouped[4] or " ")[0] != grouped[3]:
        digits = grouped[1] + re.sub(r"\D", "", grouped[2]) + (grouped[4] or "").replace(",", ".")
    else:
        raise Unreadable(_("This is not a number."))
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise Unreadable(_("This is not a number.")) from None


def read_money(text: str, mark: str) -> tuple[Decimal, str | None]:
    """An amount and, where it stands beside it, the code of its currency."""
    if len(text) > LONGEST_NUMBER:
        raise Unreadable(_("This is not a number."))
    found = re.fullmatch(r"\s*([^\d\s.,'+-]*)\s*([-+−]?[\d\s.,'\u00a0\u202f]*\d[.,]?)\s*([^\d\s]*)\s*", text)
    if found is None:
        return read_number(text, mark), None
    before, amount, after = found.groups()
    word = (before or after).strip()
    if not word or word in "%-":
        return read_number(text, mark), None
    return read_number(amount.rstrip(".,"), mark), read_currency(word)


def read_currency(text: str) -> str:
    """The code of a currency."""
    word = text.strip().rstrip(".")
    code = CURRENCY_SIGNS.get(word.lower(), word.upper())
    if code not in currency_codes():
        raise Unreadable(_("There is no currency “%(code)s”.", code=word[:20]))
    return code


def read_integer(text: str, mark: str) -> int:
    """A whole number."""
    number = read_number(text, mark)
    if number != number.to_integral_value():
        raise Unreadable(_("A whole number, please."))
    return int(number)


def read_day(text: str, order: str) -> date:
    """A date: ISO 8601, a spreadsheet's number, or day, month and year in an order. A time after it is left out."""
    return _read_moment(text, order, _("This is not a date.")).date()


def read_moment(text: str, order: str) -> datetime:
    """A date with a time, midnight without one; naive where it names no zone."""
    return _read_moment(text, order, _("This is not a date and time."))


def _read_moment(text: str, order: str, message: str) -> datetime:
    bare = text.strip()
    try:
        if SERIAL.fullmatch(bare):
            moment = SPREADSHEET_ZERO + timedelta(days=float(bare.replace(",", ".")))
            return (moment + timedelta(microseconds=500_000)).replace(microsecond=0)
        if re.match(r"\d{4}-\d{2}-\d{2}", bare):
            return datetime.fromisoformat(bare.removesuffix(" UTC") + ("Z" if bare.endswith(" UTC") else ""))
        match = DAY.match(bare)
        if match is None:
            raise ValueError(bare)
        day = _day(match[1], match[3], match[4], order)
        return datetime.combine(day, _time(bare[match.end() :].strip(" ,T")))
    except (ValueError, OverflowError):
        raise Unreadable(message) from None


def _day(first: str, second: str, last: str, order: str) -> date:
    if len(first) == 4:
        return date(int(first), int(second), int(last))
    if len(last) not in (2, 4):
        raise ValueError(last)
    if order == "ymd" and len(last) == 2:
        return date(2000 + int(first), int(second), int(last))
    year = int(last) if len(last) == 4 else 2000 + int(last) - (100 if int(last) > 69 else 0)
    day, month = (second, first) if order == "mdy" else (first, second)
    return date(year, int(month), int(day))


def _time(text: str) -> time:
    if not text:
        return time.min
    match = TIME.fullmatch(text)
    if match is None:
        raise ValueError(text)
    hour = int(match[1])
    if match[4]:
        hour = hour % 12 + (12 if match[4].lower() == "p" else 0)
    return time(hour, int(match[2]), int(match[3] or 0))


def read_yes_no(text: str) -> bool:
    """Yes or no, in words of English and Polish."""
    word = fold(text)
    if word not in YES | NO:
        raise Unreadable(_("This is yes or no."))
    return word in YES


def read_word(text: str, known: Mapping[str, Any], shown: Iterable[Any]) -> Any:
    """What a word stands for. shown: the words to tell whoever wrote another one."""
    word = " ".join(fold(text).replace("_", " ").split())
    for form in (fold(text), word):
        if form in known:
            return known[form]
    raise Unreadable(_("This is one of: %(choices)s.", choices=", ".join(map(str, shown))))


def read_country(text: str) -> str:
    """The code of a country, named in any of some languages."""
    if (code := countries_by_word().get(fold(text))) is None:
        raise Unreadable(_("There is no country “%(code)s”.", code=text.strip()[:20]))
    return code


def read_language(text: str) -> str:
    """The code of a language; `pl-PL` is Polish."""
    word = fold(text)
    code = languages_by_word().get(word) or languages_by_word().get(re.split(r"[-_]", word)[0])
    if code is None:
        raise Unreadable(_("There is no language “%(code)s”.", code=text.strip()[:20]))
    return code


def read_email(text: str) -> str:
    """One address; a name before it is left out."""
    bare = trimmed(text).removeprefix("mailto:")
    if bare.endswith(">") and bare.count("@") == 1:
        return parseaddr(bare)[1]
    parts = [part.strip("<>") for part in re.split(r":::|[\s;,|]+", bare) if part]
    if len({part.lower() for part in parts}) > 1 and all("@" in part for part in parts):
        raise Unreadable(not_an_email(bare))
    return parts[0] if parts and all("@" in part for part in parts) else bare


def read_phone(text: str) -> str:
    """A number as it is written."""
    bare = text.strip().strip("'").removeprefix("tel:")
    if ROUNDED.fullmatch(bare):
        raise Unreadable(_("A spreadsheet has rounded this phone number."))
    return bare


def read_phones(text: str) -> list[str]:
    """The numbers in a cell."""
    bare = read_phone(text)
    parts = [part for part in SEVERAL.split(bare) if part]
    if len(parts) > 1 and all(sum(c.isdigit() for c in part) >= FEWEST_DIGITS for part in parts):
        return list(dict.fromkeys(parts))
    return [bare]


def read_id(text: str, key: str) -> int:
    """The number of a record; a vCard of ours has its type before it."""
    bare = text.strip().removeprefix(f"{key}-")
    if not bare.isdecimal() or not bare.isascii() or int(bare) > LARGEST_ID:
        raise Unreadable(_("This is no CRM ID."))
    return int(bare)


def split_words(text: str, known: Iterable[str]) -> list[str]:
    """The words of a list in one cell: known ones may hold what separates them."""
    keys = {fold(word) for word in known}
    # words and what stands between them, in turn
    parts = BETWEEN_WORDS.split(text)
    found: list[str] = []
    most = max((2 * len(BETWEEN_WORDS.findall(key)) + 1 for key in keys), default=1)
    place = 0
    while place < len(parts):
        # the longest that is known, else one
        last = min(len(parts), place + most)
        ends = (end for end in range(last, place, -2) if fold("".join(parts[place:end])) in keys)
        end = next(ends, 0)
        found.append("".join(parts[place:end]) if end else parts[place].strip().lstrip("*"))
        place = (end or place + 1) + 1
    words = (word.strip() for word in found)
    return list({fold(word): word for word in words if word and word not in NO_WORDS}.values())


def split_options(text: str, known: Iterable[str]) -> list[str]:
    """The words of an attribute in one cell: as an export writes them, else as people do."""
    keys = {fold(word) for word in known}
    written = [word.strip() for word in split(text) if word.strip()]
    return written if all(fold(word) in keys for word in written) else split_words(text, known)
