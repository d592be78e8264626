"""How words and numbers are folded, so that `zolty` finds `Żółty` and any spelling of a phone its client."""

import re
import unicodedata

#: Letters and signs that Unicode does not take apart, with what people type instead of them.
LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ð": "d", "’": "'"}
)

WORD = re.compile(r"[^\W_]+(?:[.@&'+\-][^\W_]+)*", re.UNICODE)
#: What may stand inside a word. SQLite's index of words is told the same.
SIGNS = re.compile(r"[.@&'+\-]")
SHORTEST_PHONE_END = 5


def fold(text: str) -> str:
    """Lower case without accents: the form in which texts are compared and sorted."""
    if text.isascii():
        return text.casefold().strip()
    bare = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in bare if not unicodedata.combining(c)).translate(LETTERS).strip()


def words(text: str) -> list[str]:
    """The folded words of a text, in order: e-mail addresses and hyphenated words whole and in parts."""
    found = []
    for word in WORD.findall(fold(text)):
        found.append(word)
        parts = SIGNS.split(word)
        if len(parts) > 1:
            found.extend(part for part in parts if part)
    return found


def phone_words(number: str | None) -> list[str]:
    """The digits of an E.164 number and each of its ends of five digits and more."""
    digits = (number or "").lstrip("+")
    return [digits[i:] for i in range(max(len(digits) - SHORTEST_PHONE_END + 1, 0))]
