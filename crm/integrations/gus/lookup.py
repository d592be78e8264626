"""Looking a company up by NIP: asked at most once a day, each failure told in words."""

from datetime import timedelta

from flask_babel import gettext as _
from sqlalchemy import delete, select
from stdnum.pl import nip

from crm.database import insert_or_replace
from crm.extensions import db
from crm.integrations.calls import CallLog
from crm.integrations.gus.client import GusError, KeyRefused, Refused, SessionExpired
from crm.integrations.gus.company import read_companies
from crm.integrations.gus.settings import SESSION, connect, get_key
from crm.integrations.offers import Found, NoAnswer
from crm.models import GusAnswer
from crm.models.identifiers import tax_id_key
from crm.models.types import utc_now
from crm.services.secret_settings import forget_secret, get_secret, keep_secret

KEPT = timedelta(hours=24)

answers = GusAnswer.__table__


def look_up(tax_id: str, country: str | None, anew: bool = False) -> Found:
    """What GUS has under a tax ID; commits. anew: also where it was asked today. Raises NoAnswer."""
    number = read_nip(tax_id, country)
    kept = db.session.execute(
        select(answers.c.at, answers.c.rows).where(answers.c.nip == number, answers.c.at > utc_now() - KEPT)
    ).first()
    if kept and not anew:
        return Found(number, kept.at, read_companies(kept.rows))
    key = get_key()
    if not key:
        raise NoAnswer(_("Look-ups in GUS need a key: an admin sets it in Settings, GUS."))
    rows = _ask(key, number)
    if not rows:
        raise NoAnswer(_("GUS knows no company with the NIP %(nip)s.", nip=number))
    now = utc_now()
    db.session.execute(delete(answers).where(answers.c.at < now - KEPT))
    db.session.execute(insert_or_replace(db.session.connection(), answers, nip=number, at=now, rows=rows))
    db.session.commit()
    return Found(number, now, read_companies(rows))


def read_nip(tax_id: str, country: str | None) -> str:
    """The ten digits of a Polish tax ID. Raises NoAnswer for what is none."""
    found = tax_id_key(tax_id, country) or ""
    if not found:
        raise NoAnswer(_("Type the NIP first."))
    if not found.startswith("PL"):
        raise NoAnswer(_("GUS knows Polish companies only; this tax ID is of another country."))
    if not nip.is_valid(found[2:]):
        raise NoAnswer(_("This is no NIP: it has ten digits, and the last one must fit the others."))
    return nip.compact(found[2:])


def try_key(key: str) -> None:
    """Whether GUS opens a session with a key. Raises NoAnswer."""
    calls = CallLog("gus")
    db.session.rollback()  # no lock is held while somebody else is waited for
    try:
        connect(key, calls.add).log_in()
    except GusError as error:
        raise NoAnswer(in_words(error)) from error
    finally:
        calls.write()


def _ask(key: str, number: str) -> list[dict[str, str]]:
    calls, sid = CallLog("gus"), get_secret(SESSION) or ""
    gus = connect(key, calls.add, sid)
    db.session.rollback()  # no lock is held while somebody else is waited for
    try:
        return gus.find(number)
    except GusError as error:
        raise NoAnswer(in_words(error)) from error
    finally:
        calls.write()
        if gus.sid != sid:
            keep_secret(SESSION, gus.sid) if gus.sid else forget_secret(SESSION)
            db.session.commit()


def in_words(error: GusError) -> str:
    """What went wrong, for who asked."""
    if isinstance(error, KeyRefused):
        return _("GUS refuses the key. An admin checks it in Settings, GUS.")
    if isinstance(error, SessionExpired):
        return _("GUS ended the session twice. Try again in a minute.")
    if isinstance(error, Refused):
        return _("GUS refuses: %(error)s", error=error)
    return _("GUS does not answer. Try again later, or type the data yourself.")
