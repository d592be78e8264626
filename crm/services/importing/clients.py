"""Rows of a file of clients, put on clients: found or new, a portion of rows at once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext as _

from crm.extensions import db
from crm.models import Client, ClientExternalId
from crm.models.folding import fold
from crm.models.import_run import CREATED, LONGEST_TITLE, SKIPPED, UNCHANGED, UPDATED
from crm.models.types import utc_now
from crm.security.manager import may
from crm.services.attributes.reading import read_value
from crm.services.attributes.storing import stored
from crm.services.clients.as_json import KEPT
from crm.services.clients.parts import names_of_tags
from crm.services.clients.reading import ClientInput, read_client
from crm.services.clients.upsert import Again, load_held, restore
from crm.services.clients.writing import Words, begun, later, made_up_name, problems, write_client
from crm.services.importing.changed import add_words, changed_names, without_same_phones
from crm.services.importing.client_contacts import PREFIX, ContactsInRows
from crm.services.importing.client_matching import (
    NONE,
    Match,
    external_ids,
    external_key,
    find_clients,
    keys_of_client,
)
from crm.services.importing.plan import CREATE, SKIP, Plan
from crm.services.importing.rows import Item, Result, Row, refused, title_of

SOURCE = "import"


@dataclass
class Given:
    """What a row says of a client, of its tags, and of a contact."""

    client: ClientInput
    tags: list[str] | None
    external: tuple[str, str] | None
    contact: dict[str, Any]


class ClientRows:
    """The `Writer` of clients. known: in a check, the marks of rows further up that would make clients."""

    def __init__(self, plan: Plan, known: set[int] | None = None):
        self.plan, self.known = plan, known
        self.words = Words(may_add_tags=may("add", "tag"))
        self.may = {action: may(action, "client") for action in ("add", "edit")}
        self.contacts = ContactsInRows()

    # -- reading

    def read(self, row: Row) -> Item:
        values = dict(row.values)
        contact = {
            name.removeprefix(PREFIX): values.pop(name) for name in list(values) if name.startswith(PREFIX)
        }
        contact |= values.pop("contact", None) or {}
        contact = {name: value for name, value in contact.items() if value not in (None, "", [])}
        app_code = values.pop("app_code", None) or self.plan.app_code
        keys = keys_of_client(values, self._keys(), app_code)
        external = external_key(values.pop("external_id", None), app_code)
        values = {name: value for name, value in values.items() if name not in KEPT}
        for name in ("status", "assignees"):
            if self.plan.presets.get(name) and not values.get(name):
                values[name] = self.plan.presets[name]
        # a cell that clears is a list of none
        tags = (values.pop("tags") or []) if "tags" in values else None
        if not values.get("status") and "status" in values:
            # a row without a status has the one that its client has, or begins with
            del values["status"]
        given = read_client(values, self.words.definitions)
        if contact:
            self.contacts.check(contact)
        title = title_of(values, ("name", "last_name", "email", "phone", "mobile")) or title_of(
            contact, ("last_name",)
        )
        return Item(
            row.line,
            keys,
            Given(given, None if tags is None else names_of_tags(tags), external, contact),
            title,
        )

    def _keys(self) -> tuple[str, ...]:
        return ("external_id",) if self.plan.strategy == CREATE else self.plan.keys

    def prepare(self, items: list[Item]) -> None:
        add_words(self.words.definitions.values(), [item.given.client.attributes for item in items])
        self.contacts.prepare([item.given.contact for item in items])

    # -- writing

    def write(self, items: list[Item]) -> list[Result]:
        matches = self._matches(items)
        taken = dict(external_ids({item.given.external for item in items if item.given.external}))
        update = {m.id for m in matches.values() if m.id} if self.plan.strategy != SKIP else set()
        clients = load_held(update, (Client.tag_links, Client.assignee_links, Client.external_ids))
        self.words.learn([self._named(item) for item in items], clients.values())
        self.contacts.learn(clients)
        results: dict[int, Result] = {}
        ready: list[tuple[Item, Client, ClientInput]] = []
        for item in items:
            found = self._begin(item, matches[item.line], clients, taken)
            if isinstance(found, Result):
                results[item.line] = found
            else:
                ready.append((item, *found))
        restored = restore(client for _item, client, _given in ready if client.deleted_at is not None)
        for item, client, given in ready:
            result = self._write(item, client, given, client.id in restored)
            result.matched = matches[item.line].key
            results[item.line] = result
        return [results[item.line] for item in items]

    def _matches(self, items: list[Item]) -> dict[int, Match]:
        if self.plan.strategy == CREATE:
            return {item.line: NONE for item in items}
        return find_clients({item.line: item.keys for item in items}, self.plan.keys)

    def _named(self, item: Item) -> ClientInput:
        """The input with every tag that must be known by name."""
        return replace(item.given.client, tags=[*(item.given.tags or ()), *self._preset_tags()])

    def _preset_tags(self) -> list[str]:
        return names_of_tags(self.plan.presets.get("tags"))

    def _begin(
        self, item: Item, match: Match, clients: Mapping[int, Client], taken: Mapping[Any, int]
    ) -> Result | tuple[Client, ClientInput]:
        """The client of a row, and all that is put on it; or the result of a row that is not written."""
        if match.problem:
            return refused(item.line, {match.key: [match.problem]}, item.title)
        is_repeated = match.id is None and self.known is not None and not self.known.isdisjoint(item.marks())
        if self.plan.strategy == SKIP and (match.id or is_repeated):
            return Result(item.line, SKIPPED, item.title, match.id, match.key)
        if is_repeated and self.plan.strategy == CREATE:
            return refused(
                item.line, {"external_id": [_("Another client has this external ID.")]}, item.title
            )
        client = clients.get(match.id) if match.id else Client()
        if client is None:
            raise Again
        given = item.given.client if match.id else begun(client, item.given.client, self.words)
        if errors := self._problems(item, client, given, taken):
            return refused(item.line, errors, item.title)
        if is_repeated:
            # the client of the row further up is not there: a check takes everything back
            return Result(item.line, UPDATED, item.title)
        return client, given

    def _problems(
        self, item: Item, client: Client, given: ClientInput, taken: Mapping[Any, int]
    ) -> dict[str, list[str]]:
        if not self.may["edit" if client.id else "add"]:
            return {"": [_("You may not do this.")]}
        errors = problems(client, given, self.words)
        known = self.words.tags
        if not self.words.may_add_tags and (
            missing := [n for n in (*(item.given.tags or ()), *self._preset_tags()) if fold(n) not in known]
        ):
            errors["tags"] = [_("There is no tag “%(name)s”.", name=missing[0][:60])]
        if not made_up_name(later(client, given)):
            errors["name"] = [_("Give at least one of name, e-mail, phone and mobile.")]
        external = item.given.external
        if external and taken.get(external, client.id) != client.id and not self._leads_to(external, client):
            errors["external_id"] = [_("Another client has this external ID.")]
        elif external and client.id and external not in taken:
            own = next((e for e in client.external_ids if e.app_code == external[0] and not e.alias), None)
            if own is not None:
                errors["external_id"] = [_("The client found has another external ID.")]
        return errors

    def _leads_to(self, external: tuple[str, str], client: Client) -> bool:
        """Whether an external ID is one of the client's own: of a client merged into it, say."""
        return any((e.app_code, e.external_id) == external for e in client.external_ids)

    def _write(self, item: Item, client: Client, given: ClientInput, is_restored: bool) -> Result:
        is_new = client.id is None
        given = replace(given, columns=without_same_phones(client, given.columns))
        changed = [] if is_new else self._changed_attributes(client, given)
        write_client(client, given, self.words, SOURCE)
        if not client.name:
            client.name = made_up_name(later(client, given)) or ""
        with db.session.no_autoflush:
            self._set_tags(item, client)
            external = item.given.external
            if external and not self._leads_to(external, client):
                client.external_ids.append(ClientExternalId(app_code=external[0], external_id=external[1]))
            if is_new:
                db.session.add(client)
            else:
                # so that what only looks different, and is put right when saved, does not count
                client.before_save(db.session())
                changed += changed_names(client)
            if item.given.contact:
                changed += self.contacts.write(client, item.given.contact)
        title = (client.name or item.title)[:LONGEST_TITLE]
        if is_new:
            return Result(item.line, CREATED, title, client)
        changed = [*(["restored"] if is_restored else []), *changed]
        return Result(item.line, UPDATED if changed else UNCHANGED, title, client, details=changed or None)

    def _changed_attributes(self, client: Client, given: ClientInput) -> list[str]:
        changed = []
        for key, value in given.attributes.items():
            definition = self.words.definitions[key]
            rows = self.words.values.get((client.id, definition.id), [])
            if stored(definition, rows) != read_value(definition, value):
                changed.append(key)
        return changed

    def _set_tags(self, item: Item, client: Client) -> None:
        wanted = item.given.tags
        if wanted is None and not self._preset_tags():
            return
        keep = [] if self.plan.replace_tags and wanted is not None else list(client.tags)
        tags = [*keep, *self.words.tags_named([*(wanted or ()), *self._preset_tags()])]
        if set(tags) != set(client.tags):
            client.tags = tags
            client.changed_at = utc_now()
