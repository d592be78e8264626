"""vCards of versions 2.1, 3.0 and 4.0 as rows of a table, one card after another."""

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from flask_babel import gettext as _

from crm.errors import RuleError
from crm.services.importing.csv_reading import reading_of
from crm.services.importing.encodings import detect

#: The columns, in words that the guesses know.
HEADINGS = (
    "UID", "Kind", "Name", "First name", "Last name", "Position", "Contact: First name", "Contact: Last name",
    "Contact: Position", "Client", "E-mail", "E-mail 2", "E-mail 3", "Phone", "Mobile", "Second phone", "Street",
    "Postal code", "City", "Region", "Country", "Delivery street", "Delivery postal code", "Delivery city",
    "Delivery region", "Delivery country", "Website", "Notes", "Tags",
)  # fmt: skip
#: A longer line than this holds a picture or a sound, or is no vCard.
LONGEST_LINE = 10_000_000
BINARY = frozenset({"PHOTO", "LOGO", "SOUND", "KEY", "AGENT"})
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
#: A part of a structured value, up to a semicolon that is not escaped. A backslash at the very end escapes nothing:
#: were it no part of a match, each letter before it would be tried as a beginning.
PART = re.compile(r"((?:\\.|[^;\\])*)\\?(?:;|$)", re.DOTALL)
MOBILE = frozenset({"CELL", "MOBILE", "IPHONE"})
FAX = frozenset({"FAX", "PAGER", "MODEM", "TELEX"})


@dataclass
class Property:
    """One property of a card. types: in capitals."""

    value: str
    types: frozenset[str] = frozenset()
    structured: list[str] = field(default_factory=list)


class VcardTable:
    """The cards of a file as rows. kind: of a file of our own, which cards are meant: client or contact."""

    free_form = False

    def __init__(self, stream: IO[bytes], given: dict[str, Any], kind: str):
        self.stream, self.kind = stream, kind
        self.options = {"encoding": given.get("encoding") or detect(stream)}

    def rows(self) -> Iterator[list[str]]:
        yield list(HEADINGS)
        for card in self._cards():
            row = _row(card, self.kind)
            owner = row[0].partition("-")[0]
            if not self.kind or owner not in ("client", "contact") or owner == self.kind:
                yield row

    def _cards(self) -> Iterator[dict[str, list[Property]]]:
        card: dict[str, list[Property]] | None = None
        inner = 0
        try:
            for line in _lines(reading_of(self.stream, self.options["encoding"])):
                word = line.strip().upper()
                if word.startswith("BEGIN:VCARD"):
                    # a card inside a card is somebody's assistant
                    inner += card is not None
                    card = {} if card is None else card
                elif word.startswith("END:VCARD") and card is not None:
                    if inner:
                        inner -= 1
                        continue
                    yield card
                    card = None
                elif card is not None and not inner:
                    _add(card, line)
        except UnicodeError:
            raise RuleError(_("This file has another encoding."), field="encoding") from None


def _lines(text: Any) -> Iterator[str]:
    """The logical lines: those that were folded, or broken by quoted-printable, put together again."""
    kept: list[str] = []
    quoted = False
    while raw := text.readline(LONGEST_LINE):
        line = raw.rstrip("\r\n")
        if kept and line[:1] in (" ", "\t") and not quoted:
            kept.append(line[1:])
            continue
        if kept and quoted and kept[-1].endswith("="):
            kept[-1] = kept[-1][:-1]
            kept.append(line)
            continue
        if kept:
            yield "".join(kept)
        kept = [line]
        quoted = "QUOTED-PRINTABLE" in line.partition(":")[0].upper()
    if kept:
        yield "".join(kept)


