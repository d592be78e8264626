"""What a record type is. Knows no particular record and no screen."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flask import current_app
from sqlalchemy import Date, Integer, inspect
from sqlalchemy.orm import InstrumentedAttribute, Mapper

from crm.declaration_check import DeclarationError, check
from crm.declaration_options import CRUD, GROUP_OF_MODULE
from crm.models.base import (
    CLIENT_LINKS,
    BetweenClients,
    ClientOwned,
    OptionalClientOwned,
    SeenByAll,
    SharedRecord,
)
from crm.models.types import Exact, UtcDateTime
from crm.models.words import WORDS

#: The relationship by which a record has tags; others to several rows lead to users.
TAG_LINKS = "tag_links"


@dataclass(frozen=True)
class Kind:
    """One of the kinds that a record type is divided into.

    value: what its column holds, also in addresses: `?kind=quote`. addable: whether + Add on the card offers it.
    always_section: whether its tab has a section for it also where there are none, though + Add does not offer it.
    empty: what stands where there are none yet; otherwise what the record type says.
    labels, choices: as of the record type, where this kind has others. without: the names of fields that it lacks.
    """

    value: str
    label: Any
    plural: Any
    icon: str
    addable: bool = True
    always_section: bool = False
    empty: Any = ""
    labels: dict[str, Any] = field(default_factory=dict)
    choices: dict[str, Sequence[tuple[str, Any]]] = field(default_factory=dict)
    without: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Part:
    """What + Add, the sections of a tab and the list's filters name: a record type, or one of its kinds."""

    record: "RecordType"
    kind: Kind | None = None

    @property
    def key(self) -> str:
        return f"{self.record.key}-{self.kind.value}" if self.kind else self.record.key

    @property
    def label(self) -> Any:
        return self.kind.label if self.kind else self.record.label

    @property
    def plural(self) -> Any:
        return self.kind.plural if self.kind else self.record.plural

    @property
    def icon(self) -> str:
        return self.kind.icon if self.kind else self.record.icon

    @property
    def empty(self) -> Any:
        return (self.kind.empty if self.kind else "") or self.record.empty

    @property
    def fields(self) -> list[InstrumentedAttribute[Any]]:
        """The fields of the record type that this kind has."""
        without = self.kind.without if self.kind else frozenset()
        return [attribute for attribute in self.record.fields if attribute.key not in without]

    def label_of(self, name: str) -> Any:
        """The words for one column."""
        return (self.kind.labels.get(name) if self.kind else None) or self.record.label_of(name)

    def choices_of(self, name: str) -> Sequence[tuple[str, Any]]:
        """The choices for one column, none for a column without a closed list."""
        own = self.kind.choices.get(name) if self.kind else None
        return own if own is not None else self.record.choices.get(name, ())

    @property
    def query(self) -> dict[str, str]:
        """The parameters by which the list and the form know the kind."""
        return {"kind": self.kind.value} if self.kind else {}


