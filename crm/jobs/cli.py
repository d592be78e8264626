"""Commands for background work: the worker, and a Mailchimp sync in the foreground."""

import logging
import sys

import click
from flask import current_app
from flask.cli import AppGroup

from crm.integrations.mailchimp.sync import sync
from crm.jobs.runs import Run, run_here, state_of
from crm.jobs.worker import work
from crm.models.job import DONE

mailchimp = AppGroup("mailchimp", help="The Mailchimp audience.")


@click.command("worker")
@click.option("--threads", default=2, show_default=True, help="Runs done at the same time.")
def worker(threads: int) -> None:
    """Do background work, and what is due by the clock, until asked to end."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    logging.getLogger("huey").setLevel(logging.WARNING)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    work(current_app._get_current_object(), threads)  # type: ignore[attr-defined]


@mailchimp.command("sync")
@click.option("--full", is_flag=True, help="Read the whole audience, not only what changed.")
@click.option("--dry-run", is_flag=True, help="List what would change, change nothing.")
@click.option("--confirm", is_flag=True, help="Go on even when many would leave the audience.")
def sync_command(full: bool, dry_run: bool, confirm: bool) -> None:
    """One sync, now and here. The counts are the last line; the exit code is 0 only when it is complete."""
    options = {"full": full, "dry_run": dry_run, "confirm": confirm}
    run = run_here("mailchimp", sync, options, say=click.echo)
    if run is None:
        sys.exit("A Mailchimp sync is already running.")
    state, error = state_of(run.id)
    if state != DONE:
        click.echo(error or state, err=True)
    click.echo(counts_line(run))
    sys.exit(0 if state == DONE else 1)


def counts_line(run: Run) -> str:
    """All counters in one line, those of skipped clients by reason."""
    counters = dict(run.counters)
    skipped = counters.pop("skipped", {})
    parts = [f"{name}={value}" for name, value in counters.items()]
    parts += [f"skipped.{reason}={number}" for reason, number in sorted(skipped.items()) if number]
    return " ".join(parts)
