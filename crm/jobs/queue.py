"""The task queue: Huey, beside a SQLite database in a file of its own, or inside a PostgreSQL one."""

import threading
from pathlib import Path
from typing import Any

from flask import Flask
from huey import Huey, PostgresHuey, SqliteHuey
from sqlalchemy.engine import make_url

#: Creating the queue's tables from two threads of one process is harmless but noisy.
_making = threading.Lock()


def init_app(app: Flask) -> None:
    """Make the app's queue. Connects to nothing yet: `crm init` and the migrations come first."""
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    queue: Huey
    if url.drivername.startswith("sqlite"):
        file = str(Path(str(url.database)).with_suffix(".queue"))
        queue = SqliteHuey("crm", filename=file, timeout=30, results=False, create_tables=False)
    else:
        dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        queue = PostgresHuey("crm", dsn=dsn, results=False, create_tables=False)
    app.extensions["huey"] = queue
    app.extensions["huey_tables"] = False

    def run_job(run_id: int) -> None:
        from crm.jobs import execute_run

        with app.app_context():
            execute_run(run_id)

    def wake_job(kind: str) -> None:
        from crm.jobs import wake

        with app.app_context():
            wake(kind)

    app.extensions["run_job"] = queue.task(name="run_job")(run_job)
    app.extensions["wake_job"] = queue.task(name="wake_job")(wake_job)


def open_queue(app: Any) -> Huey:
    """The app's queue, with its tables in place."""
    with _making:
        if not app.extensions["huey_tables"]:
            app.extensions["huey"].storage.initialize_schema()
            app.extensions["huey_tables"] = True
    return app.extensions["huey"]


def put(app: Any, run_id: int) -> None:
    """Tell the workers of a committed run. Lost or doubled messages do no harm: the run's row decides."""
    open_queue(app)
    app.extensions["run_job"](run_id)


def put_hint(app: Any, kind: str) -> None:
    """Let a worker look whether this kind of job has work."""
    open_queue(app)
    app.extensions["wake_job"](kind)
