"""The job: imports checked, carried out, taken back. Portion by portion, so that it can be killed and started again.

Each portion is one transaction with the results of its rows and the place reached in the file; all portions belong
to one operation. A check does the same and takes each portion back.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException

from crm.errors import RuleError
from crm.extensions import db
from crm.models import Client, ImportRow, ImportRun
from crm.models.import_run import CHECKED, CHECKING, CREATED, DONE, FAILED, REVERTING, RUNNING, WORKING
from crm.models.types import utc_now
from crm.security.manager import may
from crm.security.visibility import as_system, as_user
from crm.services.history import log as history
from crm.services.importing.clients import ClientRows
from crm.services.importing.converting import Converter
from crm.services.importing.files import source_of
from crm.services.importing.plan import Plan
from crm.services.importing.records import RecordRows
from crm.services.importing.rows import Row, Writer
from crm.services.importing.source import Source
from crm.services.importing.writing import write_rows
from crm.services.locking import GIVE_WAY
from crm.services.progress import Progress, Stopped
from crm.services.table_statistics import refresh_statistics
from crm.services.undo.operation import undo

log = logging.getLogger(__name__)
KIND = "import"
#: Large enough that an undo takes each portion back by statements, not row by row; small enough to let others write.
PORTION = 500
ATTEMPTS = 5
#: So many rows change what the database should know of its tables.
MANY = 5_000
results = ImportRow.__table__


def is_any_waiting() -> bool:
    """Whether there is an import to work on."""
    return db.session.scalar(select(ImportRun.id).where(ImportRun.state.in_(WORKING)).limit(1)) is not None


def work_off(run: Progress) -> None:
    """Do all that is waiting, the oldest first."""
    while (number := db.session.scalar(_waiting())) is not None:
        db.session.rollback()
        carry_out(number, run)


def _waiting() -> Any:
    return select(ImportRun.id).where(ImportRun.state.in_(WORKING)).order_by(ImportRun.id).limit(1)


def carry_out(number: int, run: Progress) -> None:
    """Do what one import waits for; what goes wrong is kept with it. Raises Stopped where the worker is to end."""
    one = db.session.get_one(ImportRun, number)
    what = {CHECKING: check, RUNNING: go_on, REVERTING: revert}[one.state]
    try:
        with force_locale(one.locale), acting_for(one):
            what(one, run)
    except Stopped:
        raise
    except HTTPException as error:
        _fail(number, str(error.description))
    except Exception:
        log.exception("import %s failed", number)
        _fail(number, _("Something went wrong that is not the file's fault. An admin finds more in the log."))


def _fail(number: int, message: str) -> None:
    db.session.rollback()
    one = db.session.get_one(ImportRun, number)
    # one that could not be taken back is as done as it was
    one.state = DONE if one.state == REVERTING else FAILED
    one.error, one.finished_at = message[:1000], utc_now()
    mark(one, unfinished=False)
    db.session.commit()


@contextmanager
def acting_for(one: ImportRun) -> Iterator[None]:
    """See and write as the user of an import does. Raises RuleError where they may import no more."""
    user_id = one.reverter_id if one.state == REVERTING else one.user_id
    if user_id is None and one.by_system:
        with as_system():
            yield
        return
    with as_system():
        user = db.session.get(User, user_id) if user_id else None
    if user is None or not user.active:
        raise RuleError(_("The user of this import is not active any more."))
    with as_user(user):
        if not may("import", "client"):
            raise RuleError(_("The user of this import may not import any more."))
        yield


# -- rows


@dataclass(frozen=True)
class Pass:
    """One way through a file. known: of a check, the marks of rows further up that would make records."""

    plan: Plan
    converter: Converter
    known: set[int] | None = None


@contextmanager
def _opened(one: ImportRun, known: set[int] | None = None) -> Iterator[tuple[Source, Pass]]:
    plan = Plan.of_json(one.record, one.plan)
    with source_of(one) as source:
        blanks = "clear" if plan.clear else ""
        yield (
            source,
            Pass(plan, Converter(plan.record, plan.mapping, {**source.options, "blanks": blanks}), known),
        )


def check(one: ImportRun, run: Progress) -> None:
    """Find out what would become of each row; everything is taken back."""
    number = one.id
    forget_results(one)
    db.session.commit()
    with _opened(one, known=set()) as (source, way):
        for batch in _portions(source, 0):
            done = _attempt(lambda batch=batch: _write(batch, way), keep=False)
            if not _note(number, CHECKING, done, len(batch)):
                return
            _tell(run, number)
    _end(number, CHECKING, CHECKED)


def go_on(one: ImportRun, run: Progress) -> None:
    """Write the rows that are still to be written."""
    number, details = one.id, {"import_id": one.id, "file": one.name, "unfinished": True}
    with _opened(one) as (source, way):
        mark(one, unfinished=True)
        start = one.cursor
        db.session.commit()
        for batch in _portions(source, start):
            if not _attempt(lambda batch=batch: _write_and_note(number, batch, way, details), keep=True):
                # stopped: what there is can be taken back
                mark(db.session.get_one(ImportRun, number), unfinished=False)
                db.session.commit()
                return
            _tell(run, number)
    _end(number, RUNNING, DONE)


def forget_results(one: ImportRun) -> None:
    """Begin at the first row again, without what an earlier pass said of the rows."""
    db.session.connection().execute(delete(results).where(results.c.import_id == one.id))
    one.cursor, one.counts, one.error = 0, {}, None


def _portions(source: Source, start: int) -> Iterator[list[tuple[int, list[str]]]]:
    rows = source.rows(start)
    while batch := list(islice(rows, PORTION)):
        yield batch


def _write(batch: list[tuple[int, list[str]]], way: Pass) -> list[dict[str, Any]]:
    """Write some rows; gives their results as rows of the table."""
    writer: Writer = (ClientRows if way.plan.record.model is Client else RecordRows)(way.plan, way.known)
    found, items = write_rows([Row(line, *way.converter.typed(texts)) for line, texts in batch], writer)
    if way.known is not None:
        made = {one.line for one in found if one.verdict == CREATED}
        way.known.update(mark for item in items if item.line in made for mark in item.marks())
    return [
        {
            "line": one.line, "verdict": one.verdict, "title": one.title, "matched": one.matched or None,
            # what a check made is there no more
            "record_id": None if way.known is not None and one.verdict == CREATED else one.record_id,
            "details": one.details,
        }
        for one in found
    ]  # fmt: skip


def _write_and_note(
    number: int, batch: list[tuple[int, list[str]]], way: Pass, details: dict[str, Any]
) -> bool:
    """Write some rows with their results and the place reached; False where the import was stopped meanwhile."""
    one = held(number)
    if one.state != RUNNING:
        return False
    history.begin_portion(db.session(), KIND, one.operation_id, **details)
    done = _write(batch, way)
    one.operation_id = history.end_portion(db.session())
    _add(one, done, len(batch))
    return True


def _attempt(work: Callable[[], Any], keep: bool) -> Any:
    """Do work in a transaction of its own, again where others hold its rows; committed, or taken back."""
    for attempt in range(ATTEMPTS):
        try:
            found = work()
            if keep:
                db.session.commit()
            return found
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in GIVE_WAY or attempt == ATTEMPTS - 1:
                raise
        finally:
            db.session.rollback()
    return None


def _note(number: int, state: str, done: list[dict[str, Any]], rows: int) -> bool:
    """Note what a check found; False where it was stopped meanwhile."""
    one = held(number)
    if goes_on := one.state == state:
        _add(one, done, rows)
    db.session.commit()
    return goes_on


def _add(one: ImportRun, done: list[dict[str, Any]], rows: int) -> None:
    """Add the results of some rows, and count them."""
    counts = Counter(one.counts)
    counts.update(row["verdict"] for row in done)
    one.counts, one.cursor = dict(counts), one.cursor + rows
    db.session.connection().execute(insert(results), [{"import_id": one.id, **row} for row in done])


def _tell(run: Progress, number: int) -> None:
    one = db.session.get_one(ImportRun, number)
    run.progress(one.name, one.cursor, one.total)


def _end(number: int, before: str, after: str) -> None:
    one = held(number)
    if one.state == before:
        one.state, one.finished_at, one.error = after, utc_now(), None
        mark(one, unfinished=False)
        if one.cursor >= MANY:
            refresh_statistics()
    db.session.commit()


def held(number: int) -> ImportRun:
    """An import as it stands, held until the transaction ends."""
    return db.session.get_one(ImportRun, number, with_for_update={"of": ImportRun}, populate_existing=True)


def mark(one: ImportRun, unfinished: bool) -> None:
    """Say of an import's operation whether more of it is to come: only one that has ended can be undone."""
    if one.operation_id:
        history.mark(db.session(), one.operation_id, unfinished=unfinished)


# -- taken back


def revert(one: ImportRun, run: Progress) -> None:
    """Take back what an import did; what was changed since is left alone."""
    number, operation = one.id, one.operation_id
    run.progress(one.name)
    if operation is not None:
        undo(operation)
    _end(number, REVERTING, DONE)
