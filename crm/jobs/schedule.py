"""When a daily job is due: once per date of the office's calendar, whatever the clocks do that night."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger


def due_at(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The one moment, in UTC, at which a job is due on this date.

    A time that a clock change repeats means its first turn; one that it skips, the hour after.
    """
    return datetime.combine(day, at.replace(fold=0), zone).astimezone(UTC)


def last_due(now: datetime, at: time, zone: ZoneInfo) -> tuple[date, datetime]:
    """The latest date whose moment has come, and that moment."""
    day = now.astimezone(zone).date() + timedelta(days=1)
    while due_at(day, at, zone) > now:
        day -= timedelta(days=1)
    return day, due_at(day, at, zone)


class DailyAt(BaseTrigger):
    """APScheduler's question "when next?", answered by `due_at`."""

    def __init__(self, at: time, zone: ZoneInfo):
        self._at, self._zone = at, zone

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> Any:
        after = max(now, previous_fire_time + timedelta(seconds=1)) if previous_fire_time else now
        day, moment = last_due(after, self._at, self._zone)
        while moment < after:
            day += timedelta(days=1)
            moment = due_at(day, self._at, self._zone)
        return moment
