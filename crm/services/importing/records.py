"""Rows of a file of contacts, deals, notes, tasks or products, put on records: found or new, a portion at once."""

from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from crm.errors import Invalid, RuleError
from crm.extensions import db
from crm.models import Client, Contact
from crm.models.import_run import CREATED, LONGEST_TITLE, SKIPPED, UNCHANGED, UPDATED
from crm.security.manager import may, may_change
from crm.services.clients.parts import names_of_tags
from crm.services.contacts.primary import make_primary
from crm.services.importing.changed import add_words, changed_names, without_same_moments, without_same_phones
from crm.services.importing.client_matching import external_key, find_clients, keys_of_client
from crm.services.importing.contact_writing import ContactWriting, owners_of
from crm.services.importing.linked import Linked
from crm.services.importing.plan import CREATE, SKIP, Plan
from crm.services.importing.record_matching import Found, find_records, keys_of_record
from crm.services.importing.rows import Item, Keys, Result, Row, refused, title_of
from crm.services.record_json import answered, changes, write_record
from crm.services.record_names import KEPT, written_names

#: How a row names the client that its record belongs to, in the order in which they are tried -> a client's field.
CLIENT_NAMES = {
    "client_id": "id", "client_external_id": "external_id", "client_tax_id": "tax_id", "client_email": "email",
    "client": "name",
}  # fmt: skip
APP_CODE = "client_app_code"


@dataclass
class Given:
    """What a row says of a record. whose: what names its client; once that is looked up, client_id or problem."""

    data: dict[str, Any]
    whose: Keys
    whose_field: str = ""
    external: tuple[str, str] | None = None
    tags: list[str] | None = None
    values: dict[str, Any] = field(default_factory=dict)
    client_id: int | None = None
    problem: str = ""


