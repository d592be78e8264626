"""`flask crm import`: a file imported in the foreground, the same way as the pages do it."""

import json
import sys
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext
from sqlalchemy import select
from werkzeug.exceptions import HTTPException

from crm.errors import RuleError
from crm.extensions import db
from crm.jobs.runs import Run, run_here, state_of
from crm.models import ImportMapping, ImportRow, ImportRun
from crm.models.import_run import CHECKED, DONE, REFUSED, RUNNING, VERDICTS
from crm.security.viewer import actor_id, user_named
from crm.security.visibility import as_system, as_user
from crm.services.importing import results, running, starting
from crm.services.importing.files import source_of
from crm.services.importing.plan import STRATEGIES, Plan
from crm.services.progress import CannotWork

#: So many refused rows are named.
MOST_NAMED = 50


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--record", default="client", show_default=True, help="What is in it: client, contact, note, deal …"
)
@click.option(
    "--mapping",
    help="A JSON file of heading to field, or the name of a kept mapping; columns are guessed otherwise.",
)
@click.option("--on-duplicate", "strategy", type=click.Choice(tuple(STRATEGIES)), help="Otherwise update.")
@click.option("--dry-run", is_flag=True, help="Say what would become of each row, write nothing.")
@click.option("--user", "username", help="In whose name; otherwise the system's.")
@with_appcontext
def import_file(
    file: Path, record: str, mapping: str | None, strategy: str | None, dry_run: bool, username: str | None
) -> None:
    """Import FILE: CSV, XLSX or vCard. The counts are the last line; the exit code is 0 when every row was taken.

    An import that was cut off goes on where it was when the same command is given again.
    """
    user = user_named(username) if username else None
    if username and user is None:
        sys.exit(f"There is no active user {username}.")
    with as_user(user) if user else as_system():
        outcome = run_here(
            running.KIND, lambda run: _import(run, file, record, mapping, strategy, dry_run), {}
        )
        if outcome is None:
            sys.exit("An import is already running.")
        _report(outcome)


def _import(
    run: Run, file: Path, record: str, mapping: str | None, strategy: str | None, dry_run: bool
) -> None:
    """Begin an import, or find the one that was cut off, and carry it out."""
    try:
        with file.open("rb") as content:
            one = starting.begin(content, file.name, starting.find_record(record))
        one.plan = _plan(one, mapping, strategy).as_json()
    except HTTPException as error:
        raise CannotWork(str(error.description)) from None
    if (cut_off := _find_cut_off(one)) is not None and not dry_run:
        db.session.rollback()
        one = db.session.get_one(ImportRun, cut_off)
    else:
        (starting.ask_check if dry_run else starting.ask_run)(one)
    db.session.commit()
    run.counters["import"] = number = one.id
    running.carry_out(number, run)


def _find_cut_off(one: ImportRun) -> int | None:
    """The import of the same file, planned in the same way, whose process ended before it did."""
    db.session.flush()
    same = select(ImportRun).where(
        ImportRun.id != one.id, ImportRun.state == RUNNING, ImportRun.name == one.name,
        ImportRun.record == one.record, ImportRun.user_id == actor_id(),
    )  # fmt: skip
    for other in db.session.scalars(same):
        if (
            other.stored_file
            and other.stored_file.digest == one.stored_file.digest
            and other.plan == one.plan
        ):
            return other.id
    return None


def _plan(one: ImportRun, mapping: str | None, strategy: str | None) -> Plan:
    plan: dict[str, Any] = {**one.plan}
    if mapping:
        with source_of(one) as source:
            headings = source.headings
        kept = db.session.scalar(
            select(ImportMapping).where(ImportMapping.record == one.record, ImportMapping.name == mapping)
        )
        kept = kept or ImportMapping(record=one.record, columns=_columns(Path(mapping)), plan={})
        plan = starting.plan_of(kept, headings).as_json()
        if not plan["mapping"]:
            raise RuleError(f"No column of {one.name} is named in {mapping}.")
    return Plan.of_json(one.record, {**plan, **({"strategy": strategy} if strategy else {})})


def _columns(file: Path) -> dict[str, str]:
    try:
        columns = json.loads(file.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise RuleError(f"The mapping {file} cannot be read: {error}") from None
    if not isinstance(columns, dict) or not all(isinstance(name, str) for name in columns.values()):
        raise RuleError(f"The mapping {file} is an object of heading to field.")
    return columns


def _report(outcome: Run) -> None:
    number = outcome.counters.get("import")
    if number is None:
        sys.exit(state_of(outcome.id)[1] or "It could not be begun.")
    one = db.session.get_one(ImportRun, number)
    labels = results.labels_of(one)
    refused = select(ImportRow).where(ImportRow.import_id == number, ImportRow.verdict == REFUSED)
    for row in db.session.scalars(refused.order_by(ImportRow.id).limit(MOST_NAMED)):
        click.echo(f"Row {row.line}: {row.title}: {results.in_words(row.details, labels)}", err=True)
    if one.error:
        click.echo(one.error, err=True)
    click.echo(" ".join(f"{verdict}={one.counts.get(verdict, 0)}" for verdict in VERDICTS))
    sys.exit(0 if one.state in (DONE, CHECKED) and not one.counts.get(REFUSED) else 1)
