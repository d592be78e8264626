"""One moment per date, whatever the clocks do."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm.jobs.schedule import DailyAt, due_at, last_due

ZONES = ["UTC", "Europe/Warsaw", "Europe/Helsinki", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]
TIMES = [time(3, 30), time(2, 30), time(0, 0), time(23, 59)]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("at", TIMES)
def test_a_year_of_nights(zone, at):
    trigger, now, days = DailyAt(at, ZoneInfo(zone)), datetime(2026, 10, 1, tzinfo=UTC), []
    previous = None
    while len(days) < 366:
        moment = trigger.get_next_fire_time(previous, now)
        day, due = last_due(moment, at, ZoneInfo(zone))
        assert due == moment
        assert last_due(moment - timedelta(seconds=1), at, ZoneInfo(zone))[0] == day - timedelta(days=1)
        days.append(day)
        previous = now = moment
    assert days == [days[0] + timedelta(days=n) for n in range(366)]


def test_both_changes_of_the_clock():
    warsaw = ZoneInfo("Europe/Warsaw")
    assert due_at(date(2026, 10, 24), time(3, 30), warsaw) == datetime(2026, 10, 24, 1, 30, tzinfo=UTC)
    assert due_at(date(2026, 10, 25), time(3, 30), warsaw) == datetime(2026, 10, 25, 2, 30, tzinfo=UTC)
    assert due_at(date(2027, 3, 28), time(3, 30), warsaw) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    # in Helsinki 03:30 comes twice in October, and not at all in March
    helsinki = ZoneInfo("Europe/Helsinki")
    assert due_at(date(2026, 10, 25), time(3, 30), helsinki) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert due_at(date(2027, 3, 28), time(3, 30), helsinki) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
