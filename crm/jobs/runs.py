"""The life of a run: asked for, claimed by one worker, told how far it is, ended. Its row is the truth."""

import logging
import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, delete, event, exists, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from crm.extensions import db
from crm.jobs.locks import hold
from crm.jobs.queue import put, put_hint
from crm.models.job import (
    DONE,
    FAILED,
    INTERRUPTED,
    OPEN_STATES,
    QUEUED,
    REFUSED,
    RUNNING,
    UNCONFIRMED,
    JobRun,
)
from crm.models.types import utc_now
from crm.services import waking
from crm.services.progress import CannotWork, NeedsConfirmation, Progress, Stopped

log = logging.getLogger(__name__)
runs = JobRun.__table__
MAX_REPORT = 500
#: Runs are kept so long, and of each kind the last one; this many are looked at whenever one ends.
KEPT, PORTION = timedelta(days=90), 200
#: A scheduled run that fails is tried again, after a pause that grows with each time.
MAX_ATTEMPTS, PAUSE = 5, timedelta(minutes=10)
#: Set when the process has been asked to end: runs stop after what they are doing now.
stopping = threading.Event()


class Run(Progress):
    """What a job sees of its own run. Each method commits: never called inside an open transaction."""

    def __init__(
        self, run_id: int | None, options: dict[str, Any], say: Callable[[str], None] = lambda line: None
    ):
        self.id, self.options, self._say = run_id, options, say
        self.counters: dict[str, Any] = {}
        self.report: list[str] = []
        self._left_out = 0

    def progress(self, message: str, done: int = 0, total: int = 0) -> None:
        """Say how far it is. Raises Stopped when the worker is to end."""
        values = {"message": message[:300], "done": done, "total": total, "counters": self.counters}
        self._write(seen_at=utc_now(), **values)
        if stopping.is_set():
            raise Stopped

    def note(self, line: str) -> None:
        """Add a line to the run's report, of which the first hundreds are kept, and say it at once."""
        self._say(line)
        if len(self.report) < MAX_REPORT:
            self.report.append(line)
        else:
            self._left_out += 1

    def finish(self, state: str, error: str | None = None) -> None:
        report = self.report
        if self._left_out:
            report = [*report, _("… and %(number)s more", number=self._left_out)]
        ended = {"finished_at": utc_now(), "counters": self.counters, "report": report}
        self._write(state=state, error=error, **ended)

    def _write(self, **values: Any) -> None:
        db.session.execute(update(runs).where(runs.c.id == self.id).values(**values))
        db.session.commit()


def ask_for(kind: str, options: dict[str, Any] | None = None, user_id: int | None = None) -> tuple[int, bool]:
    """Queue a run in the current transaction; the worker hears of it after the commit.

    Gives the run's id and whether it is new: while one of its kind is open, that one is given instead.
    """
    open_run = select(runs.c.id).where(runs.c.kind == kind, runs.c.state.in_(OPEN_STATES)).limit(1)
    if found := db.session.scalar(open_run):
        return found, False
    values = {"kind": kind, "options": options or {}, "asked_by_id": user_id, **_fresh()}
    run_id = db.session.execute(insert(runs).values(values)).inserted_primary_key[0]
    db.session.info.setdefault("asked_for", []).append(run_id)
    return run_id, True


@event.listens_for(Session, "after_commit")
def _tell_workers(session: Session) -> None:
    for run_id in session.info.pop("asked_for", ()):
        try:
            put(current_app, run_id)
        except Exception:  # the row stands; the leader puts it in again
            log.exception("run %s did not get into the queue", run_id)


@event.listens_for(Session, "after_commit")
def _wake_workers(session: Session) -> None:
    if session.in_nested_transaction():
        return
    for kind in waking.take_kinds(session):
        try:
            put_hint(current_app, kind)
        except Exception:  # what there is to do stands in the database; the leader looks now and then
            log.exception("no worker was told of work for %s", kind)


@event.listens_for(Session, "after_rollback")
def _tell_nobody(session: Session) -> None:
    session.info.pop("asked_for", None)
    waking.take_kinds(session)


def ask_for_date(kind: str, day: date) -> int | None:
    """Queue the scheduled run of one date, or again one that was cut off; None: nothing to do."""
    dialect: Any = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    values = {"kind": kind, "business_date": day, "options": {}, **_fresh()}
    added = dialect.insert(runs).values(values).on_conflict_do_nothing().returning(runs.c.id)
    run_id = db.session.scalar(added)
    if run_id is None:
        run_id = _ask_again(kind, day)
    db.session.commit()
    if run_id is not None:
        put(current_app, run_id)
    return run_id


def _ask_again(kind: str, day: date) -> int | None:
    """Queue the date's run once more if it was cut off, or failed and had time to recover."""
    row = db.session.execute(select(runs).where(runs.c.kind == kind, runs.c.business_date == day)).one()
    recovered = row.state == FAILED and row.finished_at + row.attempts * PAUSE < utc_now()
    if row.attempts >= MAX_ATTEMPTS or not (recovered or row.state == INTERRUPTED):
        return None
    again = update(runs).where(runs.c.id == row.id, runs.c.state == row.state)
    asked = db.session.execute(again.values(state=QUEUED, asked_at=utc_now())).rowcount
    return row.id if asked else None


