"""The identifiers under which a company may be registered in Peppol, and the names they have in the DNS."""

import base64
import hashlib
import json
import re
from functools import cache
from pathlib import Path

META_SCHEME = "iso6523-actorid-upis"
#: OpenPeppol's list of participant identifier schemes, v9.7, reduced to facts.
SCHEMES = Path(__file__).with_name("participant-schemes.json")
EXPLICIT = re.compile(rf"(?:{META_SCHEME}::)?(\d{{4}}:[\w.~+\-/]{{1,50}})", re.ASCII)
#: In tax IDs of Greece the country is written otherwise.
PREFIXES = {"GR": "EL"}

#: A scheme, what the tax ID without its country must look like, and what of it becomes the identifier.
Rule = tuple[str, str, tuple[str, ...]]
ANY, BARE, PREFIXED = r"(.+)", r"\1", r"{cc}\1"


def _vat(scheme: str, form: str = ANY) -> Rule:
    """Registered with and without the country in front."""
    return scheme, form, (PREFIXED, BARE)


#: In the order in which they are tried. Of other countries, all schemes of the list that fit are tried.
RULES: dict[str, tuple[Rule, ...]] = {
    "PL": (("9945", ANY, (BARE, PREFIXED)),),
    "BE": (("0208", r"([01]\d{9})", (BARE,)), ("0208", r"(\d{9})", (r"0\1",)), _vat("9925")),
    "NL": (
        ("0106", r"(\d{8})", (BARE,)),
        ("0190", r"(\d{20})", (BARE,)),
        _vat("9944", r"(\d{9}B\d{2})"),
    ),
    "DE": (_vat("9930"), ("0246", r"(\d{9})", (PREFIXED,))),
    "FR": (
        ("0225", r"(?:[0-9A-Z]{2})?(\d{9})", (BARE,)),
        ("0009", r"(\d{14})", (BARE,)),
        ("0002", r"(?:[0-9A-Z]{2})?(\d{9})", (BARE,)),
        ("0002", r"(\d{9})\d{5}", (BARE,)),
        _vat("9957", r"([0-9A-Z]{2}\d{9})"),
    ),
    "IT": (
        ("0211", r"(\d{11})", (PREFIXED,)),
        ("0210", r"(\d{11}|[0-9A-Z]{16})", (BARE,)),
        ("0201", r"([0-9A-Z]{6})", (BARE,)),
    ),
    "AT": (_vat("9914"),),
    "DK": (("0184", r"([1-9]\d{7})", (BARE,)), ("0198", r"(\d{8})", (PREFIXED,))),
    "SE": (("0007", r"(\d{10})(?:01)?", (BARE,)),),
    "NO": (("0192", r"(\d{9})(?:MVA)?", (BARE,)),),
    "FI": (("0216", r"(\d{8})", (r"0037\1", BARE)),),
    "EE": (("0191", r"([1789]\d{7})", (BARE,)), _vat("9931")),
    "LT": (("0200", r"(\d{9})", (BARE,)), _vat("9937")),
    "LV": (("0218", r"(\d{9}(?:\d{2})?)", (BARE,)), _vat("9939")),
    "LU": (_vat("9938"), ("0240", r"(\d{11})", (BARE,))),
    "SK": (("0245", r"(\d{10})", (BARE,)), ("0158", r"(\d{8})", (BARE,)), _vat("9950")),
    "HU": (("9910", r"(\d{8})(?:\d{3})?", (PREFIXED, BARE)),),
    "CH": (
        ("0183", r"(E\d{9})(?:MWST|TVA|IVA|VAT)?", (PREFIXED,)),
        ("9927", r"(E\d{9}(?:MWST|TVA|IVA|VAT)?)", (PREFIXED,)),
    ),
    "IS": (("0196", r"(\d{10})", (BARE,)),),
}  # fmt: skip


@cache
def active_schemes() -> dict[str, tuple[str, str | None]]:
    """Code -> (country, pattern) of the schemes that companies may be registered under today."""
    listed = json.loads(SCHEMES.read_text())["schemes"]
    return {one["iso6523"]: (one["country"], one["regex"]) for one in listed if one["state"] == "active"}


def read_explicit(text: str | None) -> str | None:
    """`9945:7740001454` of an identifier as people write it; None for what is none."""
    found = EXPLICIT.fullmatch("".join((text or "").split()))
    return found[1] if found else None


def candidates(peppol_id: str | None, tax_id_key: str | None) -> list[str]:
    """The identifiers to ask for, likeliest first.

    peppol_id: as typed. tax_id_key: the tax ID with its country in front.
    """
    found = [explicit] if (explicit := read_explicit(peppol_id)) else []
    if tax_id_key:
        country, number = tax_id_key[:2], tax_id_key[2:]
        prefix = PREFIXES.get(country, country)
        for scheme, form, templates in RULES.get(country) or _listed_rules(country):
            match = re.fullmatch(form, number)
            if match and scheme in active_schemes():
                found += [f"{scheme}:{match.expand(t.replace('{cc}', prefix))}" for t in templates]
    unlike = {one.lower(): one for one in reversed(found)}
    return [one for one in dict.fromkeys(found) if unlike[one.lower()] == one]


def _listed_rules(country: str) -> list[Rule]:
    """What the list itself says of a country: its schemes with a pattern, and the one of its VAT numbers."""
    return [
        (code, f"({pattern})", (BARE,)) if pattern else _vat(code)
        for code, (of, pattern) in active_schemes().items()
        if of == country and (pattern or code.startswith("99"))
    ]


def dns_name(identifier: str, zone: str) -> str:
    """Where the DNS says who serves this participant."""
    digest = hashlib.sha256(identifier.lower().encode()).digest()
    return f"{base64.b32encode(digest).decode().rstrip('=')}.{META_SCHEME}.{zone.strip('.')}."
