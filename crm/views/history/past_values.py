"""What a record's history says of its fields: each change as the page would show the values."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import inspect

from crm.models import AttributeDefinition, AttributeValue, Client, Status, Tag
from crm.models.attribute import VALUE_COLUMNS
from crm.models.base import SeenByAll
from crm.models.identifiers import is_email
from crm.models.sensitive import MASK, veil
from crm.registry import RecordType
from crm.security.masking import (
    following_names,
    is_masked,
    may_see_sensitive,
    secret_names,
    sensitive_clients,
)
from crm.services.clients.words import KINDS
from crm.services.history.encoding import decode
from crm.services.history.facts import Fact
from crm.services.history.fields import Entry
from crm.services.history.past_names import Named, Ref, named
from crm.services.history.pieces import ATTRIBUTES
from crm.services.history.restoring import can_be_put_back
from crm.services.history.tracked_fields import words_of_field
from crm.services.iso_lists import country_name
from crm.views.records.money import money
from crm.views.records.values import Cell, plain_cell, url_of, value_cell

MASKED = Cell("masked", MASK)
EMPTY = Cell("empty")
NAME_OF_DEFINITION = AttributeDefinition.__tablename__


@dataclass(frozen=True)
class Said:
    """One change in words. name: the field, as filters name it. what: of a line, which.

    is_secret: only that it changed is told. can_restore: whether its old value may be put back.
    """

    fact: Fact
    label: str
    what: str
    old: Cell
    new: Cell
    is_secret: bool
    can_restore: bool


class Telling:
    """Puts the facts of some entries into words, all that they point at asked for at once."""

    def __init__(self, record: RecordType, item: Any, facts: Iterable[Fact], may_edit: bool):
        self.record, self.item, self.may_edit = record, item, may_edit
        facts = list(facts)
        self.names = named(_refs(record, facts))
        self.sensitive = sensitive_clients(fact.client_id for fact in facts)

    def said(self, fact: Fact) -> Said:
        hidden = self._is_hidden(fact)
        old, new = (self._cell(fact, value, hidden) for value in (fact.old, fact.new))
        label, what = self._label(fact), self._what(fact)
        told = not (hidden or fact.is_secret or "hidden" in (old.kind, new.kind))
        restorable = self.may_edit and told and can_be_put_back(self.record, fact)
        return Said(fact, label, what, old, new, fact.is_secret, restorable)

    def _label(self, fact: Fact) -> str:
        if fact.piece is None:
            return str(self.record.part_of(self.item).label_of(fact.name)
                       if self.record.model is not Client else words_of_field(self.record, fact.name))  # fmt: skip
        if fact.piece.name == ATTRIBUTES:
            return self._named(NAME_OF_DEFINITION, fact.row.get("definition_id")).words
        return str(words_of_field(self.record, fact.piece.name))

    def _what(self, fact: Fact) -> str:
        """Which line it is, and which of its columns."""
        if fact.piece is None or fact.piece.target or fact.piece.name == ATTRIBUTES or fact.column == "id":
            return ""
        words = self.record.label_of(fact.column.removesuffix("_id"))
        return f"{_title(fact)} · {words}"

    # -- values

    def _is_hidden(self, fact: Fact) -> bool:
        """Whether the viewer is not told the values: of a client that is or was sensitive, or a hidden supplier."""
        model = self.record.model
        if fact.piece is not None:
            return False
        if issubclass(model, SeenByAll):
            then = self._named(Client.__tablename__, fact.row.get("client_id"))
            return fact.name in following_names(model) and (is_masked(self.item, fact.name) or then.is_hidden)
        is_sensitive = fact.row.get("sensitive") or fact.client_id in self.sensitive
        if may_see_sensitive() or not (is_sensitive or is_masked(self.item, fact.name)):
            return False
        if model is Client and fact.name == "name":
            # a client may have been called by its e-mail or phone
            told = [one for one in (fact.old, fact.new) if one]
            return any(is_email(one) or not any(c.isalpha() for c in one) for one in told)
        return fact.name in secret_names(model)

    def _cell(self, fact: Fact, value: Any, hidden: bool) -> Cell:
        if value is None or value == "":
            return EMPTY
        if hidden and fact.name in self.record.veiled_names:
            value = veil(value)
        elif hidden or fact.is_secret:
            return MASKED
        if fact.piece is not None and fact.column == "id":
            return Cell("text", _title(fact))
        table = (fact.piece.table if fact.piece else self.record.mapper.local_table).c
        if (target := _target(table[fact.column])) is not None:
            return other_cell(self._named(target, value))
        if fact.piece is None:
            return self._column(fact, value)
        if fact.piece.name == ATTRIBUTES:
            return self._attribute(fact, value)
        currency = getattr(self.item, "currency", None)
        if fact.column in ("price", "net") and currency:
            return Cell("number", money(value, currency))
        return plain_cell(fact.column, value)

    def _attribute(self, fact: Fact, value: Any) -> Cell:
        definition = self._named(NAME_OF_DEFINITION, fact.row.get("definition_id")).item
        return _value_of_attribute(definition, fact.column, value)

    def _column(self, fact: Fact, value: Any) -> Cell:
        name, row = fact.name, fact.row
        if self.record.model is Client and name == "kind":
            return Cell("text", KINDS.get(value, value))
        if name == "language" and (locale := get_locale()):
            return Cell("text", locale.languages.get(value, value))
        if name == "country" or name.endswith("_country"):
            return Cell("text", country_name(value))
        if name == "billing_amount" and row.get("billing_currency"):
            return Cell("number", money(value, row["billing_currency"]))
        return value_cell(self.record, name, value, row.get("currency"), bool(row.get("all_day")))

    def _named(self, table: str, number: int | None) -> Named:
        return self.names.get((table, number or 0)) or Named(_("deleted"))


def attribute_cell(definition: AttributeDefinition, row: dict[str, Any]) -> Cell:
    """The value of an attribute that is no word, out of its row in the log's values."""
    column = VALUE_COLUMNS[definition.type]
    value = decode(AttributeValue.__table__.c[column].type, row.get(column))
    return EMPTY if value is None else _value_of_attribute(definition, column, value)