@dataclass(frozen=True)
class Figure:
    """What is known about a record from other tables, shown like a column that nobody writes: its progress.

    of: given a session and some records, the figure of each by its id, asked for by a fixed number of statements.
    A figure has a `kind`, by which a template draws it, and `as_json()`; a record may have none.
    schema: what its JSON is.
    """

    name: str
    label: Any
    of: Callable[[Any, Sequence[Any]], Mapping[int, Any]]
    schema: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class RecordType:
    """One kind of record. Every screen that shows records is derived from these.

    columns: what the list, the card box, the export and the API's answers show, in order.
    fields: what the form and the API's writes take, in order.
    filled_in: of the fields that no record is without, those that a new one has from elsewhere where they are left out.
    search: the attributes whose words find the record (texts, or collections of things with a text).
    phones: of these, the E.164 columns, found by digits.
    lines: the relationship to its lines, which form, page and API show and take with it; of a model WithLines.
    follows_client: of a model SeenByAll, the attributes that only those see who see its client.
    secret: attributes that are masked for a client marked sensitive; their words are secret words.
    veiled: texts in which addresses and numbers are masked for such a client; those words are secret words.
    when: the moment that places the record on its client's timeline; without one it has no entry.
    also_when: further moments of its life with entries of their own, and the words for them: done, paid.
    told_by: columns of `choices` whose words stand beside the label on the timeline: outgoing, no answer.
    grouped: the column that makes records one conversation: the card shows the newest of each, with their number.
    box: whether the client card has a box for it. always_box: also when it is empty.
    box_order: how a box sorts; the newest come first otherwise. box_portions: where no index has that order, the
    conditions whose records follow each other in a box, and for each the order that an index has.
    tab: the card's tab that lists it, of TABS.
    order: how a list is sorted at first, down to one row; an index should serve it.
    addable: whether + Add on the card offers it. menu: whether the side menu does.
    quick: routes of its view that stand as buttons in the card's head, with their words: log a call. They get
    `?client=` and need the permission to add.
    filters: by what the list can be narrowed: columns with choices, yes-or-no columns, dates and moments, users,
    other records.
    own_edit: only the author edits it, and who may `edit_any`.
    kind: the column that divides it into `kinds`. A new record's is chosen by + Add and by `?kind=`; its form
    changes it only where it is among `fields`, the API never otherwise.
    figures: what stands beside the columns, made from other tables.
    moved_by: columns by which other records name one of these and change how it stands, as payments do an invoice:
    programs are told that it changed.
    headings: field -> the heading that stands above it in the form: what follows belongs together.
    restricted: field -> the permission without which nobody writes it.
    locked: a column, and the permission without which nobody changes or deletes a record where it is true.
    labels: words for columns whose name does not say it. choices: (value, words) of closed lists.
    badges: of closed lists that are shown as badges, value -> kind of badge (danger, warning, success, info or "").
    importable: whether files of such records can be imported.
    money: the amounts, which are in the record's `currency`.
    ages: columns shown as how long ago they are.
    is_contact: whether it is contact with its client, of which lists of clients show and ask for the last.
    """

    model: type
    label: Any
    plural: Any
    icon: str
    columns: Sequence[InstrumentedAttribute[Any]]
    fields: Sequence[InstrumentedAttribute[Any]]
    slug: str = ""
    module: str = "base"
    filled_in: Sequence[InstrumentedAttribute[Any]] = ()
    search: Sequence[InstrumentedAttribute[Any]] = ()
    phones: Sequence[InstrumentedAttribute[Any]] = ()
    lines: InstrumentedAttribute[Any] | None = None
    follows_client: Sequence[InstrumentedAttribute[Any]] = ()
    secret: Sequence[InstrumentedAttribute[Any]] = ()
    veiled: Sequence[InstrumentedAttribute[Any]] = ()
    when: InstrumentedAttribute[Any] | None = None
    also_when: dict[str, tuple[InstrumentedAttribute[Any], Any]] = field(default_factory=dict)
    grouped: InstrumentedAttribute[Any] | None = None
    told_by: Sequence[InstrumentedAttribute[Any]] = ()
    order: Sequence[Any] = ()
    actions: frozenset[str] = CRUD
    box: bool = True
    always_box: bool = False
    box_order: Sequence[Any] = ()
    box_portions: Sequence[tuple[Any, Sequence[Any]]] = ()
    tab: str = ""
    addable: bool = True
    quick: dict[str, Any] = field(default_factory=dict)
    filters: Sequence[InstrumentedAttribute[Any]] = ()
    own_edit: bool = False
    kind: InstrumentedAttribute[Any] | None = None
    kinds: Sequence[Kind] = ()
    figures: Sequence[Figure] = ()
    moved_by: Sequence[InstrumentedAttribute[Any]] = ()
    headings: dict[str, Any] = field(default_factory=dict)
    restricted: dict[str, str] = field(default_factory=dict)
    locked: tuple[InstrumentedAttribute[Any], str] | None = None
    menu: bool = True
    empty: Any = ""
    labels: dict[str, Any] = field(default_factory=dict)
    choices: dict[str, Sequence[tuple[str, Any]]] = field(default_factory=dict)
    badges: dict[str, dict[str, str]] = field(default_factory=dict)
    importable: bool = False
    money: Sequence[InstrumentedAttribute[Any]] = ()
    ages: Sequence[InstrumentedAttribute[Any]] = ()
    is_contact: bool = False

    def __post_init__(self) -> None:
        check(self)
        if self.kind is not None:
            words = [(kind.value, kind.label) for kind in self.kinds]
            of_kinds: dict[str, list[tuple[str, Any]]] = {}
            for kind in self.kinds:
                for name, pairs in kind.choices.items():
                    of_kinds.setdefault(name, []).extend(pairs)
            object.__setattr__(self, "choices", {**of_kinds, **self.choices, self.kind.key: words})

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
        return issubclass(self.model, ClientOwned | OptionalClientOwned | BetweenClients | SeenByAll)

    @property
    def between_clients(self) -> bool:
        return issubclass(self.model, BetweenClients)

    @cached_property
    def veiled_names(self) -> frozenset[str]:
        return frozenset(attribute.key for attribute in self.veiled)

    @cached_property
    def guarded(self) -> frozenset[str]:
        """The attributes that are masked, whole or in part, for a client marked sensitive."""
        return self.veiled_names | {attribute.key for attribute in self.secret}

    @property
    def group(self) -> str:
        """Of GROUPS the one in which the menu and + Add show it; nothing for what stands above them."""
        return GROUP_OF_MODULE.get(self.module, "")

    @property
    def seen_by_all(self) -> bool:
        return issubclass(self.model, SeenByAll)

    @property
    def line_model(self) -> Any:
        """The model of its lines."""
        assert self.lines is not None
        return self.lines.property.mapper.class_

    @cached_property
    def numbers(self) -> frozenset[str]:
        """The names of the columns that hold numbers, which stand at the right of a list's cells."""
        kinds = {name: column.type for name, column in self.mapper.columns.items() if not column.foreign_keys}
        return frozenset(
            name
            for name, kind in kinds.items()
            if isinstance(kind, Exact | Integer) and name not in self.choices
        )

    @cached_property
    def days(self) -> frozenset[str]:
        """The names of the columns that are days or moments: of several each must say which it is."""
        return frozenset(
            a.key
            for a in self.columns
            if a.key in self.mapper.columns
            and isinstance(self.mapper.columns[a.key].type, Date | UtcDateTime)
        )

    @property
    def is_setting(self) -> bool:
        """Whether it is of the CRM itself (statuses, tags) and stands under Settings."""
        return self.module == "settings"

    @cached_property
    def parts(self) -> list[Part]:
        """One for each kind; one for the whole where it has no kinds."""
        return [Part(self, kind) for kind in self.kinds] or [Part(self)]

    def find_part(self, kind: str) -> Part | None:
        """The part of this kind, or None where there is no such kind."""
        return next((part for part in self.parts if part.kind and part.kind.value == kind), None)

    def part_of(self, item: Any) -> Part:
        """The part that a record belongs to: its word and icon are the record's."""
        return (self.find_part(getattr(item, self.kind.key)) if self.kind is not None else None) or Part(self)

    def linked(self, name: str) -> Any:
        """Of a relationship to rows that link the record to several others: the link's relationship to the other."""
        rows = self.mapper.relationships[name].mapper
        if name == CLIENT_LINKS:
            return rows.relationships["client"]
        return next(
            r
            for r in rows.relationships
            if not r.uselist and r.mapper is not self.mapper and r.key != "client"
        )

    def label_of(self, name: str) -> Any:
        """The words for one column: from `labels`, else those that all share, else made of its name."""
        return (
            self.labels.get(name)
            or WORDS.get(name)
            or name.removesuffix("_id").replace("_", " ").capitalize()
        )

    def relationships(self, attributes: Iterable[InstrumentedAttribute[Any]]) -> list[Any]:
        """Those of the attributes that are relationships."""
        return [a for a in attributes if a.key in self.mapper.relationships]

    def loaded_with(self, attributes: Iterable[InstrumentedAttribute[Any]]) -> list[Any]:
        """What is loaded at once with records of which these attributes are shown.

        Whose a shared record is, is always asked: what is shown of it depends on all of its clients.
        """
        links = [getattr(self.model, CLIENT_LINKS)] if issubclass(self.model, SharedRecord) else []
        return list(dict.fromkeys([*self.relationships(attributes), *links]))


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
