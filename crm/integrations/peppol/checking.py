"""Companies checked in Peppol: one at somebody's wish, and in the background those whose answer is due.

What is due shows from the rows alone: nothing known, known of other numbers than the client has, or old. So
no way of changing a client has to tell.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import Select, exists, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from crm.extensions import db
from crm.integrations.calls import CallLog
from crm.integrations.peppol.identifiers import candidates
from crm.integrations.peppol.lookup import Failed, Peppol
from crm.integrations.peppol.settings import asks_everybody, zone
from crm.models import Client, PeppolStatus
from crm.models.types import utc_now
from crm.security.visibility import as_system
from crm.services.clients import peppol
from crm.services.progress import CannotWork, Progress

SERVICE = "peppol"
GOOD_FOR, FIRST_PAUSE, LONGEST_PAUSE = timedelta(days=30), timedelta(hours=1), timedelta(days=1)
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
    now = utc_now()
    fresh: dict[str, Any] = {"tried_at": now, "failures": 0, "error": "", "next_at": now + GOOD_FOR}
    wanted = candidates(asked.peppol_id, asked.tax_id_key)
    if not wanted:
        _keep(asked, {**NOTHING, **fresh, "error": "scheme"})
        return ""
    try:
        found = network.find(wanted, pause)
    except Failed as failure:
        before = _failures_before(asked)
        failures = min((before or 0) + 1, 20)
        next_at = now + min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE)
        kept = NOTHING if before is None else {}
        _keep(asked, {**kept, **fresh, "failures": failures, "error": failure.kind, "next_at": next_at})
        return failure.kind
    answer = {**NOTHING, **fresh, "registered": found is not None, "checked_at": now}
    if found:
        answer |= {
            "receives_invoices": found.receives_invoices, "identifier": found.identifier,
            "host": found.host, "documents": found.documents[:MOST_DOCUMENTS],
        }  # fmt: skip
    _keep(asked, answer)
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
                run.progress("", done, len(rows))
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
    basis = peppol.basis_of(clients.c)
    return (
        select(clients.c.id, clients.c.peppol_id, clients.c.tax_id_key)
        .join(statuses, statuses.c.client_id == clients.c.id, isouter=asks_everybody())
        .where(
            peppol.can_be_asked(clients.c),
            clients.c.deleted_at.is_(None), clients.c.merged_into_id.is_(None), clients.c.archived_at.is_(None),
            or_(statuses.c.id.is_(None), statuses.c.next_at <= utc_now(), statuses.c.basis != basis),
        )
    )  # fmt: skip


def is_any_due() -> bool:
    """Whether the background has companies to ask for."""
    return bool(db.session.connection().scalar(select(exists(due()))))


def _failures_before(asked: Asked) -> int | None:
    """How many look-ups of these numbers have failed in a row; None where there was none of them."""
    mine = (statuses.c.client_id == asked.client_id) & (statuses.c.basis == asked.basis)
    return db.session.connection().scalar(select(statuses.c.failures).where(mine))


def _keep(asked: Asked, values: dict[str, Any]) -> None:
    dialect: Any = sqlite if db.engine.dialect.name == "sqlite" else postgresql
    values = {"basis": asked.basis, **values}
    adding = dialect.insert(statuses).values(client_id=asked.client_id, **{**NOTHING, **values})
    try:
        db.session.connection().execute(
            adding.on_conflict_do_update(index_elements=["client_id"], set_=values)
        )
        db.session.commit()
    except IntegrityError:  # the client was deleted for good meanwhile
        db.session.rollback()
