"""Number series of documents: how a number is written, and which is the next."""

import re
from datetime import date
from string import Formatter

from flask_babel import gettext as _
from sqlalchemy import Connection, String, func, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.errors import RuleError, StateConflict
from crm.models.base import Base, Record, has_changed
from crm.models.types import today

#: When a series begins anew, with the parts of the date that its numbers then need.
RESETS: dict[str, frozenset[str]] = {
    "never": frozenset(),
    "yearly": frozenset({"year"}),
    "monthly": frozenset({"year", "month"}),
}
PLACES = re.compile(r"0[1-9]|")
LARGEST_FIRST = 10**9


class NumberSeries(Record):
    """How the documents of one kind are numbered."""

    __tablename__ = "number_series"

    #: invoice, correction, quote, order, repair
    kind: Mapped[str] = mapped_column(String(30), unique=True)
    #: FV/{year}/{month}/{number:04}
    pattern: Mapped[str] = mapped_column(String(60))
    reset: Mapped[str] = mapped_column(String(10), default="yearly")
    #: The first number of `first_period`, where another program had given the ones before; else it is 1.
    first_number: Mapped[int] = mapped_column(default=1)
    first_period: Mapped[str] = mapped_column(String(7), default="")

    def before_save(self, session: Session) -> None:
        check_pattern(self.pattern or "", self.reset)
        if not 1 <= self.first_number <= LARGEST_FIRST:
            raise RuleError(_("A number from 1 on."), field="first_number")
        if not inspect(self).persistent:
            self.first_period = self.period_of(today())
        elif has_changed(self, "reset"):
            self._go_on_in_new_period(session)
        elif has_changed(self, "first_number"):
            self.first_period = self.period_of(today())
            given = select(SeriesCounter.id).where(SeriesCounter.key == self.key_of(self.first_period))
            if session.scalar(given) is not None:
                raise RuleError(
                    _("Numbers of this period have been given already; the next ones follow them."),
                    field="first_number",
                )

    def _go_on_in_new_period(self, session: Session) -> None:
        """No number may come twice, whatever the periods were before."""
        highest = select(func.max(SeriesCounter.last)).where(SeriesCounter.key.startswith(self.key_of("")))
        self.first_number = max((session.scalar(highest) or 0) + 1, self.first_number)
        self.first_period = self.period_of(today())

    def period_of(self, day: date) -> str:
        """The period whose numbers a day's documents take: a year, a month, or the one that never ends."""
        return {"yearly": f"{day:%Y}", "monthly": f"{day:%Y-%m}"}.get(self.reset, "")

    def key_of(self, period: str) -> str:
        """Under which key the numbers of a period are counted."""
        return f"{self.kind}.{period}"

    def first_of(self, period: str) -> int:
        """With which number a period begins."""
        return self.first_number if period == self.first_period else 1

    def written(self, number: int, day: date) -> str:
        """A number as it stands on the document."""
        return self.pattern.format(year=f"{day:%Y}", month=f"{day:%m}", number=number)

    def __str__(self) -> str:
        return self.pattern


class SeriesCounter(Base):
    """The last number given in one period of a series, such as `invoice.2026-11`."""

    __tablename__ = "series_counter"
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(60), unique=True)
    last: Mapped[int]


def next_number(connection: Connection, key: str, how_many: int = 1, first: int = 1) -> int:
    """The next number under a key, which begins with `first`; of several taken at once the last.

    Whoever asks next waits until this transaction ends; a rollback gives the number back, so there are no gaps.
    """
    table = SeriesCounter.__table__
    engine = postgresql if connection.dialect.name == "postgresql" else sqlite
    adding = engine.insert(table).values(key=key, last=first - 1 + how_many)
    taking = adding.on_conflict_do_update(
        index_elements=["key"], set_={"last": table.c.last + how_many}
    ).returning(table.c.last)
    return connection.execute(taking).scalar_one()


def take_number(session: Session, kind: str, day: date) -> str:
    """The number of a document of this kind and day, taken for good when the transaction commits.

    Raises StateConflict where there is no series for the kind.
    """
    with session.no_autoflush:
        series = session.scalar(select(NumberSeries).where(NumberSeries.kind == kind))
    if series is None:
        raise StateConflict(_("There is no number series for this kind of document."))
    period = series.period_of(day)
    number = next_number(session.connection(), series.key_of(period), first=series.first_of(period))
    return series.written(number, day)


def check_pattern(pattern: str, reset: str) -> None:
    """Raise RuleError for a pattern that cannot number documents."""
    if reset not in RESETS:
        raise RuleError(_("There is no such choice."), field="reset")
    try:
        parts = list(Formatter().parse(pattern))
    except ValueError:
        raise RuleError(_("The braces do not match."), field="pattern") from None
    names = []
    for _text, name, places, conversion in parts:
        if name is None:
            continue
        good = name in ("year", "month", "number") and not conversion
        if not good or not (PLACES.fullmatch(places or "") if name == "number" else not places):
            raise RuleError(
                _("Only {year}, {month} and {number}, or {number:04} for four digits."), field="pattern"
            )
        names.append(name)
    if names.count("number") != 1 or not pattern.isprintable():
        raise RuleError(_("A pattern has {number} once."), field="pattern")
    if missing := RESETS[reset] - set(names):
        needed = ", ".join(f"{{{name}}}" for name in sorted(missing, reverse=True))
        raise RuleError(_("Numbers that begin anew need %(parts)s.", parts=needed), field="pattern")
