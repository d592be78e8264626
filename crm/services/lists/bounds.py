"""The filters of a record type's list by days, and by another record that its records belong to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

from flask_babel import get_timezone
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Date, or_
from sqlalchemy.orm import InstrumentedAttribute

from crm.errors import UnknownFilter
from crm.extensions import db
from crm.registry import RecordType

NOTHING = "none"


@dataclass(frozen=True)
class DayFilter:
    """From a day, or to a day, inclusive; of moments in the user's time zone."""

    record: RecordType
    attribute: InstrumentedAttribute[Any]
    end: str
    shape: ClassVar[str] = "day"

    @property
    def name(self) -> str:
        return f"{self.attribute.key}_{self.end}"

    @property
    def label(self) -> str:
        label = self.of
        return _("%(label)s from", label=label) if self.end == "from" else _("%(label)s to", label=label)

    @property
    def of(self) -> Any:
        """The word for what is bounded."""
        return self.record.label_of(self.attribute.key)

    def words(self) -> str:
        """What the parameter takes."""
        return _("%(label)s: a date, inclusive.", label=self.label)

    def condition(self, given: Sequence[str]) -> ColumnElement[bool]:
        """What these values of the parameter leave. Raises UnknownFilter."""
        return or_(*(self._bound(value) for value in given if value))

    def _bound(self, value: str) -> ColumnElement[bool]:
        is_start = self.end == "from"
        try:
            day = date.fromisoformat(value) + timedelta(days=0 if is_start else 1)
            is_date = isinstance(self.record.mapper.columns[self.attribute.key].type, Date)
            bound = day if is_date else beginning_of(day)
        except (ValueError, OverflowError):
            raise unreadable(self.name, value) from None
        return self.attribute >= bound if is_start else self.attribute < bound


@dataclass(frozen=True)
class RelatedFilter:
    """By the number of another record; the page of that one leads here."""

    record: RecordType
    attribute: InstrumentedAttribute[Any]
    shape: ClassVar[str] = "related"

    @property
    def name(self) -> str:
        return self.attribute.key

    @property
    def label(self) -> Any:
        return self.record.label_of(self.attribute.key)

    def words(self) -> str:
        """What the parameter takes."""
        return _("%(label)s: a number, or none.", label=self.label)

    def chosen(self, value: str) -> str:
        """A value in words: the name of the record, where the viewer sees it."""
        if value == NOTHING or not _is_number(value):
            return f"{self.label}: {value}"
        item = db.session.get(self.attribute.property.mapper.class_, int(value))
        return str(item) if item is not None else f"{self.label}: {value}"

    def condition(self, given: Sequence[str]) -> ColumnElement[bool]:
        """What these values of the parameter leave. Raises UnknownFilter."""
        return or_(*(self._is(value) for value in given if value))

    def _is(self, value: str) -> ColumnElement[bool]:
        column = next(iter(self.attribute.property.local_columns))
        if value == NOTHING:
            return column.is_(None)
        if not _is_number(value):
            raise unreadable(self.name, value)
        return column == int(value)


def bounds_of(
    record: RecordType, attribute: InstrumentedAttribute[Any]
) -> Iterator[DayFilter | RelatedFilter]:
    """The filters by this date, moment or relation to another record."""
    if attribute.key in record.mapper.relationships:
        yield RelatedFilter(record, attribute)
    else:
        yield from (DayFilter(record, attribute, end) for end in ("from", "to"))


def beginning_of(day: date) -> datetime:
    """The moment at which a day begins in the user's time zone."""
    return get_timezone().localize(datetime(day.year, day.month, day.day)).astimezone(UTC)


def unreadable(name: str, value: str) -> UnknownFilter:
    """A value that a filter cannot take."""
    message = _("The filter “%(name)s” cannot be “%(value)s”.", name=name, value=value[:60])
    return UnknownFilter(message, field=name)


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 19
