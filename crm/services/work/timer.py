"""The timer of a user: started, stopped into work time, given up, and stopped by itself where it was forgotten."""

from datetime import datetime

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from sqlalchemy import select

from crm.errors import RuleError, StateConflict
from crm.extensions import db
from crm.models import Timer, WorkTime
from crm.models.types import utc_now
from crm.models.work_time import LONGEST, clock, span
from crm.security.visibility import as_system
from crm.services.history.log import operation
from crm.services.progress import Progress

timers, work = Timer.__table__, WorkTime.__table__


def find_timer(user_id: int, lock: bool = False) -> Timer | None:
    """The running timer of a user, or None; held until the transaction ends where it is to be stopped."""
    asked = select(Timer).where(Timer.user_id == user_id)
    return db.session.scalar(asked.with_for_update(of=timers) if lock else asked)


def start_timer(timer: Timer) -> None:
    """Start a user's new timer, on a client, project or task or on nothing yet. The caller commits.

    Raises StateConflict where it runs already, RuleError where work is written down for this moment.
    """
    users, user_id, now = User.__table__, timer.user_id, utc_now().replace(microsecond=0)
    db.session.execute(select(users.c.id).where(users.c.id == user_id).with_for_update(key_share=True))
    if (running := find_timer(user_id)) is not None:
        raise StateConflict(_("Your timer is running since %(time)s already.", time=clock(running.start)))
    there = select(work.c.start, work.c.end).where(
        work.c.user_id == user_id, work.c.start <= now, work.c.end > now
    )
    if other := db.session.connection().execute(there).first():
        raise RuleError(_("There is work from %(times)s already%(what)s.", times=span(*other), what=""))
    timer.start = now
    db.session.add(timer)
    db.session.flush()


def stop_timer(
    timer: Timer,
    description: str | None = None,
    billable: bool = True,
    start: datetime | None = None,
    end: datetime | None = None,
) -> WorkTime:
    """Make work time of a timer, from its start until now unless other times are given. The caller commits.

    What ran longer than an entry may be ends there, and is marked. Raises RuleError where the times overlap.
    """
    started = start or timer.start
    latest = started + LONGEST
    until = end or min(utc_now().replace(microsecond=0), latest)
    entry = WorkTime(
        user_id=timer.user_id, created_by_id=timer.user_id,
        client_id=timer.client_id, project=timer.project, task=timer.task,
        start=started, end=until, description=description or timer.description, billable=billable,
        cut_off=end is None and until == latest,
    )  # fmt: skip
    with operation("work_time.timer", client_id=timer.client_id):
        # first, for a running timer and work beside it refuse each other
        db.session.delete(timer)
        db.session.flush()
        db.session.add(entry)
        db.session.flush()
    return entry


def is_any_forgotten() -> bool:
    """Whether a timer has run for longer than an entry may be."""
    too_long = select(timers.c.id).where(timers.c.start < utc_now() - LONGEST).limit(1)
    return db.session.connection().execute(too_long).first() is not None


def stop_forgotten(run: Progress) -> None:
    """The job: each timer that has run for too long becomes work time that ends there, or where other work begins."""
    too_long = select(timers.c.id, timers.c.user_id).where(timers.c.start < utc_now() - LONGEST)
    found = db.session.connection().execute(too_long).all()
    db.session.rollback()
    for number, (_timer_id, user_id) in enumerate(found, start=1):
        _stop_one(user_id)
        run.progress(_("Timers stopped"), number, len(found))


def _stop_one(user_id: int) -> None:
    with as_system():
        timer = find_timer(user_id, lock=True)
        if timer is None or timer.start >= utc_now() - LONGEST:
            db.session.rollback()
            return
        following = select(work.c.start).where(
            work.c.user_id == user_id, work.c.end > timer.start, work.c.start < timer.start + LONGEST
        )
        until = db.session.connection().scalar(following.order_by(work.c.start).limit(1))
        if until is not None and until <= timer.start:
            # all of it is written down already
            db.session.delete(timer)
        else:
            stop_timer(timer, end=until).cut_off = True
        db.session.commit()
