"""What the database knows of its tables, by which it plans: without it, an index that finds most rows looks good."""

from sqlalchemy import DDL

from crm.extensions import db
from crm.services.progress import Progress


def refresh_statistics() -> None:
    """Have the database look at its tables. Some seconds for a million rows; the caller commits."""
    db.session.execute(DDL("ANALYZE"))


def refresh_nightly(run: Progress) -> None:
    """The same as a job: tables grow, and SQLite never looks by itself. Commits."""
    refresh_statistics()
    db.session.commit()
