"""The text of one cell becomes a number, a date, a phone; or is refused, never guessed."""

from typing import Any

import pytest

from crm.services.importing import cells
from crm.services.reading import Unreadable


@pytest.fixture(autouse=True)
def _in_app(prepared: Any) -> Any:
    with prepared("sqlite").app.test_request_context():
        yield


@pytest.mark.parametrize(
    ("text", "comma", "point"),
    [
        ("1 234,5", "1234.5", "1234.5"), ("1,234.50", "1234.5", "1234.5"), ("1.234,50", "1234.5", "1234.5"),
        ("1234,5", "1234.5", "1234.5"), ("1,234", "1.234", "1234"), ("1.234", "1234", "1.234"),
        ("1'234'567.8", "1234567.8", "1234567.8"), ("1\u00a0234\u202f567", "1234567", "1234567"),
        ("-0,5", "-0.5", "-0.5"), ("0.125", "0.125", "0.125"), ("1.234.567", "1234567", "1234567"),
        ("23%", "23", "23"), ("−7", "-7", "-7"), (",5", "0.5", "0.5"), ("12.5", "12.5", "12.5"),
        ("007", "7", "7"),
    ],
)  # fmt: skip
def test_numbers(text: str, comma: str, point: str) -> None:
    told = [str(format(cells.read_number(text, mark).normalize(), "f")) for mark in ",."]
    assert told == [comma, point]


@pytest.mark.parametrize(
    "text", ["", "abc", "1,2,3", "1 2", "1.2.3,4", "1e5", "NaN", "12a", "--5", "1.23.456", "1" * 61]
)
def test_no_numbers(text: str) -> None:
    for mark in ",.":
        with pytest.raises(Unreadable):
            cells.read_number(text, mark)


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [("1 200,50 zł", "1200.5", "PLN"), ("€ 12.50", "12.5", "EUR"), ("12.50EUR", "12.5", "EUR"),
     ("USD 1,200.00", "1200", "USD"), ("$5", "5", "USD"), ("99", "99", None), ("-5,5 EUR", "-5.5", "EUR")],
)  # fmt: skip
def test_money(text: str, amount: str, currency: str | None) -> None:
    number, code = cells.read_money(text, ".")
    assert (format(number.normalize(), "f"), code) == (amount, currency)


@pytest.mark.parametrize(
    ("text", "order", "told"),
    [("31.12.2026", "dmy", "2026-12-31"), ("12/31/2026", "mdy", "2026-12-31"), ("1/2/2026", "dmy", "2026-02-01"),
     ("1/2/2026", "mdy", "2026-01-02"), ("2026-12-31", "mdy", "2026-12-31"), ("2026/12/31", "dmy", "2026-12-31"),
     ("2026-12-31T23:59:00Z", "dmy", "2026-12-31"), ("31.12.26 r.", "dmy", "2026-12-31"),
     ("46387", "dmy", "2026-12-31"), ("31.12.2026 10:30", "dmy", "2026-12-31"), ("1.2.99", "dmy", "1999-02-01")],
)  # fmt: skip
def test_dates(text: str, order: str, told: str) -> None:
    assert cells.read_day(text, order).isoformat() == told


@pytest.mark.parametrize("text", ["31.02.2026", "13/13/2026", "tomorrow", "12", "2026-13-01", "1.2.3"])
def test_no_dates(text: str) -> None:
    with pytest.raises(Unreadable):
        cells.read_day(text, "dmy")


def test_moments() -> None:
    read = cells.read_moment
    assert read("31.12.2026 9:05", "dmy").isoformat() == "2026-12-31T09:05:00"
    assert read("3/15/2026 2:30 PM", "mdy").isoformat() == "2026-03-15T14:30:00"
    assert read("2026-03-15T14:30:00+02:00", "dmy").isoformat() == "2026-03-15T14:30:00+02:00"
    assert read("46387,5", "dmy").isoformat() == "2026-12-31T12:00:00"


def test_words() -> None:
    assert [cells.read_yes_no(word) for word in ("Tak", "NIE", "x", "0", "Fałsz", "True")] == [
        True, False, True, False, False, True,
    ]  # fmt: skip
    assert [cells.read_country(w) for w in ("Polska", "belgium", "de", "België", "USA", "Czechy")] == [
        "PL", "BE", "DE", "BE", "US", "CZ",
    ]  # fmt: skip
    assert [cells.read_language(w) for w in ("polski", "English", "pl-PL", "FR")] == ["pl", "en", "pl", "fr"]
    assert cells.split_words("A, b; C ::: *d", ["x"]) == ["A", "b", "C", "d"]
    assert cells.split_words("x;y, Gold, white", ["X;Y"]) == ["x;y", "Gold", "white"]
    assert cells.split_words("Gold, white", ["gold, white", "Gold"]) == ["Gold, white"]


def test_addresses_and_numbers() -> None:
    assert cells.read_email("Jan Żak <jan@x.pl>") == "jan@x.pl"
    assert cells.read_email("mailto:jan@x.pl") == "jan@x.pl"
    assert cells.read_email("jan@x.pl ::: JAN@x.pl") == "jan@x.pl"
    with pytest.raises(Unreadable):
        cells.read_email("jan@x.pl; ola@x.pl")
    assert cells.read_phones("600 100 200 / 22 100 20 30; +48600100200") == [
        "600 100 200", "22 100 20 30", "+48600100200",
    ]  # fmt: skip
    assert cells.read_phones("022/123 45 67") == ["022/123 45 67"]
    assert cells.read_phones("'+48600100200") == ["+48600100200"]
    with pytest.raises(Unreadable):
        cells.read_phones("4,86E+10")
    assert (cells.read_id("client-12", "client"), cells.read_id("12", "note")) == (12, 12)
    for text in ("contact-12", "12a", "", "²"):
        with pytest.raises(Unreadable):
            cells.read_id(text, "client")
