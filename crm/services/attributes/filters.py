"""The filters by attributes, of clients and of contacts: `attr.<key>`, and `.from`, `.to`, `.contains`, `.set` of it.

Which of them an attribute has is told by its type. Sensitive ones are found by what equals them and by whether they
are set, by who may see them; for others there is no such filter, just as for an attribute that does not exist.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, exists, or_, select
from werkzeug.datastructures import MultiDict

from crm.errors import UnknownFilter
from crm.extensions import db
from crm.models import AttributeDefinition, AttributeValue
from crm.models.attribute import OWNER_COLUMNS, OWNERS, VALUE_COLUMNS, text_keys
from crm.models.folding import fold
from crm.security.masking import may_see_sensitive
from crm.services.attributes.matching import equals
from crm.services.attributes.reading import read_value
from crm.services.attributes.values import definitions
from crm.services.history.bulk import dialect_of
from crm.services.history.change_values import listed
from crm.services.lists.bounds import beginning_of
from crm.services.reading import Unreadable, is_typed, read_moment

#: With what the names of filters, sorts and columns of attributes begin; their keys follow.
PREFIX = "attr."
EQUALS, FROM, TO, CONTAINS, SET = "", "from", "to", "contains", "set"
ENDS = (EQUALS, FROM, TO, CONTAINS, SET)
#: Type -> the filters that its attributes have.
ENDS_OF = {
    **dict.fromkeys(("text", "long_text", "link"), (EQUALS, CONTAINS, SET)),
    **dict.fromkeys(("number", "integer", "money", "date", "date_time"), (EQUALS, FROM, TO, SET)),
    **dict.fromkeys(("yes_no", "word", "words"), (EQUALS, SET)),
}
#: Types -> how a value is typed in the panel of filters.
SHAPES = {"date": "day", "date_time": "day", "number": "number", "integer": "number", "money": "number",
          "yes_no": "choice", "word": "choice", "words": "choice"}  # fmt: skip
MOST_VALUES = 200
#: As many owners are named where a filter finds no more.
FEW = 10_000
YES_NO = (("yes", _l("Yes")), ("no", _l("No")))

Condition = ColumnElement[bool]
#: Asked as a bare table: who is seen is decided once, for the clients, and not again for each value.
rows = AttributeValue.__table__.c


@dataclass(frozen=True)
class AttributeFilter:
    """One filter by an attribute. end: blank for *equals*, else from, to, contains or set."""

    definition: AttributeDefinition
    end: str = EQUALS

    @property
    def name(self) -> str:
        """Its query parameter."""
        return f"{PREFIX}{self.definition.key}{'.' if self.end else ''}{self.end}"

    @property
    def label(self) -> str:
        """The attribute and, but for *equals*, what is asked of it."""
        words = {FROM: _("from"), TO: _("to"), CONTAINS: _("contains"), SET: _("is set")}
        return f"{self.definition.label} {words[self.end]}" if self.end else self.definition.label

    @property
    def shape(self) -> str:
        """How its value is typed: text, number, day, or choice among `choices`."""
        return "choice" if self.end == SET else SHAPES.get(self.definition.type, "text")

    @property
    def choices(self) -> Sequence[tuple[str, Any]]:
        """(value, words) of what can be chosen, where that is a list."""
        if self.end == SET or self.definition.type == "yes_no":
            return YES_NO
        return [(option.label, option.label) for option in self.definition.options]

    def words(self) -> str:
        """What the parameter takes, in the description of the API."""
        if self.shape == "choice":
            return f"{self.label}: {', '.join(value for value, _words in self.choices)}."
        told = {"day": _("a date, or a date and time"), "number": _("a number"), "text": _("a text")}
        return f"{self.label}: {told[self.shape]}."

    def in_words(self, value: str) -> str:
        """A value of it as people say it."""
        known = dict(self.choices) if self.shape == "choice" else {}
        return str(known.get(value, value))


@dataclass(frozen=True)
class Inputs:
    """The filters that one attribute has, under its group."""

    definition: AttributeDefinition
    filters: tuple[AttributeFilter, ...]

    @property
    def group(self) -> str:
        return self.definition.group or ""


def inputs(kind: str = "client") -> list[Inputs]:
    """For each attribute of clients or contacts that the viewer can filter by, in their order, its filters."""
    found = (Inputs(one, tuple(filters_of(one))) for one in definitions(kind))
    return [one for one in found if one.filters]


def filters_of(definition: AttributeDefinition) -> list[AttributeFilter]:
    """The filters that the viewer has by one attribute."""
    if definition.sensitive and not may_see_sensitive():
        return []
    ends = (EQUALS, SET) if definition.sensitive else ENDS_OF[definition.type]
    return [AttributeFilter(definition, end) for end in ends]


def is_name(name: str) -> bool:
    """Whether a query parameter is meant as a filter by an attribute."""
    return name.startswith(PREFIX)


def asked(kind: str, names: Iterable[str]) -> dict[str, AttributeFilter]:
    """Name -> filter, of those parameters that are meant as such. Raises UnknownFilter."""
    names = [name for name in names if is_name(name)]
    if not names:
        return {}
    keys = {name.removeprefix(PREFIX).partition(".")[0] for name in names}
    known = {one.name: one for definition in definitions(kind, keys=keys) for one in filters_of(definition)}
    if wrong := next((name for name in names if name not in known), None):
        raise UnknownFilter(_("There is no filter “%(name)s” here.", name=wrong[:60]), field=wrong)
    return {name: known[name] for name in names}


def secret_names(kind: str, args: MultiDict[str, str]) -> frozenset[str]:
    """Of these query parameters those that say a value of a sensitive attribute: they are not to be kept openly."""
    keys = {name.removeprefix(PREFIX) for name in args if is_name(name)}
    known = definitions(kind, active=False, options=False, keys=keys) if keys else ()
    return frozenset(f"{PREFIX}{one.key}" for one in known if one.sensitive)


def conditions(kind: str, args: MultiDict[str, str]) -> list[Condition]:
    """What the filters by attributes among these query parameters leave of clients or contacts.

    Raises UnknownFilter for what is not there or cannot be read.
    """
    of_definition: dict[int, list[tuple[AttributeFilter, list[str]]]] = {}
    for name, one in asked(kind, args).items():
        values = list(dict.fromkeys(text for value in args.getlist(name) if (text := value.strip())))
        if len(values) > MOST_VALUES or not all(map(is_typed, values)):
            raise unreadable(one, _("too much"))
        if values:
            of_definition.setdefault(one.definition.id, []).append((one, values))
    return [part for given in of_definition.values() for part in _of_one(kind, given)]


def _of_one(kind: str, given: Sequence[tuple[AttributeFilter, list[str]]]) -> list[Condition]:
    """The conditions of the filters by one attribute; both ends of a range are one look at the index."""
    found, span = [], []
    for one, values in given:
        if one.end in (FROM, TO):
            span.append(_any_of(one, values))
        elif one.end == EQUALS:
            found.append(_has(kind, one.definition, _any_of(one, values)))
        elif one.end == CONTAINS:
            columns = (rows.text_key, rows.text_more)
            parts = {fold(value): value for value in values}
            if "" in parts:
                # nothing but accents is in every text
                raise unreadable(one, parts[""])
            found.append(or_(*(_has(kind, one.definition, _contains(column, parts)) for column in columns)))
        elif (is_set := _yes_or_no(one, values)) is not None:
            found.append(_has(kind, one.definition) if is_set else ~_there(kind, one.definition))
    return [*found, *([_has(kind, given[0][0].definition, *span)] if span else [])]


def _has(kind: str, definition: AttributeDefinition, *wanted: Condition) -> Condition:
    """The condition that a client or contact has a value of which these hold; definitions are of one kind only.

    A few owners are named: a page, its total and each column of a board would otherwise look for them anew. Of
    many one is soon met in any order, so each is asked whether it is one.
    """
    owner, mine = rows[OWNER_COLUMNS[kind]], (rows.definition_id == definition.id, *wanted)
    some = db.session.connection().scalars(select(owner).where(*mine).limit(FEW + 1)).all()
    if len(some) <= FEW:
        return OWNERS[kind].id.in_(listed(dialect_of(db.session()), some))
    return exists().where(owner == OWNERS[kind].id, *mine)


def _there(kind: str, definition: AttributeDefinition) -> Condition:
    mine = rows[OWNER_COLUMNS[kind]] == OWNERS[kind].id
    return exists().where(rows.definition_id == definition.id, mine)


def _yes_or_no(one: AttributeFilter, values: Sequence[str]) -> bool | None:
    """Whether a value is asked for; None where either will do."""
    if wrong := next((value for value in values if value not in ("yes", "no")), None):
        raise unreadable(one, wrong)
    return None if len(values) > 1 else values[0] == "yes"


def _any_of(one: AttributeFilter, values: Sequence[str]) -> Condition:
    return or_(*(_compare(one, value) for value in values))


def _compare(one: AttributeFilter, value: str) -> Condition:
    """The condition that a row equals one value, or lies on the asked side of it, both ends inclusive."""
    definition = one.definition
    if definition.type == "date_time" and not definition.sensitive:
        begin, end = _span(one, value)
        sides = {FROM: rows.moment >= begin, TO: rows.moment < end}
        return sides.get(one.end, and_(*sides.values()))
    try:
        wanted = read_value(definition, [value] if definition.type == "words" else value)
    except Unreadable:
        raise unreadable(one, value) from None
    column = rows[VALUE_COLUMNS[definition.type]]
    if one.end in (FROM, TO):
        return column >= wanted if one.end == FROM else column <= wanted
    if column.name == "text" and not definition.sensitive:
        return and_(*(rows[name] == key for name, key in text_keys(wanted).items()))
    return equals(definition, wanted, AttributeValue.__table__)


def _contains(column: Any, parts: Iterable[str]) -> Condition:
    """The condition that a text has one of these letters somewhere, whatever their case and accents."""
    return or_(*(column.contains(part, autoescape=True) for part in parts))


def _span(one: AttributeFilter, value: str) -> tuple[datetime, datetime]:
    """The moments that a value stands for, the second after the last: a day in the user's time zone, or a minute."""
    try:
        if len(value) == len("2026-11-22"):
            day = date.fromisoformat(value)
            return beginning_of(day), beginning_of(day + timedelta(days=1))
        moment = read_moment(value).replace(second=0, microsecond=0)
        return moment, moment + timedelta(minutes=1)
    except (ValueError, OverflowError):
        raise unreadable(one, value) from None


def unreadable(one: AttributeFilter, value: str) -> UnknownFilter:
    """What to raise for a value that a filter cannot read."""
    words = _("The filter “%(name)s” cannot be “%(value)s”.", name=one.label, value=value[:60])
    return UnknownFilter(words, field=one.name)
