"""The VAT number, or the NIP, in a tax ID with its country in front, as registers of VAT are asked for it."""

import re
from dataclasses import dataclass

from stdnum.pl import nip

#: Those in front of VAT numbers: the member states, Greece as the EU writes it, and Northern Ireland (XI).
COUNTRIES = frozenset(
    {
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FR", "HR", "HU",
        "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "XI",
    }
)  # fmt: skip
#: The same as they stand in front of clients' tax IDs. XI is no country: it follows one.
IN_TAX_IDS = (COUNTRIES - {"EL", "XI"}) | {"GR"}
FORM = re.compile(r"(?=.*[0-9])[0-9A-Z+*.]{2,12}")


@dataclass(frozen=True)
class VatNumber:
    country: str
    number: str

    def __str__(self) -> str:
        return self.country + self.number


def read_number(tax_id_key: str | None) -> VatNumber | None:
    """The VAT number of the EU in a tax ID; None for what is none."""
    country, number = (tax_id_key or "")[:2], (tax_id_key or "")[2:]
    if number.startswith("XI"):
        country, number = "XI", number[2:]
    country = "EL" if country == "GR" else country
    if country not in COUNTRIES or not FORM.fullmatch(number):
        return None
    return VatNumber(country, number)


def read_nip(tax_id_key: str | None) -> str | None:
    """The ten digits of a Polish tax ID; None for what is none."""
    number = (tax_id_key or "")[2:]
    return nip.compact(number) if (tax_id_key or "").startswith("PL") and nip.is_valid(number) else None
