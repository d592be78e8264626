"""A client's JSON taken in: every field read and checked before anything is written, then written.

`read_client` turns what was sent into a `ClientInput`; `Words` looks up the names in it, for one client or
a thousand; `problems` and `needs` say what stands against it, field by field; `write_client` puts it on a
client.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from sqlalchemy import inspect, select

from crm.errors import Invalid
from crm.extensions import db
from crm.models import AttributeValue, Client, Status, Tag
from crm.models.client import ADDRESS_PARTS, KINDS, MAX_STARS
from crm.models.folding import fold
from crm.models.types import utc_now
from crm.security.masking import MASK, is_masked, may_see_sensitive
from crm.services import attributes, client_rules
from crm.services.client_json import ADDRESSES, COLUMNS, KEPT, NAMES, RENAMED
from crm.services.client_parts import names_of_tags, set_consent, set_external_id
from crm.services.iso_lists import COUNTRIES, LANGUAGES, currency_codes
from crm.services.reading import Unreadable, read_boolean, read_column, read_text
from crm.services.record_json import refusal_of
from crm.services.tags import get_tag

LONGEST_APP_CODE, LONGEST_EXTERNAL_ID = 60, 200


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


# -- reading


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
    if name == "name" and (value is None or value == ""):
        return None
    found = read_column(columns[column], value)
    if found is not None and name in CHECKS:
        return CHECKS[name](found)
    return found


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
        if part == "country" and isinstance(text, str) and text.strip():
            found.columns[column] = read_country(text.strip())
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
    found.archived = read_boolean(value)


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
assert set(NAMES) == {*COLUMNS, *RENAMED, *ADDRESSES, *OTHER_READERS, *KEPT}


# -- looking up


class Words:
    """What the names in some inputs stand for, each kind asked for once."""

    def __init__(self, may_add_tags: bool):
        self.may_add_tags = may_add_tags
        self.definitions = {one.key: one for one in attributes.definitions() if one.key not in NAMES}
        self.statuses: dict[str, Status] = {s.code: s for s in db.session.scalars(select(Status))}
        self.users: dict[str, User] = {}
        self.tags: dict[str, Tag] = {}
        self.values: dict[tuple[int, int], list[AttributeValue]] = {}

    @property
    def default_status(self) -> Status | None:
        defaults = [s for s in self.statuses.values() if s.is_default]
        return min(defaults, key=lambda s: (s.position, s.id), default=None)

    def learn(self, inputs: Iterable[ClientInput], clients: Iterable[Client] = ()) -> None:
        """Look up the users and tags that inputs name, and the attribute values that clients have."""
        inputs = list(inputs)
        names = {name for one in inputs for name in one.assignees or ()}
        keys = {fold(name) for one in inputs for name in one.tags or ()}
        if names:
            asked = select(User).where(User.username.in_(names))
            self.users = {user.username: user for user in db.session.scalars(asked)}
        self.tags = {}
        if keys:
            self.tags = {t.name_key: t for t in db.session.scalars(select(Tag).where(Tag.name_key.in_(keys)))}
        ids = [client.id for client in clients]
        self.values = {}
        if ids and any(one.attributes for one in inputs):
            for row in db.session.scalars(select(AttributeValue).where(AttributeValue.client_id.in_(ids))):
                self.values.setdefault((row.client_id, row.definition_id), []).append(row)

    def tags_named(self, names: list[str]) -> list[Tag]:
        """The tags with these names; new ones are added where they may be. Raises RuleError."""
        for name in names:
            if fold(name) not in self.tags:
                self.tags[fold(name)] = get_tag(name, self.may_add_tags)
        return [self.tags[fold(name)] for name in names]


# -- checking


def problems(client: Client, given: ClientInput, words: Words) -> dict[str, list[str]]:
    """What stands against putting an input on a client, field by field; nothing has been written."""
    errors = {name: [m] for name, value in given.kept.items() if (m := refusal_of(client, name, value))}
    wanted = given.columns.get("sensitive", client.sensitive or False)
    if wanted != bool(client.sensitive) and not may_see_sensitive():
        errors["sensitive"] = [_("This cannot be changed.")]
    status = words.statuses.get(given.status[0] or "") if given.status else None
    offered = status is not None and (status.selectable or client.status is status)
    if given.status and given.status[0] and not offered:
        errors["status"] = [_("There is no status “%(code)s”.", code=given.status[0][:60])]
    there = {user.username for user in client.assignees}
    for name in given.assignees or ():
        if name not in words.users or not (words.users[name].active or name in there):
            errors["assignees"] = [_("There is no user “%(name)s”.", name=name[:60])]
    if missing := [n for n in given.tags or () if fold(n) not in words.tags and not words.may_add_tags]:
        errors["tags"] = [_("There is no tag “%(name)s”.", name=missing[0][:60])]
    for key, value in given.attributes.items():
        try:
            attributes.read_value(words.definitions[key], value)
        except Unreadable as error:
            errors[key] = [str(error)]
    return errors


def later(client: Client, given: ClientInput) -> dict[str, Any]:
    """What the columns that make and reach a client would be after an input."""
    names = ("kind", "name", "first_name", "last_name", *client_rules.REACHED_BY)
    return {name: given.columns.get(name, getattr(client, name)) for name in names}


def needs(client: Client, given: ClientInput) -> dict[str, list[str]]:
    """What a client would lack after an input; of one that is there already, only what is touched."""
    values = later(client, given)
    if inspect(client).persistent and not given.columns.keys() & values.keys():
        return {}
    return {name: [message] for name, message in client_rules.missing(values).items()}


def made_up_name(values: Mapping[str, Any]) -> str | None:
    """A name for a client, of what there is; the one it has first."""
    reached = (values[name] for name in client_rules.REACHED_BY)
    return next((name for name in (values["name"], client_rules.made_name(values), *reached) if name), None)


# -- writing


def write_client(client: Client, given: ClientInput, words: Words, source: str = "api") -> None:
    """Put an input without problems on a new or a locked client. The caller flushes and commits.

    Raises RuleError for an external ID that another client has.
    """
    with db.session.no_autoflush:
        for name, value in given.columns.items():
            if name == "consent":
                set_consent(client, value, source)
            elif value == MASK and is_masked(client, name):
                continue
            elif getattr(client, name) != value:
                setattr(client, name, "" if name == "name" and value is None else value)
        if given.status:
            status = words.statuses[given.status[0]] if given.status[0] else None
            if client.status is not status:
                client.status = status
        if given.archived is not None and given.archived != client.archived:
            client.archived_at = utc_now() if given.archived else None
        before = _links(client)
        if given.tags is not None:
            client.tags = words.tags_named(given.tags)
        if given.assignees is not None:
            client.assignees = [words.users[name] for name in given.assignees]
        if given.external_id:
            set_external_id(client, given.external_id[0], given.app_code)
        if _links(client) != before:
            # they stand in rows of their own: so that whoever asks what changed since is told
            client.changed_at = utc_now()
        for key, value in given.attributes.items():
            definition = words.definitions[key]
            rows = words.values.get((client.id, definition.id), [])
            attributes.store(client, definition, rows, attributes.read_value(definition, value))


def _links(client: Client) -> list[Any]:
    external = [(one.app_code, one.external_id, one.alias) for one in client.external_ids]
    return [list(client.tags), list(client.assignees), external]
