"""One leader, one run a night, and nothing lost when a worker dies."""

import os
import signal
import threading
import time as clock
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import insert, select, update

import crm.jobs
from crm.extensions import db
from crm.jobs import Job, execute_run
from crm.jobs import scheduler as scheduler_module
from crm.jobs.locks import Lock
from crm.jobs.queue import open_queue
from crm.jobs.runs import Run, ask_for, ask_for_date, run_here, runs
from crm.jobs.scheduler import Scheduler
from crm.jobs.worker import QuietConsumer
from crm.models.job import DONE, FAILED, INTERRUPTED, QUEUED, REFUSED, RUNNING
from crm.models.types import utc_now

NIGHT = datetime(2026, 10, 25, 2, 31, tzinfo=UTC)


def states() -> list[tuple]:
    found = [
        tuple(row)
        for row in db.session.execute(select(runs.c.business_date, runs.c.state).order_by(runs.c.id))
    ]
    db.session.rollback()
    return found


def set_run(**values) -> None:
    db.session.execute(update(runs).values(**values))
    db.session.commit()


def queued(app: Flask) -> int:
    return open_queue(app).storage.queue_size()


def work_off(app: Flask) -> None:
    """Do what stands in the queue, as a worker's thread would."""
    while task := open_queue(app).dequeue():
        open_queue(app).execute(task)


def test_what_is_due_runs_once(app: Flask, job: Job, tmp_path: Path):
    scheduler = Scheduler(app, [job], now=lambda: NIGHT)
    scheduler.check()
    scheduler.check()
    assert states() == [(date(2026, 10, 25), QUEUED)]
    work_off(app)
    scheduler.check()
    assert states() == [(date(2026, 10, 25), DONE)]
    assert queued(app) == 0
    assert (tmp_path / "runs").read_text() == "2026-10-25\n"


def test_a_missed_night_is_made_up_but_not_for_ever(app: Flask, job: Job):
    Scheduler(app, [job], now=lambda: NIGHT + timedelta(hours=20)).check()
    assert states() == []
    Scheduler(app, [job], now=lambda: NIGHT + timedelta(hours=17)).check()
    assert states() == [(date(2026, 10, 25), QUEUED)]


def test_a_job_without_work_is_quiet(app: Flask, job: Job):
    idle = Job("noting", "Noting", job.function, at=job.at, has_work=lambda config: False)
    Scheduler(app, [idle], now=lambda: NIGHT).check()
    assert states() == []


def test_a_dead_run_is_closed_and_done_again(app: Flask, job: Job, tmp_path: Path):
    scheduler = Scheduler(app, [job], now=lambda: NIGHT)
    scheduler.check()
    set_run(state=RUNNING, attempts=1)
    work_off(app)
    scheduler.check()
    assert states() == [(date(2026, 10, 25), QUEUED)]
    work_off(app)
    assert states() == [(date(2026, 10, 25), DONE)]


def test_a_living_run_is_left_alone(app: Flask, job: Job):
    scheduler = Scheduler(app, [job], now=lambda: NIGHT)
    scheduler.check()
    set_run(state=RUNNING)
    lock = Lock("job-noting")
    assert lock.take()
    scheduler.check()
    assert states() == [(date(2026, 10, 25), RUNNING)]
    lock.release()


def test_a_failed_night_is_tried_again_after_a_pause_and_at_most_five_times(app: Flask, job: Job):
    day = date(2026, 10, 25)
    assert ask_for_date("noting", day)
    set_run(state=FAILED, attempts=1, finished_at=utc_now())
    assert ask_for_date("noting", day) is None
    set_run(finished_at=utc_now() - timedelta(minutes=11))
    assert ask_for_date("noting", day)
    set_run(state=INTERRUPTED, attempts=5)
    assert ask_for_date("noting", day) is None


def test_a_task_that_the_queue_lost_is_put_in_again(app: Flask, job: Job):
    scheduler = Scheduler(app, [job], now=lambda: NIGHT)
    scheduler.check()
    open_queue(app).flush()
    scheduler.check()
    assert queued(app) == 0
    set_run(asked_at=utc_now() - timedelta(minutes=2))
    scheduler.check()
    assert queued(app) == 1


def test_a_run_asked_for_goes_with_the_commit(app: Flask, job: Job):
    ask_for("noting", {"full": True})
    db.session.rollback()
    assert (states(), queued(app)) == ([], 0)
    first = ask_for("noting")
    assert ask_for("noting") == (first[0], False)
    db.session.commit()
    assert (states(), queued(app)) == ([(None, QUEUED)], 1)
    work_off(app)
    assert states() == [(None, DONE)]
    assert ask_for("noting")[1]


def test_one_run_of_a_kind_at_a_time(app: Flask, job: Job):
    lock = Lock("job-noting")
    assert lock.take()
    assert run_here("noting", job.function, {}) is None
    run_id, _new = ask_for("noting")
    db.session.commit()
    execute_run(run_id)
    assert states() == [(None, REFUSED)]
    night = ask_for_date("noting", date(2026, 10, 25))
    execute_run(night)
    assert states()[1:] == [(date(2026, 10, 25), QUEUED)]
    lock.release()
    execute_run(night)
    execute_run(night)
    assert states()[1:] == [(date(2026, 10, 25), DONE)]