class RecordRows:
    """The `Writer` of one record type. known: in a check, the marks of rows further up that would make records."""

    def __init__(self, plan: Plan, known: set[int] | None = None):
        self.plan, self.known, self.record = plan, known, plan.record
        self.names = written_names(self.record)
        self.may_add = may("add", self.record.key)
        self.contacts = ContactWriting() if self.record.model is Contact else None
        self.linked = Linked(self.record)
        #: Held here, since the session lets go of what nobody holds.
        self.clients: list[Client] = []

    # -- reading

    def read(self, row: Row) -> Item:
        values = dict(row.values)
        whose = {
            CLIENT_NAMES[name]: values.pop(name)
            for name in CLIENT_NAMES
            if values.get(name) not in (None, "")
        }
        whose_field = next((name for name in CLIENT_NAMES if row.values.get(name) not in (None, "")), "")
        whose |= {"app_code": values.pop(APP_CODE, None)}
        if isinstance(whose.get("name"), int):
            whose["id"] = whose.pop("name")
        data = {n: v for n, v in values.items() if n not in (*KEPT, *CLIENT_NAMES, "external_id", "app_code")}
        for name, value in self.plan.presets.items():
            if name in self.names and name != "tags" and not data.get(name):
                data[name] = value
        # a cell that clears is a list of none
        tags = (data.pop("tags") or []) if "tags" in data else None
        given = Given(
            data,
            keys_of_client(whose, tuple(CLIENT_NAMES.values()), self.plan.app_code),
            whose_field,
            external_key(values.get("external_id"), values.get("app_code") or self.plan.app_code),
            None if tags is None else names_of_tags(tags),
            values,
        )
        return Item(
            row.line, {}, given, title_of(values, ("title", "name", "last_name", "text", "email", "phone"))
        )

    def prepare(self, items: list[Item]) -> None:
        """Look up the clients of the rows; by them and their values the records are known."""
        if self.contacts:
            add_words(self.contacts.definitions.values(), [item.given.data for item in items])
        named = {item.line: item.given.whose for item in items if item.given.whose}
        found = find_clients(named, tuple(CLIENT_NAMES.values()), only_seen=True) if named else {}
        ids = {match.id for match in found.values() if match.id}
        self.clients = list(db.session.scalars(select(Client).where(Client.id.in_(ids)))) if ids else []
        keys = ("external_id",) if self.plan.strategy == CREATE and self.contacts else self.plan.keys
        keys = () if self.plan.strategy == CREATE and not self.contacts else keys
        for item in items:
            given, match = item.given, found.get(item.line)
            if match is not None:
                given.client_id = match.id
                # of a client that is not seen no more is told than of one that is not there
                several = match.problem and match.problem == _("Several clients have this.")
                given.problem = (
                    "" if match.id else match.problem if several else _("There is no such client.")
                )
            item.keys = keys_of_record(given.values, keys, given.client_id, self.plan.app_code)
        self.linked.learn((item.given.data, item.given.client_id) for item in items)

    # -- writing

    def write(self, items: list[Item]) -> list[Result]:
        if self.plan.strategy == CREATE:
            found = {item.line: Found() for item in items}
        else:
            found = find_records(self.record, {item.line: item.keys for item in items}, self.plan.keys)
        taken = (
            owners_of({item.given.external for item in items if item.given.external}) if self.contacts else {}
        )
        if self.contacts:
            self.contacts.learn([one.item for one in found.values() if one.item is not None])
        return [self._write(item, found[item.line], taken) for item in items]

    def _write(self, item: Item, found: Found, taken: dict[Any, int]) -> Result:
        if problem := found.problem or item.given.problem:
            return refused(item.line, {found.key or item.given.whose_field: [problem]}, item.title)
        is_repeated = (
            found.item is None and self.known is not None and not self.known.isdisjoint(item.marks())
        )
        if self.plan.strategy == SKIP and (found.item is not None or is_repeated):
            return Result(item.line, SKIPPED, item.title, getattr(found.item, "id", None), found.key)
        record = found.item if found.item is not None else self.record.model()
        is_new = found.item is None
        allowed = self.may_add if is_new else may_change(self.record, record, "edit")
        if not allowed:
            return refused(item.line, {"": [_("You may not do this.")]}, item.title)
        if item.given.external and taken.get(item.given.external, record.id) != record.id:
            return refused(
                item.line, {"external_id": [_("Another contact has this external ID.")]}, item.title
            )
        try:
            changed = self._put(record, item.given)
        except (Invalid, RuleError) as error:
            if not is_new:
                db.session.refresh(record)
            return refused(item.line, error.errors or {"": [str(error.description)]}, item.title)
        if is_repeated:
            return Result(item.line, UPDATED, item.title)
        title = str(record)[:LONGEST_TITLE]
        if is_new:
            db.session.add(record)
            return Result(item.line, CREATED, title, record)
        return Result(item.line, UPDATED if changed else UNCHANGED, title, record, found.key, changed or None)

    def _put(self, record: Any, given: Given) -> list[str]:
        data = without_same_moments(record, without_same_phones(record, given.data))
        becomes_primary = data.pop("is_primary", False) and not record.is_primary
        if record.id is not None:
            data = self.linked.without_same(record, data)
        if given.client_id:
            data["client"] = given.client_id
        if errors := self.linked.resolve(data, given.client_id or getattr(record, "client_id", None)):
            raise Invalid(errors)
        with db.session.no_autoflush:
            preset_tags = names_of_tags(self.plan.presets.get("tags"))
            if "tags" in self.names and (given.tags is not None or preset_tags):
                keep = (
                    []
                    if self.plan.replace_tags and given.tags is not None
                    else [tag.name for tag in record.tags]
                )
                data["tags"] = [*keep, *(given.tags or ()), *preset_tags]
            if record.id is not None:
                there = {n: answered(self.record, record, self.names[n]) for n in data if n in self.names}
                data = changes(data, there)
            if self.contacts:
                changed = self.contacts.write(record, data, given.external)
                return [*changed, *_made_primary(record)] if becomes_primary else changed
            write_record(self.record, record, data)
            record.before_save(db.session())
            return changed_names(record)


def _made_primary(contact: Contact) -> list[str]:
    db.session.add(contact)
    db.session.flush()
    make_primary(contact)
    return ["is_primary"]
