"""A page of a list: what was asked for, checked; the rows; and how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, func, inspect, or_, select
from sqlalchemy.orm import selectinload
from werkzeug.datastructures import MultiDict

from crm.errors import UnknownFilter
from crm.extensions import db
from crm.models import SearchEntry
from crm.models.attribute import OWNERS
from crm.registry import RecordType
from crm.services.attributes import filters as attribute_filters
from crm.services.attributes.order import AttributeOrder, order_asked
from crm.services.clients.redirects import followed
from crm.services.lists.attached import of_client
from crm.services.lists.figures import load_figures
from crm.services.lists.filters import filters_of
from crm.services.lists.order import Order
from crm.services.search.entries import matches

PAGE_SIZE = 25
LARGEST_PAGE = 200
#: What is offered of them.
PAGE_SIZES = (25, 50, 100, 200)
#: Totals are exact up to here.
MOST_COUNTED = 10_000
#: Parameters of every list that are not filters.
PAGING = frozenset({"page", "page_size", "sort", "dir", "columns"})


@dataclass(frozen=True)
class Page:
    """One page of a list. has_next: whether more rows follow. message: what was wrong with a filter."""

    rows: Sequence[Any]
    number: int
    size: int
    has_next: bool
    sort: str = ""
    direction: str = "asc"
    message: str = ""
    statement: Any = field(default=None, repr=False)

    @property
    def total(self) -> int | None:
        """How many rows there are; None for more than are counted."""
        return counted(self.statement)


def counted(statement: Select[Any]) -> int | None:
    """How many rows a statement finds, or None where there are more than MOST_COUNTED."""
    model = statement.column_descriptions[0]["entity"]
    some = statement.with_only_columns(model.id).order_by(None).limit(MOST_COUNTED + 1).subquery()
    found = db.session.scalar(select(func.count()).select_from(some)) or 0
    return found if found <= MOST_COUNTED else None


def whole(args: MultiDict[str, str], name: str, default: int, largest: int) -> int:
    """A whole number from 1 to largest in the query. Raises UnknownFilter."""
    text = args.get(name, "").strip()
    return min(_whole(name, text), largest) if text else default


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 12 and int(text) >= 1):
        raise UnknownFilter(_("%(name)s is a whole number from 1.", name=name), field=name)
    return int(text)


def page_of(record: RecordType, args: MultiDict[str, str]) -> Page:
    """The page of a record type's list that the query parameters ask for; unreadable ones give a message."""
    try:
        return _page(record, args)
    except UnknownFilter as error:
        return Page(
            (), 1, PAGE_SIZE, False, message=str(error.description), statement=select(record.model).limit(0)
        )


def _page(record: RecordType, args: MultiDict[str, str]) -> Page:
    number = whole(args, "page", 1, 100_000)
    size = whole(args, "page_size", PAGE_SIZE, LARGEST_PAGE)
    found = filtered(record, args)
    order = ordering(record, args)
    loads = (selectinload(a) for a in record.loaded_with(record.columns))
    rows = list(db.session.scalars(order.page(found, size + 1, (number - 1) * size).options(*loads)))
    load_figures(record, rows[:size])
    return Page(rows[:size], number, size, len(rows) > size, order.sort, order.direction, "", found)


def filtered(record: RecordType, args: MultiDict[str, str]) -> Select[Any]:
    """The records that the filters leave: `client`, `kind`, `search`, those declared, and those by attributes.

    Raises UnknownFilter.
    """
    asked = select(record.model)
    by_attribute = attribute_filters.is_name if has_attributes(record) else lambda _name: False
    if has_attributes(record):
        asked = asked.where(*attribute_filters.conditions(record.key, args))
    for name in args:
        values = [value for value in args.getlist(name) if value]
        if values and name not in PAGING and not by_attribute(name):
            asked = asked.where(_condition(record, name, values))
    return asked


def _condition(record: RecordType, name: str, values: Sequence[str]) -> ColumnElement[bool]:
    """What any of these values of one filter leaves. Raises UnknownFilter."""
    if name == "search" and record.search:
        entries = select(SearchEntry.row_id).where(SearchEntry.table_name == record.key)
        model: Any = record.model
        return model.id.in_(entries.where(or_(*(matches(value[:200]) for value in values))))
    if name == "client" and record.of_client:
        return or_(*(of_client(record, followed(_whole(name, value.strip()))) for value in values))
    if name == "kind" and record.kind is not None:
        if wrong := next((value for value in values if record.find_part(value) is None), None):
            raise UnknownFilter(_("There is no kind “%(name)s” here.", name=wrong[:60]), field="kind")
        return or_(*(record.kind == value for value in values))
    declared = filters_of(record)
    if name not in declared:
        raise UnknownFilter(_("There is no filter “%(name)s” here.", name=name), field=name)
    return declared[name].condition(values)


def complaint(record: RecordType, args: MultiDict[str, str]) -> str:
    """What is wrong with the filters of a list that shows all its rows; nothing where all is well."""
    try:
        filtered(record, args)
    except UnknownFilter as error:
        return str(error.description)
    return ""


def sortable(record: RecordType) -> frozenset[str]:
    """The columns by which a list can be sorted: those that are columns of the table and hidden from nobody."""
    columns, hidden = inspect(record.model).columns, {a.key for a in (*record.secret, *record.follows_client)}
    return frozenset(a.key for a in record.columns if a.key in columns and a.key not in hidden)


def ordering(record: RecordType, args: MultiDict[str, str]) -> Order | AttributeOrder:
    """The order of the rows that is asked for. Raises UnknownFilter."""
    if has_attributes(record) and (by_attribute := order_asked(record.key, args)) is not None:
        return by_attribute
    sort, direction = args.get("sort", "").strip(), args.get("dir", "").strip() or "asc"
    model = record.model
    if direction not in ("asc", "desc"):
        raise UnknownFilter(_("A list is sorted “asc” or “desc”."), field="dir")
    if not sort:
        return Order(record.order or [model.id])
    if sort not in sortable(record):
        raise UnknownFilter(_("The list cannot be sorted by “%(name)s”.", name=sort[:60]), field="sort")
    by = getattr(model, "name_key" if sort == "name" and hasattr(model, "name_key") else sort)
    order = by.desc() if direction == "desc" else by.asc()
    return Order([order, model.id.desc() if direction == "desc" else model.id], sort, direction)


def has_attributes(record: RecordType) -> bool:
    """Whether an admin can define attributes for records of this type."""
    return record.key in OWNERS
