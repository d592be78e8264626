"""What of a client tells whether it is another one: its numbers and addresses in their normal forms, its name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from crm.models import Client
from crm.models.folding import fold
from crm.models.identifiers import FREE_MAIL, domain_of, e164, tax_id_is_wrong, tax_id_key
from crm.services.duplicates.names import tokens

#: The columns that facts are made of.
COLUMNS = (
    "kind", "name", "first_name", "last_name", "email", "domain", "tax_id", "tax_id_key", "regon", "pesel",
    "phone", "phone_e164", "mobile", "mobile_e164", "phone2", "phone2_e164", "billing_street",
    "billing_postal_code", "billing_city", "billing_country", "sensitive",
)  # fmt: skip
PHONES = ("phone", "mobile", "phone2")
#: Fewer digits are an extension or a mistake.
FEWEST_DIGITS = 7
#: The kinds of what proves two clients one, or nearly so, where it is the same.
STRONG = ("tax_id", "regon", "pesel", "email", "phone")


@dataclass(frozen=True)
class Facts:
    """One client, saved or being typed, as it is compared. Blank texts and empty sets are unknown."""

    kind: str = "company"
    tokens: tuple[str, ...] = ()
    tax_id: str = ""
    #: As it was typed, and the country by whose rule it is checked.
    typed_tax_id: str = ""
    country: str | None = None
    regon: str = ""
    pesel: str = ""
    email: str = ""
    domain: str = ""
    phones: frozenset[str] = frozenset()
    street: str = ""
    postal_code: str = ""
    city: str = ""
    sensitive: bool = False

    def strong(self) -> dict[str, frozenset[str]]:
        """The values of each kind in `STRONG`."""
        values = {"tax_id": self.tax_id, "regon": self.regon, "pesel": self.pesel, "email": self.email}
        found = {kind: frozenset({value}) for kind, value in values.items() if value}
        return {**found, "phone": self.phones} if self.phones else found

    def opened(self) -> "Facts":
        """Without what is masked at a sensitive client."""
        return replace(
            self, tax_id="", typed_tax_id="", regon="", pesel="", email="", domain="", phones=frozenset()
        )

    def has_wrong_tax_id(self) -> bool:
        """Whether the tax ID breaks its country's rule, so that it is likely mistyped."""
        return bool(self.typed_tax_id) and tax_id_is_wrong(self.typed_tax_id, self.country)


def facts_of(row: Mapping[str, Any]) -> Facts:
    """The facts of a client's columns, as `COLUMNS` names them."""
    made = " ".join(filter(None, (row["first_name"], row["last_name"])))
    email = (row["email"] or "").strip().casefold()
    company = row["kind"] != "person"
    domain = (row["domain"] or "").casefold()
    return Facts(
        kind=row["kind"],
        tokens=tokens(row["name"] or made),
        tax_id=_without_zeros(row["tax_id_key"] or ""),
        typed_tax_id=row["tax_id"] or "",
        country=row["billing_country"],
        regon=_digits(row["regon"])[:9],
        pesel=_digits(row["pesel"]),
        email=email,
        domain=domain if company and domain not in FREE_MAIL else "",
        phones=frozenset(filter(None, (_phone(row[f"{name}_e164"], row[name]) for name in PHONES))),
        street=" ".join(tokens(row["billing_street"] or "")),
        postal_code=re.sub(r"[^0-9a-z]", "", fold(row["billing_postal_code"] or "")),
        city=_city(row["billing_city"]),
        sensitive=bool(row["sensitive"]),
    )


def typed_facts(values: Mapping[str, str]) -> Facts:
    """The facts of what is typed into a form: fields by name, blank or missing ones unknown."""
    row: dict[str, Any] = {name: values.get(name) or None for name in COLUMNS}
    row["kind"] = row["kind"] if row["kind"] in ("person", "company") else "company"
    if row["kind"] == "company":
        row["first_name"] = row["last_name"] = row["pesel"] = None
    row["tax_id_key"] = tax_id_key(row["tax_id"], row["billing_country"])
    for name in PHONES:
        row[f"{name}_e164"] = e164(row[name], row["billing_country"])
    row["domain"] = row["domain"] or domain_of(values.get("website"), row["email"])
    row["sensitive"] = False
    return facts_of(row)


def columns() -> list[Any]:
    """The columns of the client's table that facts are made of."""
    return [Client.__table__.c[name] for name in COLUMNS]


def _digits(text: str | None) -> str:
    return re.sub(r"\D", "", text or "")


def _without_zeros(tax_id: str) -> str:
    """`BE0123456749` and `BE123456749` are one number."""
    return tax_id[:2] + tax_id[2:].lstrip("0") if tax_id[2:].isdigit() else tax_id


def _phone(known: str | None, typed: str | None) -> str:
    """A number in its normal form; the digits of one that has none."""
    if known:
        return known
    digits = _digits(typed)
    return digits if len(digits) >= FEWEST_DIGITS else ""


def _city(text: str | None) -> str:
    """`Warszawa-Mokotów` and `02-001 Warszawa, Polska` are in Warszawa."""
    bare = re.sub(r"\S*\d\S*", " ", fold(text or "")).partition(",")[0]
    return " ".join(re.findall(r"[^\W\d_]+", bare.partition("-")[0]))
