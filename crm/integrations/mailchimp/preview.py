"""What a run would do, for the dry run: the same questions as the real one asks, without a call."""

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _

from crm.extensions import db
from crm.integrations.mailchimp import push, removals
from crm.services.progress import Progress


def preview(run: Progress) -> None:
    """List in the report, and count, what would be sent and who would leave."""
    for counter, title, condition in (
        ("renamed", _("change the address"), removals.renames),
        ("unsubscribed", _("unsubscribe"), removals.unsubscribes),
        ("archived", _("archive"), removals.archives),
    ):
        _tell(run, counter, title, _members(condition), removals.count(condition))
    for counter, title, condition in (
        ("added", _("add"), push.unknown),
        ("restored", _("bring back"), push.back),
        ("updated", _("update"), push.changed),
    ):
        _tell(run, counter, title, _wanted(condition), push.count(condition))
    run.counters["leaving"] = run.counters["unsubscribed"] + run.counters["archived"]
    db.session.rollback()


def _tell(run: Progress, counter: str, title: str, emails: Iterable[str], number: int) -> None:
    run.counters[counter] = number
    for email in emails:
        run.note(f"{title}: {email}")


def _members(condition: Any) -> Iterable[str]:
    last = 0
    while rows := list(db.session.execute(removals.list_rows(condition, last))):
        last = rows[-1].id
        yield from (row.email for row in rows)


def _wanted(condition: Any) -> Iterable[str]:
    for rows in push.batches(condition):
        yield from (row.email for row in rows)
