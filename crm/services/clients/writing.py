"""A client's input put on the client: names looked up, for one or for a thousand; checked; then written.

`Words` knows what the names in an input stand for; `problems` and `needs` say what stands against it, field
by field; `write_client` puts it on the client.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from sqlalchemy import inspect, select

from crm.extensions import db
from crm.models import AttributeValue, Client, Status, Tag
from crm.models.folding import fold
from crm.models.types import utc_now
from crm.security.masking import is_masked, may_see_sensitive, shown
from crm.services.attributes import values as attributes
from crm.services.attributes.reading import read_value
from crm.services.clients import rules as client_rules
from crm.services.clients.as_json import NAMES
from crm.services.clients.parts import set_consent
from crm.services.clients.reading import ClientInput
from crm.services.clients.tags import get_tag
from crm.services.external_ids import set_external_id
from crm.services.reading import Unreadable
from crm.services.record_json import refusal_of

# -- looking up


class Words:
    """What the names in some inputs stand for, each kind asked for once."""

    def __init__(self, may_add_tags: bool):
        self.may_add_tags = may_add_tags
        known = {one.key: one for one in attributes.definitions("client") if one.key not in NAMES}
        self.definitions = {key: one for key, one in known.items() if attributes.may_write(one)}
        #: Attributes of which the viewer is shown only whether they are set.
        self.masked = known.keys() - self.definitions.keys()
        self.statuses: dict[str, Status] = {s.code: s for s in db.session.scalars(select(Status))}
        self.users: dict[str, User] = {}
        self.tags: dict[str, Tag] = {}
        self.values: dict[tuple[int, int], list[AttributeValue]] = {}

    @property
    def default_status(self) -> Status | None:
        defaults = [s for s in self.statuses.values() if s.is_default and s.selectable]
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
            for row in db.session.scalars(select(AttributeValue).where(attributes.of_owners("client", ids))):
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
    for name, value in given.columns.items() if client.sensitive else ():
        # whether a guess was right would show by nothing having changed
        if is_masked(client, name) and value != shown(client, name):
            errors[name] = [_("This cannot be changed.")]
    wanted = given.columns.get("sensitive", client.sensitive or False)
    if wanted != bool(client.sensitive) and not may_see_sensitive():
        errors["sensitive"] = [_("This cannot be changed.")]
    status = words.statuses.get(given.status[0] or "") if given.status else None
    offered = status is not None and (status.selectable or client.status is status)
    if given.status and given.status[0] and not offered:
        errors["status"] = [_("There is no status “%(code)s”.", code=given.status[0][:60])]
    there = {user.username for user in client.assignees} if given.assignees else set()
    for name in given.assignees or ():
        if name not in words.users or not (words.users[name].active or name in there):
            errors["assignees"] = [_("There is no user “%(name)s”.", name=name[:60])]
    if missing := [n for n in given.tags or () if fold(n) not in words.tags and not words.may_add_tags]:
        errors["tags"] = [_("There is no tag “%(name)s”.", name=missing[0][:60])]
    for key, value in given.attributes.items():
        try:
            read_value(words.definitions[key], value)
        except Unreadable as error:
            errors[key] = [str(error)]
    return errors


def begun(client: Client, given: ClientInput, words: Words) -> ClientInput:
    """Give a new client what it has when nothing is sent; gives the input with the defaults of attributes."""
    if "kind" not in given.columns:
        client.kind = client_rules.made_kind(given.columns)
    if not given.status:
        client.status = words.default_status
    defaults = attributes.default_values(words.definitions.values())
    return replace(given, attributes={**defaults, **given.attributes})


def later(client: Client, given: ClientInput) -> dict[str, Any]:
    """What the columns that make and reach a client would be after an input."""
    names = ("kind", "name", "first_name", "last_name", *client_rules.REACHED_BY)
    return {name: given.columns.get(name, getattr(client, name)) for name in names}


def needs(client: Client, given: ClientInput, words: Words) -> dict[str, list[str]]:
    """What a client would lack after an input; of one that is there already, only what is touched."""
    values, is_new = later(client, given), not inspect(client).persistent
    if not is_new and not given.columns.keys() & values.keys():
        return {}
    found = {name: [message] for name, message in client_rules.missing(values).items()}
    if is_new:
        found |= attributes.lacking(words.definitions.values(), given.attributes)
    return found


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
            elif is_masked(client, name):
                continue
            elif name == "kind" and value is None:
                client.kind = client_rules.made_kind({**later(client, given), **given.columns})
            elif getattr(client, name) != value:
                setattr(client, name, "" if name == "name" and value is None else value)
        if given.status:
            status = words.statuses[given.status[0]] if given.status[0] else None
            if client.status is not status:
                client.status = status
        if given.archived is not None and given.archived != client.archived:
            client.archived_at = utc_now() if given.archived else None
        before = _links(client, given)
        if given.tags is not None:
            client.tags = words.tags_named(given.tags)
        if given.assignees is not None:
            client.assignees = [words.users[name] for name in given.assignees]
        if given.external_id:
            set_external_id(client, given.external_id[0], given.app_code)
        if _links(client, given) != before:
            # they stand in rows of their own: so that whoever asks what changed since is told
            client.changed_at = utc_now()
        for key, value in given.attributes.items():
            definition = words.definitions[key]
            rows = words.values.get((client.id, definition.id), [])
            attributes.store(client, definition, rows, read_value(definition, value))


def _links(client: Client, given: ClientInput) -> list[Any]:
    """What the client has of the collections that an input names."""
    external = given.external_id and [
        (one.app_code, one.external_id, one.alias) for one in client.external_ids
    ]
    tags = given.tags is not None and list(client.tags)
    return [tags, given.assignees is not None and list(client.assignees), external]
