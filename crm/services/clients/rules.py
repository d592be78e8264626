"""The rules of clients that forms, the API and imports share: what is needed, wrong, or only looks wrong.

Values are read by the names of the columns, from a mapping, so that nothing need be written before asking.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _

from crm.models.identifiers import (
    iban_is_wrong,
    is_email,
    pesel_is_wrong,
    regon_is_wrong,
    tax_id_is_wrong,
)  # fmt: skip

REACHED_BY = ("email", "phone", "mobile")
PHONES = ("phone", "mobile", "phone2")
FEWEST_PHONE_DIGITS = 3

Values = Mapping[str, Any]


def made_name(values: Values) -> str:
    """The name that first and last name make."""
    return " ".join(filter(None, (values.get("first_name"), values.get("last_name"))))


def made_kind(values: Values) -> str:
    """The kind that a client is of whom nobody says so: who has a name of a person is one."""
    return "person" if any(values.get(name) for name in ("first_name", "last_name", "pesel")) else "company"


def missing(values: Values) -> dict[str, str]:
    """What a client needs and these values lack: field -> message."""
    found = {}
    if not values.get("name") and not made_name(values):
        person = values.get("kind") == "person"
        found["name"] = _("Give a name, or a first and last name.") if person else _("Give a name.")
    if not any(values.get(name) for name in REACHED_BY):
        found["email"] = _("Give at least one of e-mail, phone and mobile.")
    return found


def mistakes(values: Values) -> dict[str, str]:
    """What cannot be stored as it is: field -> message."""
    found = {}
    email = values.get("email")
    if email and not is_email(email):
        found["email"] = not_an_email(email)
    for name in PHONES:
        number = values.get(name)
        if number and sum(c.isdigit() for c in number) < FEWEST_PHONE_DIGITS:
            found[name] = _("This is not a phone number.")
    website = values.get("website")
    if website and not is_web_address(website):
        found["website"] = _("This is not a web address.")
    return found


def not_an_email(text: str) -> str:
    """What to say of a text that is no e-mail address."""
    if text.count("@") > 1:
        return _("One e-mail address only.")
    return _("This is not an e-mail address.")


def is_web_address(text: str) -> bool:
    """Whether a text is an http(s) address, or becomes one by its scheme alone."""
    return (
        re.fullmatch(r"(?:https?://)?[^\s/:@]+\.[^\s/:@]+(?::\d+)?(?:[/?#]\S*)?", text, re.IGNORECASE)
        is not None
    )


def doubts(values: Values) -> dict[str, str]:
    """What looks wrong and may be kept all the same: field -> message."""
    checks: dict[str, tuple[Callable[[str], bool], str]] = {
        "tax_id": (lambda v: tax_id_is_wrong(v, values.get("billing_country")),
                   _("This tax ID does not follow its country's rule.")),
        "regon": (regon_is_wrong, _("This REGON is not valid.")),
        "account_number": (iban_is_wrong, _("This account number is not a valid IBAN.")),
    }  # fmt: skip
    if values.get("kind") == "person":
        checks["pesel"] = (pesel_is_wrong, _("This PESEL is not valid."))
    return {
        name: words for name, (wrong, words) in checks.items() if values.get(name) and wrong(values[name])
    }
