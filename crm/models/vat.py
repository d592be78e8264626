"""VAT rates as they stand on a line: a percentage such as `23` or `5.5`, or a code where no VAT is charged."""

import re
from decimal import Decimal
from typing import Any

from flask_babel import format_decimal
from flask_babel import lazy_gettext as _

#: Codes of sales without VAT, with their words.
CODES: dict[str, Any] = {
    "exempt": _("exempt"),
    "reverse": _("reverse charge"),
    "outside": _("outside VAT"),
}
PERCENT = re.compile(r"(100|\d{1,2})(?:[.,](\d{1,2}))?", re.ASCII)
LONGEST = 10


def read_rate(text: str) -> str:
    """A VAT rate in the form in which it is kept: `23`, `5.5`, `exempt`. Raises ValueError for anything else."""
    bare = text.strip().removesuffix("%").strip().lower()
    if bare in CODES:
        return bare
    if not (found := PERCENT.fullmatch(bare)):
        raise ValueError(text)
    rate = Decimal(f"{found[1]}.{found[2] or 0}")
    if rate > 100:
        raise ValueError(text)
    return format(rate.normalize(), "f")


def percent(rate: str) -> Decimal:
    """How much VAT a rate adds, in percent; a code adds none."""
    return Decimal(0) if rate in CODES else Decimal(rate)


def rate_words(rate: str) -> str:
    """A rate as people read it: `23%`, `exempt`."""
    return str(CODES[rate]) if rate in CODES else f"{format_decimal(Decimal(rate))}%"


def rate_order(rate: str) -> tuple[bool, Decimal, str]:
    """The order in which rates are listed: the highest first, codes last."""
    return rate in CODES, -percent(rate), rate
