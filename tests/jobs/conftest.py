"""The product on each engine, with one job that only notes that it ran."""

from collections.abc import Iterator
from datetime import time
from pathlib import Path

import pytest
from flask import Flask

import crm.jobs
from crm import create_app
from crm.extensions import db
from crm.jobs import Job
from crm.jobs.runs import Run, stopping
from crm.models import JobRun

WARSAW = "Europe/Warsaw"


def make_app(folder: Path, url: str) -> Flask:
    return create_app(
        CRM_INSTANCE=folder,
        CRM_DATABASE_URL=url,
        SQLALCHEMY_DATABASE_URI=url,
        CRM_TIMEZONE=WARSAW,
        TESTING=True,
    )


def in_use(app: Flask) -> Iterator[Flask]:
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
        app.extensions["huey"].storage.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def app(request, tmp_path, new_database) -> Iterator[Flask]:
    yield from in_use(make_app(tmp_path, new_database(request.param, tmp_path)))


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
