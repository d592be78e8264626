"""What is wrong with a declaration, said in a sentence before the program starts."""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Date

from crm.declaration_options import CRUD, MODULES, TABS
from crm.models.base import SeenByAll
from crm.models.line import WithLines
from crm.models.types import UtcDateTime

if TYPE_CHECKING:
    from crm.registry import RecordType


class DeclarationError(TypeError):
    """A record type is declared wrongly. The message is the one sentence that stops the start."""


def check(record: "RecordType") -> None:
    """Raise DeclarationError with the first thing that is wrong."""
    for objection in _objections(record):
        raise DeclarationError(f"{record.key}: {objection}")


def _objections(record: "RecordType") -> Iterator[str]:
    yield from _columns_of_others(record)
    yield from _places(record)
    yield from _words(record)
    yield from _kinds(record)
    yield from _filters(record)


def _columns_of_others(record: "RecordType") -> Iterator[str]:
    """Columns and relationships that the model does not have."""
    named: dict[str, Iterable[Any]] = {
        "columns": record.columns,
        "fields": record.fields,
        "filled_in": record.filled_in,
        "search": record.search,
        "filters": record.filters,
        "phones": record.phones,
        "secret": record.secret,
        "follows_client": record.follows_client,
        "veiled": record.veiled,
        "told_by": record.told_by,
        "ages": record.ages,
        "money": record.money,
        "lines": () if record.lines is None else (record.lines,),
        "grouped": () if record.grouped is None else (record.grouped,),
        "locked": record.locked[:1] if record.locked else (),
        "when": () if record.when is None else (record.when,),
        "also_when": [attribute for attribute, _words in record.also_when.values()],
        "kind": () if record.kind is None else (record.kind,),
    }
    for option, attributes in named.items():
        for attribute in attributes:
            owner = getattr(attribute, "class_", None)
            if owner is None or not issubclass(record.model, owner):
                yield f"{option} has {attribute}, which {record.model.__name__} has not."
    if not record.columns:
        yield "has no columns."


def _places(record: "RecordType") -> Iterator[str]:
    """Places, modules and actions that are not there, or contradict each other."""
    if record.lines is not None and not issubclass(record.model, WithLines):
        yield f"has lines, but {record.model.__name__} is not WithLines."
    if record.follows_client and not issubclass(record.model, SeenByAll):
        yield "what follows its client is not SeenByAll otherwise."
    if record.when is not None and not record.of_client:
        yield "has a place on the timeline but belongs to no client."
    if record.when is None and record.also_when:
        yield "says what stands on the timeline but not when."
    if record.tab and record.tab not in TABS:
        yield f"there is no tab {record.tab!r}."
    if (record.tab or record.box_order or record.quick) and not record.of_client:
        yield "has a place on the client's card but belongs to no client."
    if record.module not in MODULES:
        yield f"there is no module {record.module!r}."
    if unknown := set(record.actions) - CRUD:
        yield f"there is no action {min(unknown)!r}."
    if "list" not in record.actions and record.menu:
        yield "stands in the menu but has no list."
    if record.always_box and not record.box:
        yield "always_box without box."


def _words(record: "RecordType") -> Iterator[str]:
    """Words for columns that nobody sees."""
    if any(attribute.key not in record.choices for attribute in record.told_by):
        yield "told_by names a column without choices."
    fields = {attribute.key for attribute in record.fields}
    shown = fields | {attribute.key for attribute in record.columns}
    for name in (*record.labels, *record.choices, *record.badges):
        if name not in shown:
            yield f"labels, choices or badges name {name!r}, which is not shown."
    for name in (*record.headings, *record.restricted):
        if name not in fields:
            yield f"headings or restricted name {name!r}, which is no field."
    if unasked := {attribute.key for attribute in record.filled_in} - fields:
        yield f"filled_in names {min(unasked)!r}, which is no field."
    for kind in record.kinds:
        for name in (*kind.labels, *kind.choices, *kind.without):
            if name not in shown:
                yield f"the kind {kind.value!r} names {name!r}, which is not shown."


def _kinds(record: "RecordType") -> Iterator[str]:
    """Kinds that cannot be told apart."""
    if record.kind is None:
        if record.kinds:
            yield "has kinds but no column that tells them apart."
        return
    key = record.kind.key
    column = record.mapper.columns.get(key)
    if column is None or column.nullable:
        yield f"{key} is no column that always says a kind."
        return
    if key in record.choices:
        yield f"the choices of {key} are its kinds already."
    values = [kind.value for kind in record.kinds]
    if len(values) < 2 or len(set(values)) < len(values):
        yield "kinds are two or more, each with a value of its own."
    for value in values:
        if not re.fullmatch("[a-z][a-z_]*", value):
            yield f"the kind {value!r} cannot stand in an address."
    if column.default is not None and column.default.arg not in values:  # type: ignore[attr-defined]
        yield f"{key} is {column.default.arg!r} at first, which is no kind."  # type: ignore[attr-defined]


def _filters(record: "RecordType") -> Iterator[str]:
    """Filters for which no control can be made: a list offers choices, yes or no, and days."""
    chosen = {*record.choices, *(name for kind in record.kinds for name in kind.choices)}
    if record.kind is not None:
        chosen.add(record.kind.key)
    for attribute in record.filters:
        column = record.mapper.columns.get(attribute.key)
        offered = column is None or isinstance(column.type, Boolean | Date | UtcDateTime)
        if attribute.key not in chosen and not offered:
            yield f"a list cannot be filtered by {attribute.key}."
