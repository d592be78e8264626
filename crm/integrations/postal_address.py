"""An address that a register writes as one text, taken apart as far as its country's postal codes show where."""

import re

DIGITS = {4: "AT BE BG CY DK HU LU SI", 5: "DE EE ES FI FR HR IT LT", 6: "RO"}
CODES = {
    **{country: rf"\d{{{number}}}" for number, countries in DIGITS.items() for country in countries.split()},
    **dict.fromkeys(("CZ", "SK", "SE", "GR"), r"\d{3} ?\d{2}"),
    "LV": r"LV-\d{4}", "NL": r"\d{4} ?[A-Z]{2}", "PL": r"\d{2}-\d{3}", "PT": r"\d{4}-\d{3}",
    "IE": r"[A-Z]\d[\dW] ?[A-Z0-9]{4}", "MT": r"[A-Z]{3} ?\d{4}", "GB": r"[A-Z]{1,2}\d[A-Z0-9]? ?\d[A-Z]{2}",
}  # fmt: skip
LONGEST = {"street": 200, "postal_code": 20, "city": 100}


def split_address(text: str, country: str) -> dict[str, str]:
    """Street, postal code and city; all as the street where no code stands before the last line's end.

    text: in lines, or one line. country: ISO 3166-1 alpha-2.
    """
    code, city = CODES.get(country, "no code"), r"[^\d\n][^\n]*"
    form = rf"(?:(?P<street>.*?)[\s,]+)?(?:[A-Z]{{1,2}}-)?(?P<code>{code})[ ,]+(?P<city>{city})"
    found = re.fullmatch(form, text.strip(), re.DOTALL)
    parts = {"street": text}
    if found:
        parts = {"street": found["street"] or "", "postal_code": found["code"], "city": found["city"]}
    lines = {name: ", ".join(line.strip(" ,") for line in part.splitlines()) for name, part in parts.items()}
    return {name: part[: LONGEST[name]] for name, part in lines.items() if part}
