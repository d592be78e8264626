"""An import from the file that comes in to the moment when the job takes it: read, planned, checked, started."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import IO, Any

from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import Select, delete, select

from crm.errors import RuleError, StateConflict
from crm.extensions import db
from crm.models import ImportMapping, ImportRow, ImportRun, Operation
from crm.models.folding import fold
from crm.models.import_run import CHECKED, CHECKING, DONE, DRAFT, FAILED, REVERTING, RUNNING, STOPPED, WORKING
from crm.models.types import utc_now
from crm.registry import RecordType, registry
from crm.security.viewer import actor_id
from crm.services.files import uploads
from crm.services.files.store import keep
from crm.services.history.operations import sees_all_operations
from crm.services.importing.fields import fields_of, importable
from crm.services.importing.files import content_of_import
from crm.services.importing.guessing import guess
from crm.services.importing.plan import KEYS, Plan
from crm.services.importing.running import forget_results, held, mark
from crm.services.importing.source import Source, open_source

MOST_IN_LIST = 100
#: States in which a plan can be changed, and the job be asked.
AT_REST = (DRAFT, CHECKED, STOPPED, FAILED)
#: What decides which cells there are, and so their headings and the forms of their numbers and dates.
CELLS = ("encoding", "delimiter", "sheet")


def find_record(key: str) -> RecordType:
    """The record type of which a file is to be imported. Raises RuleError where there is no such."""
    found = next((record for record in importable() if record.key == key), None)
    if found is None:
        raise RuleError(_("Files of these records cannot be imported."), field="record")
    return found


def begin(
    content: IO[bytes], name: str | None, record: RecordType, options: Mapping[str, Any] | None = None
) -> ImportRun:
    """Keep a file to be imported, and guess what its columns are. The caller commits.

    Raises RuleError for what is no file of rows.
    """
    upload = uploads.prepare(content, name)
    source = open_source(upload.content, upload.name, dict(options or {}), record)
    run = ImportRun(
        record=record.key, name=upload.name, options=source.options, total=source.count,
        user_id=actor_id(), by_system=actor_id() is None, locale=str(get_locale() or "en"),
    )  # fmt: skip
    run.stored_file = keep(upload)
    run.plan = proposed(source, record).as_json()
    db.session.add(run)
    db.session.flush()
    return run


def read_again(run: ImportRun, options: Mapping[str, Any]) -> None:
    """Read the file of an import in another way: encoding, separator, sheet. Columns are guessed anew.

    Raises RuleError where it cannot be read so.
    """
    _check_not_begun(run)
    check_state(run, *AT_REST)
    with content_of_import(run) as file:
        source = open_source(file, run.name, _said(run, options), registry()[run.record])
        headings_changed = source.options.get("header") != run.options.get("header") or any(
            source.options.get(name) != run.options.get(name) for name in CELLS
        )
        if headings_changed:
            run.plan = {**run.plan, "mapping": proposed(source, registry()[run.record]).as_json()["mapping"]}
        run.options, run.total = source.options, source.count


def _said(run: ImportRun, options: Mapping[str, Any]) -> dict[str, Any]:
    """What the user says of how to read a file. Of other cells, what was found out about the former says nothing."""
    if all(options[name] == run.options.get(name) for name in CELLS if name in options):
        return dict(options)
    return {
        name: value for name, value in options.items()
        if name in CELLS or str(value) != str(run.options.get(name))
    }  # fmt: skip


# -- plans


def proposed(source: Source, record: RecordType) -> Plan:
    """The plan for a file: one that was kept for the same headings, else as far as it can be guessed."""
    kept = db.session.scalar(
        select(ImportMapping)
        .where(ImportMapping.record == record.key, ImportMapping.headings == digest_of(source.headings))
        .order_by(ImportMapping.id.desc())
        .limit(1)
    )
    if kept is not None:
        return plan_of(kept, source.headings)
    return Plan(record, guess(source.headings, source.sample(), record), keys=tuple(KEYS[record.key]))


def plan_of(kept: ImportMapping, headings: Sequence[str]) -> Plan:
    """The plan that a kept mapping makes for a file with these headings."""
    known = {field.name for field in fields_of(registry()[kept.record])}
    by_heading = {fold(heading): name for heading, name in kept.columns.items() if name in known}
    mapping = {
        n: by_heading[fold(heading)] for n, heading in enumerate(headings) if fold(heading) in by_heading
    }
    return Plan.of_json(kept.record, {**kept.plan, "mapping": mapping})


def mappings_of(record: RecordType) -> list[ImportMapping]:
    """The mappings that are kept for files of a record type, by name."""
    asked = select(ImportMapping).where(ImportMapping.record == record.key)
    return list(db.session.scalars(asked.order_by(ImportMapping.name)))


def keep_mapping(run: ImportRun, name: str, headings: Sequence[str]) -> ImportMapping:
    """Keep the plan of an import by a name; one of that name is overwritten. Raises RuleError."""
    name = " ".join(name.split())
    if not 0 < len(name) <= 100:
        raise RuleError(_("Give a name of at most %(n)d characters.", n=100), field="mapping_name")
    asked = select(ImportMapping).where(ImportMapping.record == run.record, ImportMapping.name == name)
    kept = db.session.scalar(asked) or ImportMapping(record=run.record, name=name)
    kept.headings, kept.user_id = digest_of(headings), actor_id()
    mapping = Plan.of_json(run.record, run.plan).mapping
    kept.columns = {headings[n]: field for n, field in mapping.items() if n < len(headings) and headings[n]}
    kept.plan = {name: value for name, value in run.plan.items() if name != "mapping"}
    db.session.add(kept)
    db.session.flush()
    return kept


def digest_of(headings: Sequence[str]) -> str:
    """A short name for a file's headings, whatever their order and case."""
    return hashlib.sha256("\n".join(sorted(map(fold, headings))).encode()).hexdigest()


