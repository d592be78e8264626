"""The commands under `flask crm`."""

import shutil
import sys
from pathlib import Path
from urllib.parse import parse_qsl

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from crm.demo.generate import make_demo
from crm.extensions import db
from crm.jobs.cli import mailchimp, worker
from crm.jobs.import_cli import import_file
from crm.models.sealing import key_file
from crm.security.cli import api_key
from crm.security.roles import ROLES
from crm.security.visibility import as_system
from crm.services import key_rotation, users
from crm.services.exporting.clients import ALL, prepare_clients
from crm.services.merging import merge as merging
from crm.services.search import reindex as reindexing
from crm.services.setup import initialise
from crm.services.undo import operation as undoing

crm = AppGroup("crm", help="Set up and run the CRM.")
user = AppGroup("user", help="Users of the CRM.")
crm.add_command(user)
crm.add_command(api_key)
crm.add_command(worker)
crm.add_command(mailchimp)
crm.add_command(import_file)


@crm.command("init")
def init() -> None:
    """Bring the database to its newest shape; roles, permissions, defaults. Can be run again."""
    initialise()


@crm.command("demo")
@click.option("--clients", "count", type=click.IntRange(1, 1_000_000), default=200, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
def demo(count: int, seed: int) -> None:
    """Add made-up data and the demo users. Only where nobody else can sign in: on a loopback address."""
    if not current_app.config["CRM_LOOPBACK"]:
        sys.exit(
            "Demo data comes with users whose password is known, so CRM_HOST must be a loopback address."
        )
    with as_system():
        make_demo(count, seed, lambda done: click.echo(f"{done:,} of {count:,} clients", err=True))


@crm.command("merge")
@click.argument("source_id", type=int)
@click.argument("target_id", type=int)
def merge(source_id: int, target_id: int) -> None:
    """Make two clients one: the source goes away, the target keeps all. Prints the operation's number last."""
    with as_system():
        try:
            number = merging.merge(source_id, target_id)
        except HTTPException as error:
            sys.exit(str(error.description))
        db.session.commit()
    click.echo(f"Merged client {source_id} into {target_id}, operation {number}")


@crm.command("undo")
@click.argument("operation_id", type=int)
def undo(operation_id: int) -> None:
    """Take an operation back. What was changed since is left alone and listed."""
    with as_system():
        try:
            report = undoing.undo(operation_id)
        except HTTPException as error:
            sys.exit(str(error.description))
        db.session.commit()
    for left in report.left:
        click.echo(f"Left alone: {left.table} {left.row_id} ({', '.join(left.fields) or left.why})")
    click.echo(
        f"Undone: {report.undone.total()} rows, {report.left_count} left alone, operation {report.operation_id}"
    )


@crm.command("export")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.option(
    "--filter", "filters", default="", help="Filters as in the list's address: `status=vip&tags=Gold`."
)
@click.option(
    "--columns",
    default=ALL,
    show_default=True,
    help="`listed`, `all`, or names: `name,status,attr.ring_size`.",
)
def export(file: Path, filters: str, columns: str) -> None:
    """Export clients to FILE, as CSV, XLSX or vCard by its ending. Prints how many last."""
    with as_system():
        try:
            found = prepare_clients(MultiDict(parse_qsl(filters)), file.suffix.lstrip(".").lower(), columns)
            with found.file() as made, file.open("wb") as out:
                shutil.copyfileobj(made, out)
        except HTTPException as error:
            sys.exit(str(error.description))
        except OSError as error:
            sys.exit(f"{file} cannot be written: {error.strerror}")
    click.echo(f"Exported to {file}: {found.count}")


@crm.command("reindex")
def reindex() -> None:
    """Derive search and the records on timelines anew."""
    with as_system():
        reindexing.reindex(lambda label, count: click.echo(f"{label}: {count:,}"))


@crm.command("rotate-key")
def rotate_key() -> None:
    """Seal all sensitive values and their history under a new key; can be killed and run again. Prints how many."""
    with as_system():
        try:
            number = key_rotation.rotate(lambda done: click.echo(f"{done:,}", err=True))
        except HTTPException as error:
            sys.exit(str(error.description))
    where = "CRM_ENCRYPTION_KEYS" if current_app.config.get("CRM_ENCRYPTION_KEYS") else key_file()
    click.echo(f"Sealed under the first key of {where}: {number}")


@user.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--team")
@click.option("--password", required=True)
def add_user(name: str, role: str, team: str | None, password: str) -> None:
    """Add a user."""
    with as_system():
        try:
            users.add_user(name, role, password, team)
        except HTTPException as error:
            sys.exit(str(error.description))
        db.session.commit()
    click.echo(f"Added {name}, {role}.")


def register(app: Flask) -> None:
    """Put the commands under `flask crm` of this app."""
    app.cli.add_command(crm)
