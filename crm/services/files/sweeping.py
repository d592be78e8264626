"""What the nightly job does for the file store: nothing is kept that nobody has, and what is missing is told."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select, update

from crm.extensions import db
from crm.models import StoredFile
from crm.models.types import utc_now
from crm.services.files.storage import PREFIXES
from crm.services.files.store import give_up, is_used, storage
from crm.services.progress import CannotWork, Progress

files = StoredFile.__table__
#: A file without a row is left alone for so long: its transaction may still be under way.
GRACE = timedelta(days=1)
PORTION = 500
MOST_NAMED = 100


def sweep(run: Progress, grace: timedelta = GRACE) -> None:
    """Let go of files that no row has had for long, remove what was left behind, and tell of what is missing."""
    _mark_unused()
    _let_go(run)
    missing: list[StoredFile] = []
    for number, prefix in enumerate(PREFIXES):
        run.progress(_("Comparing files with the database"), number, len(PREFIXES))
        missing += _compare(run, prefix, utc_now() - grace)
    if missing:
        run.count("missing", len(missing))
        places = [stored.place for stored in missing]
        for place in places[:MOST_NAMED]:
            run.note(_("Missing: %(place)s", place=place))
        first = ", ".join(places[:3])
        raise CannotWork(
            ngettext(
                "%(num)d file is missing in the file store: %(first)s",
                "%(num)d files are missing in the file store, first: %(first)s",
                len(places), first=first,
            )
        )  # fmt: skip


def _mark_unused() -> None:
    connection = db.session.connection()
    unused = update(files).where(files.c.unused_since.is_(None), ~is_used())
    connection.execute(unused.values(unused_since=utc_now()))
    used = update(files).where(files.c.unused_since.is_not(None), is_used())
    connection.execute(used.values(unused_since=None))
    db.session.commit()


def _let_go(run: Progress) -> None:
    """Remove the files that nobody has referred to for as long as a deletion can be undone."""
    before = utc_now() - timedelta(days=current_app.config["CRM_DELETED_FILES_DAYS"])
    asked = select(files.c.id).where(files.c.unused_since < before).order_by(files.c.id).limit(PORTION)
    while ids := list(db.session.connection().scalars(asked)):
        number = give_up(ids)
        db.session.commit()
        run.count("removed", number)
        if number < len(ids):
            # one of them has just been taken back: tomorrow is early enough for the others
            return


def _compare(run: Progress, prefix: str, before: datetime) -> list[Any]:
    """Remove the files under a prefix that have no row; gives the rows that have no file."""
    # rows first: a file written meanwhile is young, and so left alone
    rows = {row.place: row for row in _rows(prefix)}
    there: set[str] = set()
    orphans: list[str] = []
    for place, written_at in storage().places(prefix):
        there.add(place)
        if place not in rows and written_at < before:
            orphans.append(place)
    storage().remove(orphans)
    run.count("orphans", len(orphans))
    return [row for place, row in sorted(rows.items()) if place not in there and _is_missing(place)]


def _rows(prefix: str) -> Iterator[Any]:
    asked = select(files.c.id, files.c.place).where(files.c.place.startswith(f"{prefix}/"))
    found = db.session.connection().execute(asked).all()
    db.session.rollback()
    return iter(found)


def _is_missing(place: str) -> bool:
    """Whether the row is still there, and its file is not: it may have been removed with the row meanwhile."""
    still = db.session.connection().scalar(select(files.c.id).where(files.c.place == place))
    db.session.rollback()
    return still is not None and not storage().has(place)