# -- states


def check_state(run: ImportRun, *states: str) -> None:
    """Raise StateConflict where an import is in none of these states."""
    if run.state not in states:
        raise StateConflict(_("This import has gone on meanwhile. Look at it again."))


def has_begun(run: ImportRun) -> bool:
    """Whether rows were written, or are about to be: from then on its plan stands."""
    return run.started_at is not None


def ask_check(run: ImportRun) -> None:
    """Let the job find out what would become of each row. The caller commits, and tells the job."""
    _check_not_begun(run)
    check_state(run, *AT_REST)
    run.state = CHECKING
    forget_results(run)


def ask_run(run: ImportRun) -> None:
    """Let the job write the rows: all of them, or those left where it was stopped. The caller commits."""
    check_state(run, *AT_REST)
    if undone_by(run) is not None:
        raise StateConflict(_("This import was taken back already."))
    if not has_begun(run):
        # what a check said of the rows
        forget_results(run)
    run.state, run.started_at, run.finished_at, run.error = RUNNING, run.started_at or utc_now(), None, None


def ask_stop(run: ImportRun) -> None:
    """Let the job leave off after the rows that it is at. The caller commits."""
    run = held(run.id)
    check_state(run, CHECKING, RUNNING)
    run.state = STOPPED if run.state == RUNNING else DRAFT
    run.finished_at = utc_now()
    mark(run, unfinished=False)


def ask_revert(run: ImportRun) -> None:
    """Let the job take back what the import did. The caller commits, and tells the job."""
    check_state(run, DONE, STOPPED, FAILED)
    if run.operation_id is None or undone_by(run) is not None:
        raise StateConflict(_("There is nothing to take back."))
    run.state, run.reverter_id = REVERTING, actor_id()


def taken_back(operations: Sequence[int]) -> set[int]:
    """Of these operations those that were undone."""
    asked = select(Operation.id).where(Operation.id.in_(operations), Operation.undone_by_id.is_not(None))
    return set(db.session.scalars(asked))


def undone_by(run: ImportRun) -> Operation | None:
    """The operation that took the import back."""
    if run.operation_id is None:
        return None
    asked = select(Operation.undone_by_id).where(Operation.id == run.operation_id)
    number = db.session.scalar(asked)
    return db.session.get(Operation, number) if number else None


def forget(run: ImportRun) -> None:
    """Take an import off the list, with its file and what it says of rows; what it wrote stays. The caller commits."""
    if run.state in WORKING:
        raise StateConflict(_("This is still going on. Stop it first, or wait for its end."))
    db.session.connection().execute(delete(ImportRow.__table__).where(ImportRow.import_id == run.id))
    db.session.delete(run)


def _check_not_begun(run: ImportRun) -> None:
    if has_begun(run):
        raise StateConflict(_("This import has begun already."))


# -- which there are


def _mine() -> Select[tuple[ImportRun]]:
    """The imports that the viewer may look at: their own, or all where they may see what others did."""
    found = select(ImportRun)
    return found if sees_all_operations() else found.where(ImportRun.user_id == actor_id())


def imports() -> list[ImportRun]:
    """The imports that the viewer may look at, newest first."""
    return list(db.session.scalars(_mine().order_by(ImportRun.id.desc()).limit(MOST_IN_LIST)))


def find_import(number: int) -> ImportRun | None:
    """One of them."""
    return db.session.scalar(_mine().where(ImportRun.id == number))
