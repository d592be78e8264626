"""What lines add up to, on a page, in the API and in print: one function, and one rule of rounding.

The net of a line is quantity × price less its discount, rounded to the cent, half away from zero. VAT is worked
out once per rate, on the sum of the nets of that rate, and rounded likewise. So the nets of the lines add up to
the net of their rate, and net and VAT of the rates add up to the totals, to the cent. The VAT and gross of one
line, which are for information, may differ by a cent from what they add up to.

`crm/static/crm/totals.js` previews the same in whole numbers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Protocol

from crm.models.vat import percent, rate_order

CENT = Decimal("0.01")
HUNDRED = Decimal(100)
#: Wide enough for the largest quantity times the largest price.
EXACTLY = Context(prec=80, rounding=ROUND_HALF_UP)


class Priced(Protocol):
    """What is needed of a line. discount: percent; None for that of the whole."""

    quantity: Decimal
    price: Decimal
    discount: Decimal | None
    vat_rate: str


@dataclass(frozen=True)
class Sums:
    """Amounts that belong together: net + vat = gross."""

    net: Decimal
    vat: Decimal

    @property
    def gross(self) -> Decimal:
        return EXACTLY.add(self.net, self.vat)


@dataclass(frozen=True)
class Totals(Sums):
    """Of all lines, with each line in its order, and (rate, its sums), highest rate first."""

    lines: Sequence[Sums]
    rates: Sequence[tuple[str, Sums]]


def to_cents(amount: Decimal) -> Decimal:
    """An amount rounded to the cent, half away from zero."""
    return amount.quantize(CENT, context=EXACTLY)


def _vat(net: Decimal, rate: str) -> Decimal:
    return to_cents(EXACTLY.divide(EXACTLY.multiply(net, percent(rate)), HUNDRED))


def line_net(quantity: Decimal, price: Decimal, discount: Decimal | None = None) -> Decimal:
    """The net amount of a line; discount in percent."""
    whole = EXACTLY.multiply(quantity, price)
    return to_cents(EXACTLY.divide(EXACTLY.multiply(whole, HUNDRED - (discount or 0)), HUNDRED))


def totals(lines: Iterable[Priced], discount: Decimal | None = None) -> Totals:
    """What lines add up to. discount: in percent, of the lines that have none of their own."""
    each: list[Sums] = []
    nets: dict[str, Decimal] = {}
    for line in lines:
        net = line_net(line.quantity, line.price, discount if line.discount is None else line.discount)
        each.append(Sums(net, _vat(net, line.vat_rate)))
        nets[line.vat_rate] = EXACTLY.add(nets.get(line.vat_rate, Decimal("0.00")), net)
    rates = [(rate, Sums(nets[rate], _vat(nets[rate], rate))) for rate in sorted(nets, key=rate_order)]
    net = vat = Decimal("0.00")
    for _rate, sums in rates:
        net, vat = EXACTLY.add(net, sums.net), EXACTLY.add(vat, sums.vat)
    return Totals(net, vat, each, rates)