def execute(run_id: int, find_job: Callable[[str], Callable[[Run], None]]) -> None:
    """Do a queued run. Safe to be called twice for one run: the second call finds it claimed."""
    row = db.session.execute(select(runs).where(runs.c.id == run_id)).one_or_none()
    db.session.rollback()
    if row is None or row.state != QUEUED:
        return
    with hold(lock_of(row.kind)) as got:
        if got:
            close_dead(row.kind)
            if _claim(run_id):
                _carry_out(Run(run_id, row.options or {}), find_job(row.kind))
        elif row.business_date is None and not _others(row.kind, RUNNING):
            Run(run_id, {}).finish(REFUSED, _("already running"))
        # otherwise it stays queued until its turn has come
    if got:
        for waiting in (*_of(row.kind, QUEUED), *_others(row.kind, QUEUED)):
            put(current_app, waiting)


def run_here(
    kind: str,
    job: Callable[[Run], None],
    options: dict[str, Any],
    say: Callable[[str], None] = lambda line: None,
) -> Run | None:
    """Do a run in this process, now (the command line). None when one of its kind is running elsewhere.

    say: is given each line of the report as it comes.
    """
    with hold(lock_of(kind)) as got:
        if not got:
            return None
        close_dead(kind)
        values = {"kind": kind, "options": options, **_fresh()}
        run_id = db.session.execute(insert(runs).values(values)).inserted_primary_key[0]
        db.session.commit()
        _claim(run_id)
        run = Run(run_id, options, say)
        _carry_out(run, job)
        return run


def lock_of(kind: str) -> str:
    """The lock of a run: kinds that begin alike up to a dot work on one thing, and never at the same time."""
    return f"job-{_family(kind)}"


def _family(kind: str) -> str:
    return kind.partition(".")[0]


def _of(kind: str, state: str) -> list[int]:
    """The runs of a kind in this state."""
    return _numbers(runs.c.state == state, runs.c.kind == kind)


def _others(kind: str, state: str) -> list[int]:
    """The runs in this state of other kinds that share the lock."""
    family = _family(kind)
    related = or_(runs.c.kind == family, runs.c.kind.startswith(f"{family}.", autoescape=True))
    return _numbers(runs.c.state == state, runs.c.kind != kind, related)


def _numbers(*conditions: ColumnElement[bool]) -> list[int]:
    numbers = list(db.session.scalars(select(runs.c.id).where(*conditions)))
    db.session.rollback()
    return numbers


def close_dead(kind: str) -> None:
    """With the kind's lock in hand, whatever says that it is running is dead."""
    dead = update(runs).where(runs.c.kind == kind, runs.c.state == RUNNING)
    db.session.execute(dead.values(state=INTERRUPTED, finished_at=utc_now(), error=_("the process ended")))
    db.session.commit()


def state_of(run_id: int | None) -> tuple[str, str | None]:
    """How a run stands, and what went wrong."""
    row = db.session.execute(select(runs.c.state, runs.c.error).where(runs.c.id == run_id)).one()
    db.session.rollback()
    return row.state, row.error


def _fresh() -> dict[str, Any]:
    return {"state": QUEUED, "asked_at": utc_now(), "attempts": 0, "done": 0, "total": 0,
            "message": "", "counters": {}, "report": []}  # fmt: skip


def _claim(run_id: int) -> bool:
    now: datetime = utc_now()
    claim = update(runs).where(runs.c.id == run_id, runs.c.state == QUEUED)
    values = {"state": RUNNING, "started_at": now, "seen_at": now, "finished_at": None, "error": None}
    claimed = db.session.execute(claim.values(attempts=runs.c.attempts + 1, **values)).rowcount
    db.session.commit()
    return bool(claimed)


def _carry_out(run: Run, job: Callable[[Run], None]) -> None:
    try:
        job(run)
    except Stopped:
        db.session.rollback()
        run.finish(INTERRUPTED, _("the worker was asked to end"))
    except NeedsConfirmation as question:
        db.session.rollback()
        run.finish(UNCONFIRMED, str(question))
    except CannotWork as error:
        db.session.rollback()
        log.warning("job run %s failed: %s", run.id, error)
        run.finish(FAILED, str(error)[:1000])
    except Exception as error:
        db.session.rollback()
        log.exception("job run %s failed", run.id)
        run.finish(FAILED, f"{type(error).__name__}: {error}"[:1000])
    else:
        run.finish(DONE)
    _forget_old()


def _forget_old() -> None:
    """Runs of long ago go, with the names in their reports."""
    oldest = select(runs.c.id).order_by(runs.c.id).limit(PORTION).subquery()
    later = runs.alias()
    is_last = ~exists().where(later.c.kind == runs.c.kind, later.c.id > runs.c.id)
    old = delete(runs).where(runs.c.id.in_(select(oldest.c.id)), runs.c.finished_at < utc_now() - KEPT)
    db.session.execute(old.where(~is_last))
    db.session.commit()