def _value_of_attribute(definition: AttributeDefinition | None, column: str, value: Any) -> Cell:
    kind = definition.type if definition is not None else ""
    if definition is not None and kind == "money" and definition.currency and column == "number":
        return Cell("number", money(value, definition.currency))
    if kind == "date_time" and column == "moment":
        return Cell("clock", value)
    return plain_cell("website" if kind == "link" else column, value)


def _target(column: Any) -> str | None:
    """The table that a column points at."""
    return next((key.column.table.name for key in column.foreign_keys), None)


def _refs(record: RecordType, facts: Iterable[Fact]) -> set[Ref]:
    found: set[Ref] = set()
    for fact in facts:
        table = (fact.piece.table if fact.piece else record.mapper.local_table).c
        if (target := _target(table[fact.column])) is not None:
            found |= {(target, value) for value in (fact.old, fact.new) if value is not None}
        if fact.row.get("definition_id"):
            found.add((NAME_OF_DEFINITION, fact.row["definition_id"]))
        if issubclass(record.model, SeenByAll) and fact.row.get("client_id"):
            found.add((Client.__tablename__, fact.row["client_id"]))
    return found


def _title(fact: Fact) -> str:
    """What a piece calls itself, made of the row as it was."""
    assert fact.piece is not None
    ghost = fact.piece.model()
    for prop in inspect(fact.piece.model).column_attrs:
        if prop.columns[0].name in fact.row:
            setattr(ghost, prop.key, fact.row[prop.columns[0].name])
    return str(ghost)


def other_cell(one: Named) -> Cell:
    """What something looks like that a row points at."""
    if one.is_hidden:
        return Cell("hidden")
    if isinstance(one.item, User):
        return Cell("user", one.item)
    if isinstance(one.item, Status):
        return Cell("status", one.item)
    if isinstance(one.item, Tag):
        return Cell("tag", one.item)
    url = url_of(one.item) if one.item is not None and hasattr(one.item, "version") else ""
    return Cell("link", one.words, url) if url else Cell("text", one.words)


def facts_of(entries: Iterable[Entry]) -> list[Fact]:
    """All that these entries tell."""
    return [fact for entry in entries for fact in entry.facts]
