"""The product on each engine, with one job that only notes that it ran."""

import shutil
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
from crm.services.setup import initialise
from tests import pg

WARSAW = "Europe/Warsaw"


@pytest.fixture(scope="session")
def new_database(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("jobs")
    app = create_app(CRM_INSTANCE=folder, SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder}/crm.db")
    with app.app_context():
        initialise()
        db.session.remove()
        db.engine.dispose()
    return folder / "crm.db"


@pytest.fixture
def on_sqlite(tmp_path, new_database) -> Iterator[Flask]:
    shutil.copy(new_database, tmp_path / "crm.db")
    yield from in_use(make_app(tmp_path, f"sqlite:///{tmp_path}/crm.db"))


@pytest.fixture
def on_postgres(tmp_path) -> Iterator[Flask]:
    server = pg.start()
    if server is None:
        pytest.skip("no PostgreSQL on this machine (set CRM_TEST_POSTGRES_URL)")
    app = make_app(tmp_path, pg.fresh_database(server))
    with app.app_context():
        initialise()
    yield from in_use(app)


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


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def app(request) -> Flask:
    return request.getfixturevalue(f"on_{request.param}")


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