def _add(card: dict[str, list[Property]], line: str) -> None:
    head, colon, value = _split_head(line)
    if not colon:
        return
    name, *parameters = head.split(";")
    name = name.rpartition(".")[2].upper()
    if name in BINARY:
        return
    types, charset, quoted = set(), "utf-8", False
    for parameter in parameters:
        key, equals, words = parameter.partition("=")
        key, words = (key.upper(), words.strip('"')) if equals else ("TYPE", key)
        if key == "CHARSET":
            charset = words
        elif words.upper() == "QUOTED-PRINTABLE":
            quoted = True
        elif key == "TYPE":
            types |= {word.strip().upper() for word in words.split(",")}
    if quoted:
        try:
            value = quopri.decodestring(value.encode("utf-8", "surrogateescape")).decode(charset)
        except (LookupError, UnicodeError):
            value = quopri.decodestring(value.encode("utf-8", "replace")).decode("utf-8", "replace")
        # some encodings have halves of characters
        value = value.encode("utf-8", "replace").decode()
    parts = [_plain(part) for part in PART.findall(value)]
    card.setdefault(name, []).append(Property(_plain(value), frozenset(types), parts))


def _split_head(line: str) -> tuple[str, str, str]:
    """A line at its first colon outside quotation marks."""
    quoted = False
    for place, sign in enumerate(line):
        if sign == '"':
            quoted = not quoted
        elif sign == ":" and not quoted:
            return line[:place], ":", line[place + 1 :]
    return line, "", ""


def _plain(text: str) -> str:
    return ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], text).strip()


def _row(card: dict[str, list[Property]], kind: str) -> list[str]:
    def one(name: str) -> str:
        return next((p.value for p in card.get(name, ()) if p.value), "")

    def part(name: str, number: int) -> str:
        parts = card[name][0].structured if name in card else []
        return parts[number] if number < len(parts) else ""

    uid, organisation = one("UID").removeprefix("urn:uuid:"), part("ORG", 0)
    company = one("X-ABSHOWAS").upper() == "COMPANY" or one("KIND").lower() in ("org", "organization")
    first, last = part("N", 1), part("N", 0)
    if "N" not in card and one("FN") != organisation:
        # version 4 may have the name in one piece only
        first, _blank, last = one("FN").rpartition(" ")
    person = ["", "", ""] if company else [first.strip(), last, one("TITLE")]
    if kind == "contact":
        names = ["", "", *person, "", "", "", organisation]
    elif organisation and not company:
        # somebody at a company: the company is the client
        names = ["company", organisation, "", "", "", *person, ""]
    else:
        names = ["company" if company else "person", one("FN") or organisation, *person, "", "", "", ""]
    emails = list(dict.fromkeys(p.value.removeprefix("mailto:") for p in card.get("EMAIL", ()) if p.value))
    billing, delivery = _addresses(card.get("ADR", []))
    return [
        uid, *names, *(emails + ["", "", ""])[:3], *_phones(card.get("TEL", [])), *billing, *delivery, one("URL"),
        "\n".join(p.value for p in card.get("NOTE", ()) if p.value),
        ", ".join(tag for p in card.get("CATEGORIES", ()) for tag in _listed(p.value)),
    ]  # fmt: skip


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _phones(found: list[Property]) -> list[str]:
    """Phone, mobile and second phone: by the types of the numbers, as far as these say it."""
    places = ["", "", ""]
    numbers = [p for p in found if not p.types & FAX]
    rest = []
    for number in sorted(numbers, key=lambda p: not p.types & {"PREF"}):
        text = number.value.removeprefix("tel:")
        wanted = 1 if number.types & MOBILE else 2 if number.types == {"VOICE"} else 0
        if places[wanted]:
            rest.append(text)
        else:
            places[wanted] = text
    for text in rest:
        if text not in places and "" in places:
            places[places.index("")] = text
    return places


def _addresses(found: list[Property]) -> tuple[list[str], list[str]]:
    """Billing and delivery address: street, postal code, city, region, country."""
    delivery = [p for p in found if "PARCEL" in p.types]
    others = sorted((p for p in found if p not in delivery), key=lambda p: "WORK" not in p.types)

    def parts(some: list[Property]) -> list[str]:
        _box, extended, street, city, region, code, country = (
            (some[0].structured + [""] * 7)[:7] if some else [""] * 7
        )
        return ["\n".join(filter(None, (street, extended))).replace("\n", ", "), code, city, region, country]

    return parts(others), parts(delivery)
