"""Which clients are likely one: by their names, numbers and places; and how well that does on made-up ones."""

import pytest

from bench.likenesses import Maker
from crm.services.duplicates.blocking import keys_of
from crm.services.duplicates.facts import Facts, typed_facts
from crm.services.duplicates.scoring import LIKELY, compare

#: What stands between the bars below.
FIELDS = ("name", "billing_city", "phone", "email", "tax_id")
COMPANIES = [
    ("Żółty Młyn Sp. z o.o.|Kraków", "MLYN ZOLTY S.A.|Krakow"),
    ("Bijouterie Dupont SPRL|Liège", "Bijouterie Dupond|Liege"),
    ("Pol-Trans spółka z ograniczoną odpowiedzialnością|Gdańsk", "POLTRANS SP. Z O. O.|80-001 Gdańsk"),
    ("A||||PL 123-456-32-18", "B||||1234563218"),
    ("Orlex GmbH||+48 601 202 303", "Orlexx||601-202-303"),
]
PEOPLE = [
    ("Jan Kowalski|||Jan@x.example", "Kowalski Jan|||jan@X.example"),
    ("Jan Kowalski|Łódź", "Kowalski, Jan|lodz"),
    ("Katarzyna Wiśniewska|Łódź", "Katarzyna Wisniewka|Łódź"),
]
OTHER_COMPANIES = [
    ("Apteka Gemini|Łódź|||1234563218", "Apteka Gemini|Łódź|||5260001246"),
    ("Hurtownia 24|Łódź", "Hurtownia 25|Łódź"),
    ("Apteka Gemini|Łódź", "Apteka Gemini|Gdańsk"),
]
OTHER_PEOPLE = [
    ("Jan Kowalski|Łódź", "Jan Kowalski|Żory"),
    ("Jan Kowalski|Łódź|601202303", "Jan Kowalski|Łódź|501502503"),
    ("Marta Kowalska|Łódź", "Maria Kowalska|Łódź"),
    ("Jan Kowalski||601202303", "Ewa Kowalska||601202303"),
]


def facts(kind: str, text: str) -> Facts:
    return typed_facts({"kind": kind, **dict(zip(FIELDS, text.split("|"), strict=False))})


@pytest.mark.parametrize("kind", ["company", "person"])
def test_what_is_likely_one_and_meets(kind: str) -> None:
    for texts in PEOPLE if kind == "person" else COMPANIES:
        one, other = (facts(kind, text) for text in texts)
        assert compare(one, other).score >= LIKELY, texts
        assert compare(other, one) == compare(one, other)
        assert keys_of(one) & keys_of(other), texts


@pytest.mark.parametrize("kind", ["company", "person"])
def test_what_only_looks_alike(kind: str) -> None:
    for texts in OTHER_PEOPLE if kind == "person" else OTHER_COMPANIES:
        one, other = (facts(kind, text) for text in texts)
        assert compare(one, other).score < LIKELY, texts


def test_most_are_found_and_few_wrongly() -> None:
    """The bench script measures the same on a hundred thousand; here every pair with a key in common is compared."""
    rows, same = Maker(7).rows(1_500)
    known = [typed_facts({name: str(value or "") for name, value in row.items()}) for row in rows]
    together: dict[int, list[int]] = {}
    for place, one in enumerate(known):
        for key in keys_of(one):
            together.setdefault(key, []).append(place)
    pairs = {(a, b) for places in together.values() for a in places for b in places if a < b}
    found = {(a, b) for a, b in pairs if compare(known[a], known[b]).score >= LIKELY}
    assert len(found & same) / len(same) >= 0.95
    assert len(found & same) / len(found) >= 0.95
