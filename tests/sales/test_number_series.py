"""Number series: how numbers are written, when they begin anew, and that each is given once."""

import subprocess
import sys
import threading
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from crm.errors import RuleError, StateConflict
from crm.extensions import db
from crm.models import NumberSeries, SeriesCounter
from crm.models.number_series import check_pattern, take_number
from crm.models.types import utc_now
from crm.security.visibility import as_system
from crm.services.sales.numbering import next_numbers
from tools.machine import ROOT

DAY = date(2026, 11, 22)


@pytest.fixture
def series(system):
    """Change the series of invoices: `series(pattern=…, reset=…)`."""

    def change(**values):
        with system() as session:
            one = session.scalar(select(NumberSeries).where(NumberSeries.kind == "invoice"))
            for name, value in values.items():
                setattr(one, name, value)
            session.commit()

    change(pattern="FV/{year}/{month}/{number:04}", reset="monthly")
    return change


def take(session, day=DAY) -> str:
    return take_number(session, "invoice", day)


@pytest.mark.both_engines
def test_numbers_follow_each_other_in_each_period(system, series):
    with system() as session:
        days = [DAY, DAY, date(2026, 12, 1), DAY, date(2027, 11, 1), date(2026, 12, 31)]
        assert [take(session, day) for day in days] == [
            "FV/2026/11/0001", "FV/2026/11/0002", "FV/2026/12/0001", "FV/2026/11/0003", "FV/2027/11/0001",
            "FV/2026/12/0002",
        ]  # fmt: skip
        assert next_numbers(DAY)["invoice"] == "FV/2026/11/0004"


@pytest.mark.both_engines
def test_what_is_rolled_back_is_given_again(system, series):
    with system() as session:
        take(session)
        session.rollback()
        assert take(session) == "FV/2026/11/0001"


def test_going_on_from_another_program(system, series):
    series(first_number=134)
    today = utc_now().date()
    with system() as session:
        assert take(session, today).endswith("/0134")
        assert take(session, today.replace(year=today.year + 1)).endswith("/0001")
        session.commit()
    with pytest.raises(RuleError):
        series(first_number=7)


def test_another_period_gives_no_number_twice(system, series):
    today = utc_now().date()
    with system() as session:
        given = {take(session, today) for _ in range(3)}
        session.commit()
    series(reset="yearly")
    with system() as session:
        assert take(session, today) not in given


def test_without_a_series_there_is_a_sentence(system):
    with system() as session, pytest.raises(StateConflict):
        take_number(session, "nonsense", DAY)


@pytest.mark.parametrize(("pattern", "reset"), [
    ("FV", "never"), ("{number}{number}", "never"), ("{number:4}", "never"), ("{number!r}", "never"),
    ("{number.real}", "never"), ("{client}/{number}", "never"), ("{number", "never"), ("{}", "never"),
    ("{number}", "yearly"), ("{year}/{number}", "monthly"), ("{number}\n", "never"), ("{number}", "daily"),
])  # fmt: skip
def test_patterns_that_number_nothing_are_refused(pattern, reset, app):
    with app.test_request_context(), pytest.raises(RuleError):
        check_pattern(pattern, reset)


@settings(deadline=None)
@given(st.integers(1, 10**6), st.dates(), st.dates())
def test_different_numbers_are_written_differently(number, one, other):
    for reset, pattern in (("never", "A{number}"), ("yearly", "{number:03}/{year}"),
                           ("monthly", "{year}-{month}-{number}")):  # fmt: skip
        series = NumberSeries(pattern=pattern, reset=reset)
        same = series.written(number, one) == series.written(number, other)
        assert same == (series.period_of(one) == series.period_of(other))
        assert series.written(number, one) != series.written(number + 1, one)


@pytest.mark.both_engines
def test_eight_at_once_leave_no_gap_and_give_none_twice(app, series):
    """Of eight threads each takes ten numbers, and gives some back."""
    kept: list[str] = []

    def worker(place: int) -> None:
        for turn in range(10):
            with app.app_context(), as_system() as session:
                number = take(session)
                if (place + turn) % 3 == 0:
                    session.rollback()
                else:
                    session.commit()
                    kept.append(number)
                session.remove()

    threads = [threading.Thread(target=worker, args=(place,)) for place in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(kept) == [f"FV/2026/11/{n:04}" for n in range(1, len(kept) + 1)]
    assert len(kept) > 40


TAKER = """
import os, sys
from datetime import date
from crm import create_app
from crm.models.number_series import take_number
from crm.security.visibility import as_system
app = create_app(SQLALCHEMY_DATABASE_URI=sys.argv[1], TESTING=True)
with app.app_context(), as_system() as session:
    print(take_number(session, "invoice", date(2026, 11, 22)), flush=True)
    sys.stdin.readline()
    session.commit()
    print("committed", flush=True)
"""


@pytest.mark.both_engines
def test_whoever_is_killed_took_nothing(app, system, series):
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    with app.app_context():
        db.engine.dispose()
    taker = subprocess.Popen(
        [sys.executable, "-c", TAKER, url], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with taker as killed:
        assert killed.stdout.readline().strip() == "FV/2026/11/0001"
        killed.kill()
    with system() as session:
        assert take(session) == "FV/2026/11/0001"
        session.commit()
        assert session.scalar(select(SeriesCounter.last)) == 1
