"""Background work: what runs when, how it went, who works, and one run as it goes on."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import abort, current_app, g, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import format_decimal
from flask_babel import gettext as _
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from crm.extensions import db
from crm.jobs import JOBS, Job
from crm.jobs.runs import ask_for
from crm.jobs.schedule import DailyAt
from crm.jobs.standing import latest_runs
from crm.models import JobRun, WorkerHeartbeat
from crm.models.job import UNCONFIRMED
from crm.models.types import utc_now
from crm.security.manager import may
from crm.views.page import Page

RECENT = 30
WORDS_OF_JOBS = {job.kind: job.label for job in JOBS}


class JobsView(Page):
    """The jobs page, and the progress of any run, which its page asks for again and again."""

    route_base = "/jobs"
    class_permission_name = "jobs"
    default_view = "list"
    method_permission_name = {"list": "list", "run": "list", "start": "list"}

    @expose("/")
    @has_access
    def list(self) -> Response:
        """Every job, its last and next run; the recent runs, `?kind=` of one job."""
        kind = request.args.get("kind", "")
        if kind and kind not in WORDS_OF_JOBS:
            abort(400, description=_("There is no such job."))
        latest = latest_runs()
        recent = select(JobRun).where(JobRun.kind == kind) if kind else select(JobRun)
        runs = db.session.scalars(recent.order_by(JobRun.id.desc()).limit(RECENT)).all()
        workers = db.session.scalars(select(WorkerHeartbeat).order_by(WorkerHeartbeat.name)).all()
        return self.render(
            "jobs/list.html", title=_("Background work"), now=utc_now(), recent=runs, kind=kind, workers=workers,
            jobs=[(job, latest.get(job.kind), next_time(job)) for job in JOBS], labels=WORDS_OF_JOBS,
            took=took, result=result, page_of=page_of,
        )  # fmt: skip

    @expose("/run/<int:pk>")
    @has_access
    def run(self, pk: int) -> Response:
        """How a run stands, as a part of a page."""
        return self.render("jobs/_run.html", run=get_run(pk), took=took, result=result, page_of=page_of)

    @expose("/start/<kind>", methods=["POST"])
    @has_access
    def start(self, kind: str) -> Response:
        job = next((job for job in JOBS if job.kind == kind), None) or abort(404)
        if not may(*job.permission):
            abort(403)
        ask_for(kind, {}, g.user.id)
        db.session.commit()
        return redirect(url_for("JobsView.list"))


def get_run(pk: int) -> JobRun:
    """The run with this id; 404 for none."""
    return (db.session.get(JobRun, pk) if pk < 2**62 else None) or abort(404)


def page_of(run: JobRun) -> str:
    """Where to see to a run: the job's own page where it waits for a person's word, else its history."""
    job = next((job for job in JOBS if job.kind == run.kind), None)
    if job is not None and job.page and run.state == UNCONFIRMED:
        return url_for(job.page)
    return url_for("JobsView.list", kind=job.kind if job is not None else None) + "#runs"


def took(run: JobRun) -> str:
    """How long a run took, in words; blank where it has not ended, or was over at once."""
    if not run.started_at or not run.finished_at:
        return ""
    minutes, seconds = divmod(round((run.finished_at - run.started_at).total_seconds()), 60)
    if not minutes and not seconds:
        return ""
    if not minutes:
        return _("%(seconds)d s", seconds=seconds)
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return _("%(minutes)d min %(seconds)d s", minutes=minutes, seconds=seconds)
    return _("%(hours)d h %(minutes)d min", hours=hours, minutes=minutes)


def result(run: JobRun) -> str:
    """What a run did, by its counters."""
    words = next((job.counts for job in JOBS if job.kind == run.kind), {})
    numbers = ((words[name], run.counters.get(name)) for name in words)
    return ", ".join(f"{word} {format_decimal(number)}" for word, number in numbers if number)


def next_time(job: Job) -> datetime | None:
    """When the job is due next."""
    if job.at is None or not job.has_work(current_app.config):
        return None
    return DailyAt(job.at, ZoneInfo(current_app.config["CRM_TIMEZONE"])).get_next_fire_time(None, utc_now())


def is_worked() -> bool:
    """Whether any worker has been heard of lately."""
    latest: Any = db.session.scalar(select(func.max(WorkerHeartbeat.seen_at)))
    return latest is not None and (utc_now() - latest).total_seconds() < 60
