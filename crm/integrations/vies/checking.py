"""Companies checked in VIES: one at somebody's wish, and in the background those whose answer is due."""

import time
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import Select, exists, func, select

from crm.extensions import db
from crm.integrations.calls import CallLog, seems_down
from crm.integrations.turns import take_turn
from crm.integrations.vat.settings import asked_in_background, check_switched_on
from crm.integrations.vat.status import Asked, clients, due, keep_answer, keep_failure
from crm.integrations.vies.client import Failed, Vies
from crm.models.company import Company
from crm.models.identifiers import tax_id_key
from crm.models.vat_number import VatNumber, read_number
from crm.security.visibility import as_system
from crm.services.clients.vat import VIES
from crm.services.progress import CannotWork, Progress

#: Companies in one run; others of the background's work get their turn in between.
PORTION = 200
#: So many failures one after the other, and VIES is down, not single countries.
MOST_FAILURES = 3
#: Seconds between two checks of a run, and between two of one country by all processes together.
PACE = 1.0


def connect(log: CallLog, seconds: float = 15) -> Vies:
    """The service as this installation is set up. `VIES_OPTIONS` may hold shorter waits, for tests."""
    config = current_app.config
    url = config.get("VIES_API_URL") or ""
    options: dict[str, Any] = {"turn": lambda country: take_turn(f"vies {country}", PACE)}
    options |= config.get("VIES_OPTIONS") or {}
    return Vies(
        url, our_number(), allow_private=bool(url), **{"seconds": seconds, "on_call": log.add, **options}
    )


def our_number() -> VatNumber | None:
    """The VAT number of our own company: who asks, for the consultation number."""
    row = db.session.execute(select(Company.tax_id, Company.country).order_by(Company.id)).first()
    return read_number(tax_id_key(row.tax_id, row.country)) if row else None


def check(asked: Asked, vies: Vies) -> str:
    """Ask, and keep the answer; gives the kind of failure, blank for none.

    Commits, and is called with no open transaction, since it may take seconds.
    """
    number = read_number(asked.tax_id_key)
    if number is None:
        keep_failure(VIES, asked, "number")
        return ""
    try:
        found = vies.check(number)
    except Failed as failure:
        keep_failure(VIES, asked, failure.kind)
        return "" if failure.kind == "number" else failure.kind
    answer = {
        "answer": "registered" if found.is_valid else "not_registered", "name": found.name,
        "address": found.address, "reference": found.reference, "reference_at": found.day,
    }  # fmt: skip
    keep_answer(VIES, asked, str(number), answer, "requester" if found.is_requester_refused else "")
    return ""


def check_now(asked: Asked) -> None:
    """Ask at somebody's wish, within seconds; the answer stands in the row. Ends the open transaction."""
    log = CallLog(VIES)
    vies = connect(log)
    db.session.rollback()  # no lock is held while somebody else is waited for
    check(asked, vies)
    log.write()


def check_due(run: Progress, pace: float = PACE) -> None:
    """The background's run: a portion of the companies that are due, country by country in turn.

    A country that is down is asked no more in this run; its companies stay due.
    """
    log = CallLog(VIES)
    down: set[str] = set()
    failed = 0
    with as_system():
        check_switched_on(VIES)
        vies = connect(log, seconds=30)
        rows = [Asked(*row) for row in db.session.connection().execute(portion()).all()]
        db.session.rollback()
        try:
            for done, asked in enumerate(rows):
                run.progress(_("Asking VIES"), done, len(rows))
                country = asked.tax_id_key[:2]
                if country in down:
                    continue
                time.sleep(pace)
                problem = check(asked, vies)
                run.count("failed" if problem else "checked")
                if problem == "country":
                    down.add(country)
                failed = failed + 1 if problem in ("down", "blocked", "answer") else 0
                if failed == MOST_FAILURES:
                    raise CannotWork(_("VIES does not answer. The companies that are due are asked later."))
        finally:
            log.write()


def portion() -> Select[Any]:
    """Companies that are due, the first of each country, then the second of each …"""
    country = func.substr(clients.c.tax_id_key, 1, 2)
    place = func.row_number().over(partition_by=country, order_by=clients.c.id).label("place")
    rows = due(VIES).add_columns(place).subquery()
    return select(rows.c.id, rows.c.tax_id_key).order_by(rows.c.place, rows.c.id).limit(PORTION)


def is_any_due() -> bool:
    """Whether the background has companies to ask for, and VIES is not known to be down."""
    if VIES not in asked_in_background() or seems_down(VIES, MOST_FAILURES):
        return False
    return bool(db.session.connection().scalar(select(exists(due(VIES)))))
