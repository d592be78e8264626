"""What runs in the background, and when. `JOBS` is the whole list."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any

from flask_babel import lazy_gettext as _l

from crm.extensions import db
from crm.integrations.mailchimp import news
from crm.integrations.mailchimp.settings import is_configured
from crm.integrations.mailchimp.sync import sync
from crm.integrations.mailchimp.words import COUNTERS
from crm.integrations.peppol.checking import check_due, is_any_due
from crm.integrations.vies import checking as vies
from crm.integrations.webhooks.job import deliver
from crm.integrations.webhooks.job import is_any_due as is_any_delivery_due
from crm.integrations.white_list import checking as white_list
from crm.jobs.runs import Run, ask_for, execute
from crm.models import JobRun
from crm.models.job import DONE
from crm.services import outbox
from crm.services.bulk import runs as bulk_runs
from crm.services.duplicates.searching import is_any_waiting, search_duplicates
from crm.services.files.nightly import tidy_files
from crm.services.importing import running
from crm.services.table_statistics import refresh_nightly
from crm.services.work.timer import is_any_forgotten, stop_forgotten


@dataclass(frozen=True)
class Job:
    """A job: its kind names its runs; those that begin alike up to a dot never run at the same time.

    at: local time every day, None for one only run when asked for. late_hours: how long after its time a missed run
    is still worth doing.
    """

    kind: str
    label: Any
    function: Callable[[Run], None]
    at: time | None = None
    late_hours: int = 18
    #: Given the configuration, whether there is anything to do at night.
    has_work: Callable[[Mapping[str, Any]], bool] = lambda config: True
    #: Asked every few minutes: whether a run is wanted now.
    is_wanted: Callable[[], bool] = lambda: False
    #: Who may start it: a permission, and what it is on.
    permission: tuple[str, str] = ("run", "jobs")
    #: Of the counters of its runs those to be told, with their words.
    counts: Mapping[str, Any] = field(default_factory=dict)
    #: The page where a person's word is given, as an endpoint; blank for the page of all jobs.
    page: str = ""


JOBS = (
    Job(
        "mailchimp",
        _l("Mailchimp sync"),
        sync,
        at=time(3, 30),
        has_work=is_configured,
        permission=("sync", "mailchimp"),
        counts=COUNTERS,
        page="MailchimpView.list",
    ),
    Job(
        news.KIND,
        _l("News from Mailchimp"),
        news.follow_news,
        is_wanted=news.is_any_waiting,
        permission=("sync", "mailchimp"),
        counts=COUNTERS,
    ),
    Job(
        "files",
        _l("Tidying of files"),
        tidy_files,
        at=time(2, 30),
        permission=("list", "jobs"),
        counts={
            "removed": _l("removed"),
            "orphans": _l("without a record"),
            "missing": _l("missing"),
            "id_images": _l("pictures of ID cards"),
        },
    ),
    Job(
        "statistics", _l("Statistics of tables"), refresh_nightly, at=time(5, 30), permission=("list", "jobs")
    ),
    Job(
        "duplicates",
        _l("Search for duplicates"),
        search_duplicates,
        at=time(4, 30),
        is_wanted=is_any_waiting,
        permission=("list", "jobs"),
        counts={"clients": _l("clients"), "pairs": _l("pairs")},
    ),
    Job(
        "timers",
        _l("Stop forgotten timers"),
        stop_forgotten,
        is_wanted=is_any_forgotten,
        permission=("list", "jobs"),
    ),
    Job(
        "bulk",
        _l("Changes of many clients"),
        bulk_runs.work_off,
        is_wanted=bulk_runs.is_any_waiting,
        permission=("list", "jobs"),
        counts={"changes": _l("changes"), "clients": _l("clients")},
    ),
    Job(
        "peppol",
        _l("Companies checked in Peppol"),
        check_due,
        is_wanted=is_any_due,
        permission=("list", "jobs"),
        counts={"checked": _l("checked"), "failed": _l("failed")},
    ),
    Job(
        "vies",
        _l("VAT numbers checked in VIES"),
        vies.check_due,
        is_wanted=vies.is_any_due,
        permission=("list", "jobs"),
        counts={"checked": _l("checked"), "failed": _l("failed")},
    ),
    Job(
        "white_list",
        _l("Companies looked up in the VAT white list"),
        white_list.check_due,
        is_wanted=white_list.is_any_due,
        permission=("list", "jobs"),
        counts={"checked": _l("checked"), "failed": _l("failed")},
    ),
    Job(
        outbox.JOB,
        _l("Webhooks"),
        deliver,
        is_wanted=is_any_delivery_due,
        permission=("list", "jobs"),
        counts={"deliveries": _l("deliveries")},
    ),
    Job(
        running.KIND,
        _l("Imports"),
        running.work_off,
        is_wanted=running.is_any_waiting,
        permission=("list", "jobs"),
    ),
)


def find_function(kind: str) -> Callable[[Run], None]:
    """What a run of this kind does. Raises LookupError for an unknown kind."""
    for job in JOBS:
        if job.kind == kind:
            return job.function
    raise LookupError(f"no job is called {kind}")


def execute_run(run_id: int) -> None:
    """Do a queued run; called by the worker. What was asked for while the run came to its end is asked for again."""
    execute(run_id, find_function)
    row = db.session.get(JobRun, run_id)
    job = next((job for job in JOBS if row is not None and job.kind == row.kind), None)
    if job is not None and row is not None and row.state == DONE and job.is_wanted():
        ask_for(job.kind)
    db.session.commit()


def wake(kind: str) -> None:
    """Ask for a run of this kind if there is work for one; called by the worker."""
    job = next(job for job in JOBS if job.kind == kind)
    if job.is_wanted():
        ask_for(kind)
    db.session.commit()
