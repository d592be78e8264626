"""The setting that no two clients have one tax ID, and what holds every write to it.

Archived, trashed and invisible clients count; those merged away do not. What is there twice already stays until it
is merged; merges, restoring and undo always work. It is asked at the flush, so that no way of writing passes by.
"""

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.errors import RuleError
from crm.models import Client, Setting
from crm.models.base import has_changed
from crm.security.masking import may_see_sensitive
from crm.security.visibility import including_hidden
from crm.services.duplicates.blocking import key_of
from crm.services.kept_settings import get_setting, keep_setting

KEY = "unique_tax_id"
#: Operations that bring together or back what was there.
EXEMPT = frozenset({"merge", "unmerge", "undo", "to_contact"})

clients = Client.__table__


class TaxIdTaken(RuleError):
    """Another client has this tax ID."""

    code = 409


def is_unique() -> bool:
    """Whether a second client with a tax ID is refused."""
    return bool(get_setting(KEY))


def set_unique(unique: bool) -> None:
    """Refuse a second client with a tax ID from now on, or do not. The caller commits."""
    keep_setting(KEY, unique)


def check_tax_ids(session: Session) -> None:
    """Called before a flush, with its clients put right. Raises TaxIdTaken."""
    given = [item for item in (*session.new, *session.dirty) if _gets_one(item)]
    if not given or (session.info.get("operation_hint") or ("",))[0] in EXEMPT:
        return
    with session.no_autoflush:
        if not session.scalar(select(Setting.value).where(Setting.key == KEY)):
            return
        wanted = {item.tax_id_key for item in given}
        _wait_for_others(session, wanted)
        other = _other_with(session, wanted, {item.id for item in given if item.id})
        if other is not None:
            raise TaxIdTaken(_words(session, other), field="tax_id")
    if len(wanted) < len(given):
        raise TaxIdTaken(_("Another client has this tax ID already."), field="tax_id")


def _gets_one(item: Any) -> bool:
    return isinstance(item, Client) and bool(item.tax_id_key) and has_changed(item, "tax_id_key")


def _wait_for_others(session: Session, wanted: set[str]) -> None:
    """Let whoever writes one of these at the same time finish first. On SQLite nobody does."""
    if session.get_bind().dialect.name == "postgresql":
        for number in sorted(key_of("unique", one) for one in wanted):
            session.connection().execute(select(func.pg_advisory_xact_lock(number)))


def _other_with(session: Session, wanted: set[str], own: set[int]) -> int | None:
    asked = select(clients.c.id).where(
        clients.c.tax_id_key.in_(wanted), clients.c.merged_into_id.is_(None), clients.c.id.not_in(own)
    )
    return session.connection().scalar(
        asked.order_by(clients.c.deleted_at.is_not(None), clients.c.id).limit(1)
    )


def _words(session: Session, number: int) -> str:
    """What is told of the other client: as much as the viewer may know."""
    with including_hidden():
        other = session.scalar(select(Client).where(Client.id == number))
    if other is None:
        return _("A client that you can't see has this tax ID. Ask an admin.")
    if other.sensitive and not may_see_sensitive():
        return _("Another client has this tax ID already.")
    if other.deleted_at is not None:
        return _("“%(name)s” in the trash has this tax ID. Restore it instead.", name=other.name)
    if other.archived:
        return _("“%(name)s” in the archive has this tax ID. Restore it instead.", name=other.name)
    return _("“%(name)s” has this tax ID already.", name=other.name)
