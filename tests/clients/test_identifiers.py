"""Numbers as people type and paste them, brought into the form in which they are compared."""

import pytest

from crm.models.blanks import AROUND, trimmed
from crm.models.identifiers import is_email, tax_id_is_wrong, tax_id_key


@pytest.mark.parametrize(
    "typed",
    ["7740001454", "774-000-14-54", "PL 774 000 14 54", "NIP: 774.000.14.54", "774–000–14–54",
     "774\u2011000\u201114-54", "７７４０００１４５４", "774\u00a0000\u202f14 54",
     "\u200b7740001454\ufeff", "\u202apl7740001454\u202c"],
)  # fmt: skip
def test_one_nip_in_every_spelling(typed: str) -> None:
    assert tax_id_key(typed, "PL") == "PL7740001454" and not tax_id_is_wrong(typed, "PL")


def test_prefixes_that_are_no_country() -> None:
    assert tax_id_key("EL 094259216") == "GR094259216" == tax_id_key("094259216", "GR")
    assert tax_id_key("XI 123456789") == "GBXI123456789" == tax_id_key("xi123456789", "IE")


@pytest.mark.parametrize("typed", ["", "  ", "-", "./-", "\u200b"])
def test_no_number_is_none(typed: str) -> None:
    assert tax_id_key(typed, "PL") is None


def test_an_address_holds_nothing_that_nobody_sees() -> None:
    assert is_email("jürgen@müller.example")
    assert not any(is_email(text) for text in ("\u200ba@b.example", "a\u00ad@b.example", "a@b.example\ufeff"))


def test_what_stands_around_a_text() -> None:
    assert trimmed("\u202a\u200b Ann\u200dLee \n\ufeff") == "Ann\u200dLee" and trimmed(AROUND) == ""
    assert all(char in AROUND for char in " \t\n\r\x85\xa0\u2003\u3000")
