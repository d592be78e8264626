"""What a record type is. Knows no particular record and no screen."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import inspect
from sqlalchemy.orm import InstrumentedAttribute, Mapper

from crm.models.base import BetweenClients, ClientOwned, OptionalClientOwned
from crm.models.words import WORDS

#: What can be done with a record: the routes that exist, and the names of its permissions.
ACTIONS = ("list", "show", "add", "edit", "delete")
CRUD = frozenset(ACTIONS)

#: Groups of record types that an admin switches on and off; `base` is always on.
MODULES = ("base", "sales", "calendar", "tasks", "mail", "helpdesk", "calls", "documents", "settings")
ALWAYS_ON = frozenset({"base", "settings"})

#: The relationship by which a record has tags; others to several rows lead to users.
TAG_LINKS = "tag_links"

#: The tabs of a client's card that record types share, in order, with their words.
TABS = {
    "sales": _l("Sales"),
    "invoices": _l("Invoices"),
    "transactions": _l("Transactions"),
    "tasks": _l("Tasks & events"),
    "emails": _l("E-mails"),
    "files": _l("Files"),
    "products": _l("Products"),
}


class DeclarationError(TypeError):
    """A record type is declared wrongly. The message is the one sentence that stops the start."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RecordType:
    """One kind of record. Every screen that shows records is derived from these.

    columns: what the list, the card box, the export and the API's answers show, in order.
    fields: what the form and the API's writes take, in order.
    search: the attributes whose words find the record (texts, or collections of things with a text).
    phones: of these, the E.164 columns, found by digits.
    secret: attributes that are masked for a client marked sensitive; their words are secret words.
    when: the moment that places the record on its client's timeline; without one it has no entry.
    also_when: further moments of its life with entries of their own, and the words for them: done, paid.
    box: whether the client card has a box for it. always_box: also when it is empty.
    box_order: how a box sorts; the newest come first otherwise. tab: the card's tab that lists it, of TABS.
    order: how a list is sorted at first, down to one row; an index should serve it.
    addable: whether + Add on the card offers it. menu: whether the side menu does.
    own_edit: only the author edits it, and who may `edit_any`.
    labels: words for columns whose name does not say it. choices: (value, words) of closed lists.
    """

    model: type
    label: Any
    plural: Any
    icon: str
    columns: Sequence[InstrumentedAttribute[Any]]
    fields: Sequence[InstrumentedAttribute[Any]]
    slug: str = ""
    module: str = "base"
    search: Sequence[InstrumentedAttribute[Any]] = ()
    phones: Sequence[InstrumentedAttribute[Any]] = ()
    secret: Sequence[InstrumentedAttribute[Any]] = ()
    when: InstrumentedAttribute[Any] | None = None
    also_when: dict[str, tuple[InstrumentedAttribute[Any], Any]] = field(default_factory=dict)
    order: Sequence[Any] = ()
    actions: frozenset[str] = CRUD
    box: bool = True
    always_box: bool = False
    box_order: Sequence[Any] = ()
    tab: str = ""
    addable: bool = True
    own_edit: bool = False
    menu: bool = True
    empty: Any = ""
    labels: dict[str, Any] = field(default_factory=dict)
    choices: dict[str, Sequence[tuple[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        named = {"columns": self.columns, "fields": self.fields, "search": self.search,
                 "phones": self.phones, "secret": self.secret}  # fmt: skip
        for option, attributes in named.items():
            for attribute in attributes:
                self._check_attribute(option, attribute)
        if self.when is not None:
            self._check_attribute("when", self.when)
            if not self.of_client:
                raise DeclarationError(f"{self.key}: has a place on the timeline but belongs to no client.")
        elif self.also_when:
            raise DeclarationError(f"{self.key}: says what stands on the timeline but not when.")
        for attribute, _words in self.also_when.values():
            self._check_attribute("also_when", attribute)
        if self.tab and self.tab not in TABS:
            raise DeclarationError(f"{self.key}: there is no tab {self.tab!r}.")
        if (self.tab or self.box_order) and not self.of_client:
            raise DeclarationError(f"{self.key}: has a place on the client's card but belongs to no client.")
        if self.module not in MODULES:
            raise DeclarationError(f"{self.key}: there is no module {self.module!r}.")
        if unknown := set(self.actions) - CRUD:
            raise DeclarationError(f"{self.key}: there is no action {sorted(unknown)[0]!r}.")
        if "list" not in self.actions and self.menu:
            raise DeclarationError(f"{self.key}: stands in the menu but has no list.")
        if self.always_box and not self.box:
            raise DeclarationError(f"{self.key}: always_box without box.")
        if not self.columns:
            raise DeclarationError(f"{self.key}: has no columns.")
        for name in (*self.labels, *self.choices):
            if name not in {a.key for a in (*self.columns, *self.fields)}:
                raise DeclarationError(f"{self.key}: labels or choices name {name!r}, which is not shown.")

    def _check_attribute(self, option: str, attribute: Any) -> None:
        owner = getattr(attribute, "class_", None)
        if owner is None or not issubclass(self.model, owner):
            raise DeclarationError(
                f"{self.key}: {option} has {attribute}, which {self.model.__name__} has not."
            )

    @property
    def key(self) -> str:
        """The singular: name of its table and of its permissions."""
        return self.model.__tablename__  # type: ignore[attr-defined]

    @cached_property
    def url_name(self) -> str:
        """The plural in URLs: /crm/<url_name>/ and /api/v1/<url_name>/."""
        return self.slug or self.key.replace("_", "-") + "s"

    @property
    def mapper(self) -> Mapper[Any]:
        return inspect(self.model)

    @property
    def of_client(self) -> bool:
        """Whether its records belong to clients (a box on the card, + Add, merge)."""
        return issubclass(self.model, ClientOwned | OptionalClientOwned | BetweenClients)

    @property
    def between_clients(self) -> bool:
        return issubclass(self.model, BetweenClients)

    @property
    def is_setting(self) -> bool:
        """Whether it is of the CRM itself (statuses, tags) and stands under Settings."""
        return self.module == "settings"

    def label_of(self, name: str) -> Any:
        """The words for one column: from `labels`, else those that all share, else made of its name."""
        return (
            self.labels.get(name)
            or WORDS.get(name)
            or name.removesuffix("_id").replace("_", " ").capitalize()
        )

    def relationships(self, attributes: Iterable[InstrumentedAttribute[Any]]) -> list[Any]:
        """Those of the attributes that are relationships, for eager loading."""
        return [a for a in attributes if a.key in self.mapper.relationships]


class Registry:
    """The record types of one app."""

    def __init__(self, records: Sequence[RecordType]):
        self.records = tuple(records)
        self.by_key = {record.key: record for record in self.records}
        self.by_model = {record.model: record for record in self.records}
        self.by_url_name = {record.url_name: record for record in self.records}
        for name, index in (("table", self.by_key), ("URL", self.by_url_name)):
            if len(index) < len(self.records):
                raise DeclarationError(f"Two record types have the same {name}.")

    def __iter__(self) -> Iterator[RecordType]:
        return iter(self.records)

    def __getitem__(self, key: str) -> RecordType:
        return self.by_key[key]

    def of_client(self) -> list[RecordType]:
        return [record for record in self.records if record.of_client]


def registry() -> Registry:
    """The record types of the current app."""
    return current_app.extensions["crm"]
