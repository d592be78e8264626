"""Companies checked in Peppol: one at somebody's wish, and in the background those whose answer is due."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import Select, exists, select

from crm.extensions import db
from crm.integrations.asking_again import Answers
from crm.integrations.calls import CallLog, seems_down
from crm.integrations.peppol.identifiers import candidates
from crm.integrations.peppol.lookup import Failed, Peppol
from crm.integrations.peppol.settings import asks_everybody, zone
from crm.models import Client, PeppolStatus
from crm.models.types import utc_now
from crm.security.visibility import as_system
from crm.services.clients import peppol
from crm.services.progress import CannotWork, Progress

SERVICE = "peppol"
#: Companies in one run; others of the background's work get their turn in between.
PORTION = 200
#: So many failures one after the other, and the network is down, not the companies.
MOST_FAILURES = 5
#: Seconds between two look-ups of a run.
PACE = 0.5
#: What is kept of a long list of document types.
MOST_DOCUMENTS = 200

#: What a row says as long as nothing is known.
NOTHING: dict[str, Any] = {
    "registered": None, "receives_invoices": False, "identifier": "", "host": "", "documents": [],
    "checked_at": None,
}  # fmt: skip

clients, statuses = Client.__table__, PeppolStatus.__table__
kept = Answers(statuses, NOTHING)


@dataclass(frozen=True)
class Asked:
    """A company and the numbers it is asked for by."""

    client_id: int
    peppol_id: str | None
    tax_id_key: str | None

    @property
    def basis(self) -> str:
        return peppol.basis(self.peppol_id, self.tax_id_key)


def connect(log: CallLog, seconds: float = 10) -> Peppol:
    """The network as this installation is set up to see it."""
    config = current_app.config
    return Peppol(
        zone(), config.get("PEPPOL_DNS") or "",
        allow_private=bool(config.get("PEPPOL_ALLOW_PRIVATE")), seconds=seconds, on_call=log.add,
    )  # fmt: skip


def check(asked: Asked, network: Peppol, pause: Callable[[], None] = lambda: None) -> str:
    """Ask, and keep the answer; gives the kind of failure, blank for none.

    Commits, and is called with no open transaction, since it may take seconds.
    """
    key = {"client_id": asked.client_id}
    wanted = candidates(asked.peppol_id, asked.tax_id_key)
    if not wanted:
        kept.keep_failure(key, asked.basis, "scheme", is_passing=False)
        return ""
    try:
        found = network.find(wanted, pause)
    except Failed as failure:
        kept.keep_failure(key, asked.basis, failure.kind)
        return failure.kind
    answer = {**NOTHING, "registered": found is not None, "checked_at": utc_now()}
    if found:
        answer |= {
            "receives_invoices": found.receives_invoices, "identifier": found.identifier,
            "host": found.host, "documents": found.documents[:MOST_DOCUMENTS],
        }  # fmt: skip
    kept.keep(key, asked.basis, answer)
    return ""


def check_now(asked: Asked) -> None:
    """Ask at somebody's wish, within seconds; the answer stands in the row. Ends the open transaction."""
    db.session.rollback()
    log = CallLog(SERVICE)
    check(asked, connect(log))
    log.write()


def check_due(run: Progress, pace: float = PACE) -> None:
    """The background's run: the companies that are due, one portion of them."""
    log = CallLog(SERVICE)
    network = connect(log, seconds=20)
    slot = time.monotonic()

    def pause() -> None:
        nonlocal slot
        time.sleep(max(0.0, slot - time.monotonic()))
        slot = time.monotonic() + pace

    failed = 0
    with as_system():
        rows = db.session.connection().execute(due().order_by(clients.c.id).limit(PORTION)).all()
        db.session.rollback()
        try:
            for done, row in enumerate(rows):
                run.progress(_("Asking Peppol"), done, len(rows))
                problem = check(Asked(*row), network, pause)
                run.count("failed" if problem else "checked")
                failed = failed + 1 if problem else 0
                if failed == MOST_FAILURES:
                    raise CannotWork(_("Peppol does not answer. The companies that are due are asked later."))
        finally:
            log.write()


def due() -> Select[Any]:
    """(id, Peppol ID, tax ID with country) of the companies whose answer is about other numbers, or old, or missing:
    the last where everybody is asked about."""
    return (
        select(clients.c.id, clients.c.peppol_id, clients.c.tax_id_key)
        .join(statuses, statuses.c.client_id == clients.c.id, isouter=asks_everybody())
        .where(peppol.can_be_asked(clients.c), kept.are_due(peppol.basis_of(clients.c)))
    )


def is_any_due() -> bool:
    """Whether the background has companies to ask for, and the network is not known to be down."""
    if seems_down(SERVICE, MOST_FAILURES):
        return False
    return bool(db.session.connection().scalar(select(exists(due()))))
