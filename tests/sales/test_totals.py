"""What lines add up to: the same on the server and in the page, and always to the cent."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.models.totals import Totals, totals
from crm.models.vat import percent, read_rate

SCRIPT = Path(__file__).resolve().parents[2] / "crm/static/crm/totals.js"
RATES = ("23", "8", "5", "5.5", "0", "exempt", "reverse", "19.99")


@dataclass
class Priced:
    quantity: Decimal
    price: Decimal
    discount: Decimal | None
    vat_rate: str


def numbers(places: int, low: str, high: str) -> st.SearchStrategy[Decimal]:
    return st.decimals(Decimal(low), Decimal(high), places=places)


DISCOUNTS = st.none() | numbers(2, "0", "100")
LINES = st.builds(
    Priced,
    quantity=numbers(3, "-99999", "99999"),
    price=numbers(4, "-99999", "9999999"),
    discount=DISCOUNTS,
    vat_rate=st.sampled_from(RATES),
)
CENT = Decimal("0.01")


def line(quantity: str, price: str, discount: str | None = None, rate: str = "23") -> Priced:
    return Priced(Decimal(quantity), Decimal(price), None if discount is None else Decimal(discount), rate)


def test_vat_is_rounded_once_per_rate() -> None:
    # three times 0.10 net: VAT of each alone would be 0.02, together it is 0.07
    found = totals([line("1", "0.10")] * 3)
    assert (found.net, found.vat, found.gross) == (Decimal("0.30"), Decimal("0.07"), Decimal("0.37"))
    assert [sums.vat for sums in found.lines] == [Decimal("0.02")] * 3


def test_half_a_cent_goes_away_from_zero() -> None:
    found = totals([line("1", "0.005", rate="0"), line("-1", "0.025", rate="exempt")])
    assert [sums.net for sums in found.lines] == [Decimal("0.01"), Decimal("-0.03")]


def test_a_line_without_a_discount_has_that_of_the_whole() -> None:
    found = totals([line("1", "100"), line("1", "100", "0"), line("1", "100", "50")], Decimal(10))
    assert [sums.net for sums in found.lines] == [Decimal(90), Decimal(100), Decimal(50)]


def test_rates_are_listed_from_the_highest_with_codes_last() -> None:
    found = totals([line("1", "1", rate=rate) for rate in ("exempt", "5", "23", "0", "5.5")])
    assert [rate for rate, _sums in found.rates] == ["23", "5.5", "5", "0", "exempt"]


def test_nothing_adds_up_to_nothing() -> None:
    assert totals([]) == Totals(Decimal(0), Decimal(0), [], [])


@given(st.lists(LINES, max_size=12), DISCOUNTS)
def test_everything_adds_up_to_the_cent(lines: list[Priced], discount: Decimal | None) -> None:
    found = totals(lines, discount)
    assert found.net == sum(sums.net for sums in found.lines)
    assert found.net == sum(sums.net for _rate, sums in found.rates)
    assert found.vat == sum(sums.vat for _rate, sums in found.rates)
    assert found.gross == found.net + found.vat
    for rate, sums in found.rates:
        assert sums.net == sum(
            one.net for one, of in zip(found.lines, lines, strict=True) if of.vat_rate == rate
        )
        assert abs(sums.vat - sums.net * percent(rate) / 100) <= CENT / 2
    for one in found.lines:
        assert one.net == one.net.quantize(CENT)
    assert totals(list(reversed(lines)), discount).gross == found.gross


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("23", "23"),
        (" 23 % ", "23"),
        ("5,50", "5.5"),
        ("0", "0"),
        ("0.0", "0"),
        ("100", "100"),
        ("EXEMPT", "exempt"),
    ],
)
def test_a_rate_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert read_rate(typed) == kept


@pytest.mark.parametrize("typed", ["", "-1", "100.5", "1.234", "zw", "1e1", "٢٣", "NaN", "23%%"])
def test_no_rate(typed: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(typed)}$"):
        read_rate(typed)


# -- in the page


def in_javascript(cases: list[tuple[list[Priced], Decimal | None]]) -> list[dict[str, object]]:
    """What the page's script makes of (lines, discount), amounts in cents as text."""
    node = shutil.which("node") or shutil.which("node", path=str(SCRIPT.parents[3] / ".venv/bin"))
    if node is None:
        pytest.skip("no node on this machine")
    sent = [
        ([{name: "" if value is None else f"{value}" for name, value in vars(one).items()} for one in lines],
         f"{discount or 0}")
        for lines, discount in cases
    ]  # fmt: skip
    program = f"""{SCRIPT.read_text()}
    const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
    const found = cases.map(([lines, discount]) => crmTotals.add(lines, discount));
    console.log(JSON.stringify(found, (_, value) => typeof value === "bigint" ? String(value) : value));"""
    answer = subprocess.run(
        [node, "-e", program], input=json.dumps(sent), capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(answer.stdout)


@settings(max_examples=3, deadline=None)
@given(st.lists(st.tuples(st.lists(LINES, max_size=8), DISCOUNTS), min_size=60, max_size=90))
def test_the_page_adds_up_the_same(cases: list[tuple[list[Priced], Decimal | None]]) -> None:
    for (lines, discount), found in zip(cases, in_javascript(cases), strict=True):
        wanted = totals(lines, discount)
        assert found == {
            **{name: str(int(getattr(wanted, name) * 100)) for name in ("net", "vat", "gross")},
            "lines": [str(int(sums.net * 100)) for sums in wanted.lines],
            "rates": [{"rate": rate, "net": str(int(sums.net * 100)), "vat": str(int(sums.vat * 100))}
                      for rate, sums in wanted.rates],
        }  # fmt: skip
