"""Companies looked up in the white list: one at somebody's wish, and in the background those whose answer is due.

The list answers 100 questions a day, of up to 30 numbers each. The log of calls tells how many were put.
"""

import time
from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import exists, func, select

from crm.extensions import db
from crm.integrations.calls import CallLog, seems_down
from crm.integrations.vat.settings import asked_in_background, check_switched_on
from crm.integrations.vat.status import Asked, clients, due, keep_answer, keep_failure
from crm.integrations.white_list.client import MOST, Answer, Entry, Failed, WhiteList
from crm.models import IntegrationCall
from crm.models.types import utc_now
from crm.models.vat_number import read_nip
from crm.security.visibility import as_system
from crm.services.clients.vat import WHITE_LIST
from crm.services.progress import CannotWork, Progress

#: Questions a day; the background leaves the rest to people.
DAILY, FOR_BACKGROUND = 100, 70
#: What the list answers from then on until midnight.
USED_UP = "WL-191"
#: Questions of one run, and seconds between two.
QUESTIONS, PACE = 30, 1.0
#: So many failures one after the other, and the list is down.
MOST_FAILURES = 2
POLAND = ZoneInfo("Europe/Warsaw")

calls = IntegrationCall.__table__


def search(nips: Sequence[str], log: CallLog, daily: int = DAILY) -> Answer:
    """What the list says of these today, where today's questions are not used up. Raises Failed.

    Ends the open transaction.
    """
    if spent_today() >= daily:
        raise Failed("limit", "today's questions are used up")
    db.session.rollback()  # no lock is held while somebody else is waited for
    url = current_app.config.get("WHITE_LIST_API_URL") or ""
    return WhiteList(url, allow_private=bool(url), on_call=log.add).search(nips, today())


def today() -> date:
    """The day in Poland; the list answers no questions about tomorrow."""
    return utc_now().astimezone(POLAND).date()


def spent_today() -> int:
    """How many questions were put since midnight in Poland; all of them where the list said so."""
    midnight = datetime.combine(today(), datetime.min.time(), POLAND)
    put = select(func.count(), func.count().filter(calls.c.error.startswith(USED_UP))).where(
        calls.c.service == WHITE_LIST, calls.c.at >= midnight
    )
    number, refused = db.session.connection().execute(put).one()
    return DAILY if refused else number


def check_now(asked: Asked) -> None:
    """Ask at somebody's wish, within seconds; the answer stands in the row. Ends the open transaction."""
    log = CallLog(WHITE_LIST)
    check([asked], log, DAILY)
    log.write()


def check(companies: Sequence[Asked], log: CallLog, daily: int) -> tuple[int, str]:
    """Ask for several, and keep the answers; gives how many there are, and the kind of failure of all, blank for none.

    Commits, and is called with no open transaction.
    """
    numbers = {asked: read_nip(asked.tax_id_key) for asked in companies}
    askable = sorted({number for number in numbers.values() if number})
    try:
        answer = search(askable, log, daily) if askable else Answer("", "", {})
    except Failed as failure:
        for asked, number in numbers.items():
            keep_failure(WHITE_LIST, asked, failure.kind if number else "number")
        return 0, failure.kind
    known = 0
    for asked, number in numbers.items():
        said = answer.entries[number] if number else Failed("number", "no NIP")
        if isinstance(said, Failed):
            keep_failure(WHITE_LIST, asked, said.kind)
        else:
            keep_answer(WHITE_LIST, asked, f"PL{number}", values_of(said, answer))
            known += 1
    return known, ""


def values_of(said: Entry, answer: Answer) -> dict[str, object]:
    return {
        "answer": said.status, "name": said.name, "address": said.address, "registered_on": said.registered_on,
        "removed_on": said.removed_on, "accounts": " ".join(said.accounts), "virtual": said.has_virtual_accounts,
        "reference": answer.reference, "reference_at": answer.at,
    }  # fmt: skip


def check_due(run: Progress, pace: float = PACE) -> None:
    """The background's run: a portion of the companies that are due, as far as the day's questions go."""
    log = CallLog(WHITE_LIST)
    failed = 0
    with as_system():
        check_switched_on(WHITE_LIST)
        wanted = due(WHITE_LIST).order_by(clients.c.id).limit(QUESTIONS * MOST)
        rows = [Asked(*row) for row in db.session.connection().execute(wanted).all()]
        db.session.rollback()
        for done in range(0, len(rows), MOST):
            portion = rows[done : done + MOST]
            run.progress(_("Asking the white list"), done, len(rows))
            if done:
                time.sleep(pace)
            if spent_today() >= FOR_BACKGROUND:
                break
            known, problem = check(portion, log, FOR_BACKGROUND)
            log.write()
            run.count("checked", known)
            run.count("failed", len(portion) - known)
            failed = failed + 1 if problem else 0
            if problem in ("limit", "updating"):
                break
            if failed == MOST_FAILURES:
                raise CannotWork(
                    _("The white list does not answer. The companies that are due are asked later.")
                )


def is_any_due() -> bool:
    """Whether the background has companies to ask for, and may ask today."""
    if WHITE_LIST not in asked_in_background() or seems_down(WHITE_LIST, MOST_FAILURES):
        return False
    if spent_today() >= FOR_BACKGROUND:
        return False
    return bool(db.session.connection().scalar(select(exists(due(WHITE_LIST)))))