def test_a_night_that_waited_comes_next(app: Flask, job: Job, tmp_path: Path, monkeypatch):
    """A run that met another one of its kind is put into the queue again when that one ends."""
    nights: list[int | None] = []

    def meet(run: Run) -> None:
        if not nights:
            nights.append(ask_for_date("noting", date(2026, 10, 25)))
            open_queue(app).flush()
            execute_run(nights[0])
        job.function(run)

    monkeypatch.setattr(crm.jobs, "JOBS", (replace(job, function=meet),))
    ask_for("noting")
    db.session.commit()
    work_off(app)
    assert states() == [(None, DONE), (date(2026, 10, 25), DONE)]
    assert (tmp_path / "runs").read_text() == "None\n2026-10-25\n"


def test_an_error_is_kept(app: Flask, job: Job):
    def fail(run):
        raise ZeroDivisionError("of all things")

    run = run_here("noting", fail, {})
    row = db.session.execute(runs.select().where(runs.c.id == run.id)).one()
    assert (row.state, row.error) == (FAILED, "ZeroDivisionError: of all things")


def test_the_lead_goes_over(app: Flask, job: Job):
    first, second = (Scheduler(app, [job], now=lambda: NIGHT) for _ in range(2))
    second._name += "-second"
    for scheduler in (first, second, first, second):
        scheduler.beat()
    assert (first.leads, second.leads) == (True, False)
    first.stop()
    second.beat()
    assert (first.leads, second.leads) == (False, True)
    second.stop()
    assert len(states()) == 1


def test_a_leader_who_lost_the_lock_stops_leading(app: Flask, job: Job):
    scheduler = Scheduler(app, [job], now=lambda: NIGHT)
    scheduler.beat()
    scheduler._lock.release()
    other = Lock("leader")
    assert other.take()
    scheduler.beat()
    assert not scheduler.leads
    other.release()
    scheduler.stop()


def test_four_workers_over_both_changes_of_the_clock_and_deaths(app: Flask, job: Job, tmp_path, monkeypatch):
    """Eight nights pass in seconds for four processes; the leader is killed each time and replaced."""
    monkeypatch.setattr(scheduler_module, "LOST_AFTER", timedelta(seconds=2))
    seconds_a_day, days = 1.2, 4
    for first in (datetime(2026, 10, 22, 22, tzinfo=UTC), datetime(2027, 3, 26, 23, tzinfo=UTC)):
        (tmp_path / "runs").write_text("")
        began = clock.time()

        def now(first=first, began=began, scale=86400 / seconds_a_day) -> datetime:
            return first + min(timedelta(seconds=(clock.time() - began) * scale), timedelta(days=days))

        expected = [(first + timedelta(days=n + 1)).date() for n in range(days)]
        db.session.remove()
        db.engine.dispose()
        app.extensions["huey"].storage.close()
        workers = [start_worker(app, job, now) for _ in range(4)]
        try:
            for _ in range(3):
                clock.sleep(seconds_a_day * 0.9)
                kill(workers.pop(0))
                workers.append(start_worker(app, job, now))
            deadline = clock.monotonic() + 60
            while clock.monotonic() < deadline and not all_done(expected):
                clock.sleep(0.2)
        finally:
            for pid in workers:
                kill(pid)
        ran = (tmp_path / "runs").read_text().split()
        assert sorted(set(ran)) == [str(day) for day in expected]
        # a worker killed between its work and its note of it does it again, as it has to
        assert len(ran) <= len(expected) + 3
        rows = select(runs.c.business_date, runs.c.state, runs.c.attempts).order_by(runs.c.id)
        found = [tuple(row) for row in db.session.execute(rows)]
        db.session.rollback()
        assert [row[0] for row in found[-days:]] == expected
        assert {row[1] for row in found} == {DONE}
        assert sum(row[2] for row in found[-days:]) >= len(ran)


def all_done(days: list[date]) -> bool:
    return set(days) <= {day for day, state in states() if state == DONE}


def start_worker(app: Flask, job: Job, now) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        consumer = QuietConsumer(open_queue(app), workers=1, periodic=False, max_delay=0.1)
        scheduler = Scheduler(app, [job], now=now)
        consumer.start()
        while True:
            scheduler.beat()
            if scheduler.leads:
                scheduler.check()
            clock.sleep(0.05)
    finally:
        os._exit(1)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_heartbeats(app: Flask, job: Job):
    from crm.jobs.scheduler import heartbeats

    db.session.execute(insert(heartbeats).values(
        name="old", started_at=utc_now(), seen_at=utc_now() - timedelta(days=2), is_leader=False))  # fmt: skip
    db.session.commit()
    scheduler = Scheduler(app, [job], now=lambda: NIGHT)
    scheduler.beat()
    names = db.session.scalars(select(heartbeats.c.name)).all()
    db.session.rollback()
    assert names == [scheduler._name]
    scheduler.stop()
    assert db.session.scalars(select(heartbeats.c.name)).all() == []
    assert threading.active_count() < 10
