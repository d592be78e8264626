"""What was worked in a month, and what it comes to: by rate and currency, by user, by project. All numbers exact."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import get_timezone
from sqlalchemy import ColumnElement, Select, func, select

from crm.extensions import db
from crm.models import Client, Project, WorkTime
from crm.models.types import utc_now
from crm.services.lists.bounds import beginning_of

#: So many clients are listed of a month; who works for more looks at them one by one.
MOST_CLIENTS = 200
LONGEST_YEAR = 9998


@dataclass(frozen=True, order=True)
class Month:
    """A month in the user's time zone. Work that goes on over its end counts where it began."""

    year: int
    number: int

    @classmethod
    def read(cls, text: str) -> "Month":
        """The month written as 2026-11. Raises ValueError."""
        found = date.fromisoformat(f"{text}-01")
        if len(text) != 7 or found.year > LONGEST_YEAR or found.year < 2:
            raise ValueError(text)
        return cls(found.year, found.month)

    @classmethod
    def now(cls) -> "Month":
        today = utc_now().astimezone(get_timezone())
        return cls(today.year, today.month)

    def moved(self, months: int) -> "Month":
        """The month so many months later."""
        years, number = divmod(self.number - 1 + months, 12)
        return Month(self.year + years, number + 1)

    @property
    def first_day(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def last_day(self) -> date:
        return date.fromordinal(self.moved(1).first_day.toordinal() - 1)

    @property
    def start(self) -> datetime:
        return beginning_of(self.first_day)

    @property
    def end(self) -> datetime:
        return beginning_of(self.moved(1).first_day)

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02d}"


@dataclass
class Sum:
    """Hours in seconds, and amounts by currency."""

    seconds: int = 0
    billable: int = 0
    approved: int = 0
    #: Billable hours without a rate: they come to nothing yet.
    unpriced: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)

    @property
    def not_billable(self) -> int:
        return self.seconds - self.billable

    def add(self, row: Any) -> None:
        """Count the work of one group of entries in."""
        seconds = int(row.seconds)
        self.seconds += seconds
        self.approved += seconds if row.approved else 0
        if not row.billable:
            return
        self.billable += seconds
        if row.hourly_rate is None:
            self.unpriced += seconds
        else:
            self.amounts[row.currency] = self.amounts.get(row.currency, Decimal(0)) + row.amount


@dataclass
class Summary:
    """The work of a month. rates: (rate, currency) -> its sum; a rate of None for what has none.

    users, projects: in the order of their names; a project of None for work on none, or on a hidden one.
    """

    total: Sum = field(default_factory=Sum)
    rates: dict[tuple[Decimal | None, str], Sum] = field(default_factory=dict)
    users: list[tuple[User, Sum]] = field(default_factory=list)
    projects: list[tuple[Project | None, Sum]] = field(default_factory=list)


def get_client(client_id: int) -> Client | None:
    """The client with this id, if the viewer sees it."""
    return db.session.get(Client, client_id)


def _in(month: Month, client_id: int | None) -> list[ColumnElement[bool]]:
    found = [WorkTime.start >= month.start, WorkTime.start < month.end]
    return [*found, WorkTime.client_id == client_id] if client_id is not None else found


def _sums(*by: Any) -> Select[Any]:
    seconds, amount = func.sum(WorkTime.seconds), func.sum(WorkTime.amount)
    groups = (*by, WorkTime.billable, WorkTime.approved, WorkTime.hourly_rate, WorkTime.currency)
    return select(*groups, seconds.label("seconds"), amount.label("amount")).group_by(*groups)


def summary(month: Month, client_id: int | None = None) -> Summary:
    """The work of a month at one client, or all that the viewer sees. Three statements whatever there is."""
    asked = _sums(WorkTime.user_id, WorkTime.project_id).where(*_in(month, client_id))
    rows = db.session.execute(asked).all()
    found = Summary()
    users: dict[int, Sum] = {}
    projects: dict[int | None, Sum] = {}
    known = {one.id: one for one in _all_of(Project, {row.project_id for row in rows if row.project_id})}
    for row in rows:
        found.total.add(row)
        users.setdefault(row.user_id, Sum()).add(row)
        projects.setdefault(row.project_id if row.project_id in known else None, Sum()).add(row)
        if row.billable:
            found.rates.setdefault((row.hourly_rate, row.currency or ""), Sum()).add(row)
    found.rates = dict(sorted(found.rates.items(), key=lambda pair: (pair[0][1], pair[0][0] or Decimal(0))))
    found.users = [
        (one, users[one.id]) for one in sorted(_all_of(User, set(users)), key=lambda u: u.get_full_name())
    ]
    named = sorted(projects, key=lambda number: known[number].name_key if number else "")
    found.projects = [(known[number] if number else None, projects[number]) for number in named]
    return found


def _all_of(model: Any, ids: set[int]) -> list[Any]:
    return list(db.session.scalars(select(model).where(model.id.in_(ids))))


def clients(month: Month) -> list[tuple[Client, Sum]]:
    """The clients that were worked for in a month, the most hours first."""
    found: dict[int, Sum] = {}
    for row in db.session.execute(
        _sums(WorkTime.client_id).where(*_in(month, None), WorkTime.client_id.is_not(None))
    ):
        found.setdefault(row.client_id, Sum()).add(row)
    ids = sorted(found, key=lambda number: -found[number].seconds)[:MOST_CLIENTS]
    known = {one.id: one for one in db.session.scalars(select(Client).where(Client.id.in_(ids)))}
    return [(known[number], found[number]) for number in ids if number in known]


def approve(month: Month, client_id: int) -> int:
    """Approve all work of a client's month; gives how many entries that were. The caller commits."""
    waiting = select(WorkTime).where(*_in(month, client_id), ~WorkTime.approved).order_by(WorkTime.id)
    entries = list(db.session.scalars(waiting))
    for entry in entries:
        entry.approved = True
    return len(entries)
