"""The product on each engine, with one job that only notes that it ran."""

from collections.abc import Iterator
from datetime import time

import pytest
from flask import Flask

import crm.jobs
from crm.extensions import db
from crm.jobs import Job
from crm.jobs.runs import Run, stopping
from crm.models import JobRun

WARSAW = "Europe/Warsaw"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def app(request, prepared, monkeypatch) -> Iterator[Flask]:
    database = prepared(request.param)
    database.refresh()
    monkeypatch.setitem(database.app.config, "CRM_TIMEZONE", WARSAW)
    with database.app.app_context():
        yield database.app
    database.disconnect()


@pytest.fixture
def job(app, tmp_path, monkeypatch) -> Job:
    """A nightly job that writes the date it ran for into a file; `tmp_path/runs`."""

    def note(run: Run) -> None:
        row = db.session.get(JobRun, run.id)
        line = f"{row.business_date}\n"
        db.session.rollback()
        with open(tmp_path / "runs", "a") as file:
            file.write(line)

    noting = Job("noting", "Noting", note, at=time(3, 30))
    monkeypatch.setattr(crm.jobs, "JOBS", (noting,))
    stopping.clear()
    return noting
