"""Normal forms and checks of phone numbers, tax IDs, REGON, PESEL, IBAN, e-mail addresses and domains."""

import re
from urllib.parse import urlsplit

import phonenumbers
from flask import current_app
from stdnum import exceptions, get_cc_module, iban
from stdnum.pl import pesel, regon
from stdnum.util import clean

from crm.models.blanks import INVISIBLE

EMAIL = re.compile(rf"[^@\s,;<>\"(){INVISIBLE}]{{1,64}}@(?:[\w](?:[\w-]*[\w])?\.)+[^\W\d_]{{2,}}", re.UNICODE)

#: Where many people have an address and none of them is a company's own.
FREE_MAIL = frozenset(
    {
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "yahoo.com",
        "icloud.com",
        "me.com",
        "proton.me",
        "protonmail.com",
        "wp.pl",
        "o2.pl",
        "onet.pl",
        "op.pl",
        "interia.pl",
        "interia.eu",
        "gazeta.pl",
        "poczta.fm",
        "tlen.pl",
        "gmx.de",
        "gmx.net",
        "web.de",
    }
)


def default_region() -> str:
    """The country of numbers written without one."""
    return current_app.config.get("CRM_REGION", "PL") if current_app else "PL"


def e164(number: str | None, region: str | None = None) -> str | None:
    """A phone number as `+48123456789`, or None where it is not one.

    region: ISO 3166-1 alpha-2 code for numbers written without a country; else the default region.
    """
    if not number:
        return None
    try:
        parsed = phonenumbers.parse(number, region or default_region())
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def is_email(text: str) -> bool:
    """Whether text is one e-mail address."""
    return len(text) <= 254 and ".." not in text and EMAIL.fullmatch(text) is not None


def _vat_module(country: str):
    return get_cc_module(country.lower(), "vat") or get_cc_module(country.lower(), "nip")


def _country_and_number(tax_id: str, country: str | None) -> tuple[str, str]:
    """The country of a tax ID (its prefix, else the client's, else the default) and its bare number."""
    # dashes and digits of every kind, and the marks that nobody sees, come with what is copied from pages
    seen = "".join(c for c in clean(tax_id) if c not in INVISIBLE)
    bare = re.sub(r"[\s\-./:]", "", seen).upper().removeprefix("NIP")
    prefix = bare[:2]
    if prefix.isalpha() and len(bare) > 4:
        prefix = "GR" if prefix == "EL" else prefix
        if prefix == "XI":  # Northern Ireland: it follows its country
            return "GB", bare
        if _vat_module(prefix) or prefix in phonenumbers.SUPPORTED_REGIONS:
            return prefix, bare[2:]
    return (country or default_region()), bare


def tax_id_key(tax_id: str | None, country: str | None = None) -> str | None:
    """The form in which tax IDs are compared: `PL1234563218` for every spelling of that NIP."""
    if not tax_id or not tax_id.strip():
        return None
    found, number = _country_and_number(tax_id, country)
    return f"{found}{number}"[:40] if number else None


def tax_id_is_wrong(tax_id: str, country: str | None = None) -> bool:
    """Whether the rule of its country refuses it. Tax IDs of unknown countries are never wrong."""
    found, number = _country_and_number(tax_id, country)
    module = _vat_module(found)
    return module is not None and not (module.is_valid(number) or module.is_valid(found + number))


def regon_is_wrong(number: str) -> bool:
    return not regon.is_valid(number)


def pesel_is_wrong(number: str) -> bool:
    return not pesel.is_valid(number)


def iban_is_wrong(number: str) -> bool:
    """Whether an account number is no IBAN. A Polish one may come without its country."""
    try:
        iban.validate(number if number[:2].isalpha() else default_region() + number)
    except exceptions.ValidationError:
        return True
    return False


def domain_of(website: str | None, email: str | None) -> str | None:
    """The domain of a website, or of an e-mail address that is not at a free mail service."""
    host = urlsplit(website).hostname if website else None
    if host:
        return host.removeprefix("www.")[:200]
    domain = (email or "").rpartition("@")[2].lower()
    return domain if domain and domain not in FREE_MAIL else None
