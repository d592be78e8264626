"""Lists of mail addresses: read as people write them, written one way, refused where one is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.models.mail_addresses import WrongAddress, in_order, people, read_addresses, write_address


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ewa@example.com", "ewa@example.com"),
        ("Ewa Wąsik <ewa@example.com>; jan@example.com", "Ewa Wąsik <ewa@example.com>, jan@example.com"),
        (
            '"Wąsik, Ewa" <ewa@example.com>\njan@example.com,',
            '"Wąsik, Ewa" <ewa@example.com>, jan@example.com',
        ),
        ("ewa@example.com, Ewa <EWA@example.com>", "ewa@example.com"),
        ("  ", None),
        (None, None),
    ],
)
def test_read_and_written(typed: str | None, kept: str | None) -> None:
    assert in_order(typed) == kept
    assert in_order(kept) == kept


@pytest.mark.parametrize(
    "typed", ["ewa", "Ewa <ewa@>", "ewa@example.com jan@example.com", "<>", "a@b.c, Ewa"]
)
def test_wrong_ones_are_named(typed: str) -> None:
    with pytest.raises(WrongAddress):
        in_order(typed)


def test_names() -> None:
    assert people('"Wąsik, Ewa" <ewa@example.com>, jan@example.com') == ["Wąsik, Ewa", "jan@example.com"]
    assert people("not an address") == ["not an address"]


@given(
    st.lists(
        st.text(
            alphabet=st.characters(exclude_characters='"<>\\', exclude_categories=("Cc", "Cs", "Zl", "Zp"))
        )
    )
)
def test_any_name_survives_writing_and_reading(names: list[str]) -> None:
    written = ", ".join(write_address(name, f"p{n}@example.com") for n, name in enumerate(names))
    found = read_addresses(written)
    assert [address for _name, address in found] == [f"p{n}@example.com" for n in range(len(names))]
    assert read_addresses(", ".join(write_address(*one) for one in found)) == found
