"""A client's JSON read: what was sent, field by field, checked as far as can be without the client itself."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import inspect

from crm.errors import Invalid
from crm.models import Client
from crm.models.client import ADDRESS_PARTS, KINDS, MAX_STARS
from crm.security.masking import MASK
from crm.services.clients import rules as client_rules
from crm.services.clients.as_json import ADDRESSES, COLUMNS, KEPT, NAMES, RENAMED, TOLD
from crm.services.clients.parts import names_of_tags
from crm.services.iso_lists import COUNTRIES, LANGUAGES, currency_codes
from crm.services.reading import Unreadable, is_blank, read_boolean, read_column, read_text

LONGEST_APP_CODE, LONGEST_EXTERNAL_ID = 60, 200
#: What follows from the rest where it is cleared.
MADE_OF_OTHERS = frozenset({"name", "kind"})
CONSENTS: dict[Any, bool | None] = {"yes": True, True: True, "no": False, False: False, "": None, None: None}


@dataclass
class ClientInput:
    """What was sent of one client. What was left out is absent: an empty list, or None."""

    columns: dict[str, Any] = field(default_factory=dict)
    status: list[str | None] = field(default_factory=list)
    tags: list[str] | None = None
    assignees: list[str] | None = None
    archived: bool | None = None
    external_id: list[str | None] = field(default_factory=list)
    app_code: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)


def read_client(data: Mapping[str, Any], attribute_keys: Iterable[str]) -> ClientInput:
    """Read the JSON of a client. Raises Invalid with all that is wrong; unknown keys are."""
    found, errors, keys = ClientInput(), {}, set(attribute_keys)
    for name, value in data.items():
        try:
            if name in COLUMNS or name in RENAMED:
                column = RENAMED.get(name, name)
                found.columns[column] = _read_field(name, column, value)
            elif name in ADDRESSES:
                _read_address(found, name, value)
            elif name in OTHER_READERS:
                OTHER_READERS[name](found, value)
            elif name in KEPT:
                found.kept[name] = value
            elif name in TOLD:
                continue
            elif name in keys:
                found.attributes[name] = value
            else:
                errors[name] = [_("There is no such field.")]
        except Unreadable as error:
            errors[name] = [str(error)]
    for name, message in client_rules.mistakes({k: v for k, v in found.columns.items() if v != MASK}).items():
        errors.setdefault(name, [message])
    if errors:
        raise Invalid(errors)
    return found


def _read_field(name: str, column: str, value: Any) -> Any:
    columns = inspect(Client).columns
    if name in MADE_OF_OTHERS and is_blank(value):
        return None
    if name == "consent":
        return _read_consent(value)
    found = read_column(columns[column], value)
    if found is not None and name in CHECKS:
        return CHECKS[name](found)
    return found


def _read_consent(value: Any) -> bool | None:
    if not isinstance(value, str | bool | None) or value not in CONSENTS:
        raise Unreadable(_("This is yes, no or null."))
    return CONSENTS[value]


def _within(low: int, high: int) -> Callable[[Any], Any]:
    def check(number: Any) -> Any:
        if not low <= number <= high:
            raise Unreadable(_("This is between %(low)d and %(high)d.", low=low, high=high))
        return number

    return check


def _known(
    codes: Callable[[], Iterable[str]], change: Callable[[str], str], words: Any
) -> Callable[[str], str]:
    def check(code: str) -> str:
        if change(code) not in codes():
            raise Unreadable(words(code))
        return change(code)

    return check


read_country = _known(
    lambda: COUNTRIES, str.upper, lambda code: _("There is no country “%(code)s”.", code=code[:20])
)
CHECKS: dict[str, Callable[[Any], Any]] = {
    "kind": _known(lambda: KINDS, str.lower, lambda _code: _("This is person or company.")),
    "stars": _within(0, MAX_STARS),
    "discount": _within(0, 100),
    "payment_period": _within(0, 3650),
    "language": _known(
        lambda: LANGUAGES, str.lower, lambda code: _("There is no language “%(code)s”.", code=code[:20])
    ),
    "currency": _known(
        currency_codes, str.upper, lambda code: _("There is no currency “%(code)s”.", code=code[:20])
    ),
}


def _read_address(found: ClientInput, which: str, value: Any) -> None:
    if value is None:
        value = dict.fromkeys(ADDRESS_PARTS)
    if not isinstance(value, dict):
        raise Unreadable(_("An address is an object of: %(parts)s.", parts=", ".join(ADDRESS_PARTS)))
    for part, text in value.items():
        if part not in ADDRESS_PARTS:
            raise Unreadable(_("An address is an object of: %(parts)s.", parts=", ".join(ADDRESS_PARTS)))
        column = f"{which}_{part}"
        if part == "country":
            code = None if text is None else read_text(text)
            found.columns[column] = read_country(code) if code else None
        else:
            found.columns[column] = read_column(inspect(Client).columns[column], text)


def _read_status(found: ClientInput, value: Any) -> None:
    found.status = [None if value is None else read_text(value)]


def _read_tags(found: ClientInput, value: Any) -> None:
    if value is not None and not isinstance(value, str) and not _are_texts(value):
        raise Unreadable(_("Tags are a text with commas, or a list."))
    found.tags = names_of_tags(value)


def _read_assignees(found: ClientInput, value: Any) -> None:
    names = value.split(",") if isinstance(value, str) else value or []
    if not _are_texts(names):
        raise Unreadable(_("This is a list of user names."))
    found.assignees = list(dict.fromkeys(name.strip() for name in names if name.strip()))


def _read_archived(found: ClientInput, value: Any) -> None:
    found.archived = value is not None and read_boolean(value)


def _read_external_id(found: ClientInput, value: Any) -> None:
    found.external_id = [None if value is None else read_text(value, LONGEST_EXTERNAL_ID)]


def read_app_code(value: Any) -> str:
    """An app code; null and blank are the default one. Raises Unreadable."""
    return "" if value is None else read_text(value, LONGEST_APP_CODE) or ""


def _read_app_code(found: ClientInput, value: Any) -> None:
    found.app_code = read_app_code(value)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


OTHER_READERS: dict[str, Callable[[ClientInput, Any], None]] = {
    "status": _read_status,
    "tags": _read_tags,
    "assignees": _read_assignees,
    "archived": _read_archived,
    "external_id": _read_external_id,
    "app_code": _read_app_code,
}
assert set(NAMES) == {*COLUMNS, *RENAMED, *ADDRESSES, *OTHER_READERS, *KEPT, *TOLD}
