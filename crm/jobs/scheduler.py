"""Decides when: one leader among all workers, who queues what is due and what was missed."""

import logging
import os
import socket
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask
from sqlalchemy import delete, insert, select, update

from crm.extensions import db
from crm.jobs import JOBS, Job
from crm.jobs.locks import Lock, hold
from crm.jobs.queue import put
from crm.jobs.runs import ask_for, ask_for_date, close_dead, lock_of, runs
from crm.jobs.schedule import DailyAt, last_due
from crm.models.job import QUEUED, RUNNING, WorkerHeartbeat
from crm.models.types import utc_now

log = logging.getLogger(__name__)
heartbeats = WorkerHeartbeat.__table__
CHECK_EVERY = timedelta(minutes=5)
LOST_AFTER = timedelta(minutes=1)
FORGET_WORKERS_AFTER = timedelta(days=1)
LATE_START = 6 * 3600  # seconds by which APScheduler itself may be late


class Scheduler:
    """One worker's part: it is a candidate until it holds the leader's lock, and leads until it loses it.

    `beat` is called every few seconds. `now` tells the time; tests replace it.
    """

    def __init__(self, app: Flask, jobs: Sequence[Job] = JOBS, now: Callable[[], datetime] = utc_now):
        self._app, self._jobs, self._now = app, jobs, now
        self._zone = ZoneInfo(app.config["CRM_TIMEZONE"])
        self._lock = Lock("leader")
        self._clock: BackgroundScheduler | None = None
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        with app.app_context():
            self._say_alive(started_at=utc_now())

    @property
    def leads(self) -> bool:
        return self._clock is not None

    def beat(self) -> None:
        """Say that this worker lives; become leader, or notice that the lead was lost."""
        with self._app.app_context():
            self._say_alive()
            if self.leads and not self._lock.is_held():
                log.warning("worker %s lost the lead", self._name)
                self._stop_clock()
            if not self.leads and self._lock.take():
                log.info("worker %s leads", self._name)
                self._start_clock()

    def stop(self) -> None:
        """Hand over the lead and take the name off the list of workers."""
        self._stop_clock()
        with self._app.app_context():
            self._lock.release()
            db.session.execute(delete(heartbeats).where(heartbeats.c.name == self._name))
            db.session.commit()

    def check(self) -> None:
        """Queue every run that is due, was missed or was lost. Harmless however often it is done."""
        with self._app.app_context():
            for job in self._jobs:
                self._close_dead(job)
                if job.at and job.has_work(self._app.config):
                    day, due = last_due(self._now(), job.at, self._zone)
                    if self._now() - due <= timedelta(hours=job.late_hours):
                        ask_for_date(job.kind, day)
                if job.is_wanted():
                    ask_for(job.kind)
                db.session.commit()
            self._put_lost()

    def _start_clock(self) -> None:
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": LATE_START}
        self._clock = BackgroundScheduler(timezone=self._zone, job_defaults=defaults)
        self._clock.add_job(self.check, "interval", seconds=CHECK_EVERY.total_seconds(), id="check")
        for job in self._jobs:
            if job.at:
                self._clock.add_job(self.check, DailyAt(job.at, self._zone), id=job.kind)
        self._clock.start()
        self.check()

    def _stop_clock(self) -> None:
        if self._clock:
            self._clock.shutdown(wait=False)
            self._clock = None

    def _close_dead(self, job: Job) -> None:
        running = select(runs.c.id).where(runs.c.kind == job.kind, runs.c.state == RUNNING)
        found = db.session.scalar(running.limit(1))
        db.session.rollback()
        if found:
            with hold(lock_of(job.kind)) as got:
                if got:
                    close_dead(job.kind)

    def _put_lost(self) -> None:
        """A queue forgets a task before it is done; runs still waiting after a minute are put in again."""
        waiting = select(runs.c.id).where(runs.c.state == QUEUED, runs.c.asked_at < utc_now() - LOST_AFTER)
        found = db.session.scalars(waiting).all()
        db.session.rollback()
        for run_id in found:
            put(self._app, run_id)

    def _say_alive(self, **values: datetime) -> None:
        values = {"seen_at": utc_now(), "is_leader": self.leads, **values}
        mine = update(heartbeats).where(heartbeats.c.name == self._name)
        if not db.session.execute(mine.values(values)).rowcount:
            old = heartbeats.c.seen_at < utc_now() - FORGET_WORKERS_AFTER
            db.session.execute(delete(heartbeats).where(old))
            db.session.execute(
                insert(heartbeats).values({"started_at": utc_now(), **values, "name": self._name})
            )
        db.session.commit()
