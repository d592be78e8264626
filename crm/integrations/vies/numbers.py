"""VAT numbers as VIES is asked for them."""

import re
from dataclasses import dataclass

#: The member states, and Northern Ireland (XI); Greece as VIES writes it.
COUNTRIES = frozenset(
    {
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FR", "HR", "HU",
        "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "XI",
    }
)  # fmt: skip
#: The countries as they stand in front of clients' tax IDs. XI is no country: it follows one.
IN_TAX_IDS = (COUNTRIES - {"EL"}) | {"GR"}
FORM = re.compile(r"(?=.*[0-9])[0-9A-Z+*.]{2,12}")


@dataclass(frozen=True)
class VatNumber:
    country: str
    number: str

    def __str__(self) -> str:
        return self.country + self.number


def read_number(tax_id_key: str | None) -> VatNumber | None:
    """The VAT number in a tax ID with its country in front; None for what VIES cannot be asked for."""
    country, number = (tax_id_key or "")[:2], (tax_id_key or "")[2:]
    if number.startswith("XI"):
        country, number = "XI", number[2:]
    country = "EL" if country == "GR" else country
    if country not in COUNTRIES or not FORM.fullmatch(number):
        return None
    return VatNumber(country, number)
