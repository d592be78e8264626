"""Addresses that must not be subscribed again. Only the person's own opt-in takes one away."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite

from crm.extensions import db
from crm.models import EmailSuppression
from crm.models.types import utc_now

suppressed = EmailSuppression.__table__
#: What the person can take back by subscribing at Mailchimp's own form.
OWN_WORD = ("unsubscribed", "forgotten", "crm_optout")


def suppress(hash_: str, reason: str, source: str, since: datetime | None = None) -> bool:
    """Keep the address out from now on; False where it was out already."""
    dialect: Any = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    row = {"hash": hash_, "reason": reason, "source": source, "since": since or utc_now()}
    added = dialect.insert(suppressed).values(row).on_conflict_do_nothing().returning(suppressed.c.id)
    return db.session.scalar(added) is not None


def suppressions_of(hashes: list[str]) -> dict[str, Any]:
    """The suppressions of these addresses, by hash."""
    return {
        row.hash: row for row in db.session.execute(suppressed.select().where(suppressed.c.hash.in_(hashes)))
    }


def lift(hash_: str) -> None:
    """The person came back by themselves."""
    db.session.execute(delete(suppressed).where(suppressed.c.hash == hash_))
