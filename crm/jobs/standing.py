"""How the jobs stand: the latest run of each, and those whose latest run went wrong."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from crm.extensions import db
from crm.models import JobRun
from crm.models.job import FAILED, OPEN_STATES, REFUSED, UNCONFIRMED
from crm.models.types import utc_now

#: What went wrong longer ago is history.
RECENT = timedelta(days=30)


def latest_runs() -> dict[str, JobRun]:
    """The latest run of each kind, whatever became of it."""
    newest = select(func.max(JobRun.id)).group_by(JobRun.kind)
    return {run.kind: run for run in db.session.scalars(select(JobRun).where(JobRun.id.in_(newest)))}


def troubled_runs() -> list[JobRun]:
    """The runs that failed or wait for a person's word, and that no later one of their kind has made up for."""
    later = aliased(JobRun)
    made_up = (
        select(later.id)
        .where(later.kind == JobRun.kind, later.id > JobRun.id, later.state.not_in((*OPEN_STATES, REFUSED)))
        .exists()
    )
    bad = select(JobRun).where(
        JobRun.state.in_((FAILED, UNCONFIRMED)), JobRun.finished_at > utc_now() - RECENT, ~made_up
    )
    return list(db.session.scalars(bad.order_by(JobRun.id.desc())))
