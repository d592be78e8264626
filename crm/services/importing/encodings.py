"""In which encoding a text file is written: UTF-8 and UTF-16 by their marks, else by the letters that come out.

General detectors know a hundred encodings and guess badly on a few hundred Polish names; here it is one of those
that spreadsheets in Central and Western Europe write.
"""

import codecs
from typing import IO

#: How much of a file is looked at for its letters.
SAMPLE = 256 * 1024
#: Encodings of one byte a letter, the likeliest first.
CANDIDATES = ("cp1250", "iso-8859-2", "cp1252")
ENCODINGS = ("utf-8", "utf-16", *CANDIDATES)
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
POLISH = frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ")
WESTERN = frozenset("éèêëàâäáåæçôöõóûùüúîïíñøßÉÈÊÀÂÄÁÅÇÔÖÓÜÚÍÑØœ")
#: Czech, Slovak, Hungarian and the like: rarer here.
CENTRAL = frozenset("čďěňřšťůýžľĺŕőűšžČŠŽŘŠŽ")
#: Other signs that stand in texts: quotation marks, dashes, the euro.
SIGNS = frozenset("„”“’‘–—…€§°«»®™©\u00a0²³½·•")


def detect(stream: IO[bytes]) -> str:
    """The encoding of a text. The stream is left at its beginning."""
    stream.seek(0)
    head = stream.read(SAMPLE)
    try:
        for mark, name in MARKS:
            if head.startswith(mark):
                return name
        if (name := _utf_16_without_mark(head)) is not None:
            return name
        return "utf-8" if _is_utf_8(head, stream) else _by_letters(head)
    finally:
        stream.seek(0)


def _utf_16_without_mark(head: bytes) -> str | None:
    """UTF-16 of mostly Latin letters has a zero in every other byte."""
    even, odd = head[:2000:2].count(0), head[1:2000:2].count(0)
    half = len(head[:2000]) // 2
    if half and odd > 0.4 * half and even < 0.1 * half:
        return "utf-16-le"
    return "utf-16-be" if half and even > 0.4 * half and odd < 0.1 * half else None


def _is_utf_8(head: bytes, stream: IO[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        part = head
        while part:
            decoder.decode(part)
            part = stream.read(SAMPLE)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _by_letters(head: bytes) -> str:
    return max(
        CANDIDATES, key=lambda name: (_likelihood(head.decode(name, "replace")), name == CANDIDATES[0])
    )


def _likelihood(text: str) -> float:
    """How much a text looks like words of a language that is written here."""
    found = 0.0
    for before, sign, after in zip(" " + text, text, text[1:] + " ", strict=False):
        if sign.isascii():
            continue
        among_letters = before.isalpha() or after.isalpha()
        if sign in POLISH:
            # a capital inside a word comes of a wrong encoding; before a vowel Polish writes `ni`, `ci`
            odd = sign in "ńć" and after in "aeiouy"
            found += -1 if sign.isupper() and before.islower() else 0.9 if odd else 1
        elif sign in WESTERN:
            found += -1 if sign.isupper() and before.islower() else 0.95
        elif sign in CENTRAL:
            found += 0.5
        elif sign.isalpha():
            found -= 0.5
        elif sign in SIGNS:
            found += 0.3 if not (before.isalpha() and after.isalpha()) else -1
        else:
            # control characters, and symbols inside words
            found -= 2 if among_letters or not sign.isprintable() else 0.5
    return found
