"""What is set on a client by more than one column: consent, assignees, tags, external IDs; and its lock."""

from collections.abc import Iterable
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from sqlalchemy import select

from crm.errors import RuleError
from crm.extensions import db
from crm.models import Client, ClientExternalId
from crm.models.base import Base
from crm.models.folding import fold
from crm.models.types import utc_now
from crm.security.viewer import actor_id
from crm.security.visibility import as_system, including_hidden
from crm.services.clients.tags import get_tag


def set_consent(client: Client, consent: bool | None, source: str | None = None) -> None:
    """Note consent to marketing with when, from where and by whom; nothing happens where it is so already."""
    if client.consent is consent:
        return
    client.consent = consent
    client.consent_at = utc_now() if consent is not None else None
    client.consent_source = source if consent is not None else None
    client.consent_by_id = actor_id() if consent is not None else None


def assign(item: Any, users: Iterable[User]) -> None:
    """Make these the assignees of a client or a task, in this order; who stays keeps their row."""
    item.assignees = users


def names_of_tags(text: str | Iterable[str] | None) -> list[str]:
    """The names in a comma-separated text, or in a list of such texts; each once, whatever its case."""
    parts = [text] if isinstance(text, str) else list(text or ())
    names = [" ".join(name.split()) for part in parts for name in part.split(",")]
    return list({fold(name): name for name in reversed(names) if fold(name)}.values())[::-1]


def set_tags(item: Any, names: Iterable[str], may_create: bool) -> None:
    """Make these the tags of a client or a contact, by name. Raises RuleError for one that may not be made."""
    with db.session.no_autoflush:
        item.tags = [get_tag(name, may_create) for name in names]


def set_external_id(client: Client, external_id: str | None, app_code: str = "") -> None:
    """Give a client its ID in another system (blank: the default one), or take it away.

    Raises RuleError where another client has it, in the trash or out of sight too.
    """
    own = {(e.app_code, e.external_id): e for e in client.external_ids}
    shown = next((e for e in client.external_ids if e.app_code == app_code and not e.alias), None)
    if external_id is None:
        if shown is not None:
            client.external_ids.remove(shown)
        return
    if shown is not None and shown.external_id == external_id:
        return
    alias = own.get((app_code, external_id))
    if alias is None and is_taken(app_code, external_id):
        raise RuleError(_("Another client has this external ID."), field="external_id")
    if alias is not None:
        alias.alias = False
        if shown is not None:
            shown.alias = True
    elif shown is not None:
        shown.external_id = external_id
    else:
        client.external_ids.append(ClientExternalId(app_code=app_code, external_id=external_id))


def is_taken(app_code: str, external_id: str) -> bool:
    """Whether a client has this external ID, in the trash or out of sight too."""
    with including_hidden(), as_system() as session:
        asked = select(ClientExternalId.id).where(
            ClientExternalId.app_code == app_code, ClientExternalId.external_id == external_id
        )
        return session.scalar(asked) is not None


def lock(item: Base) -> None:
    """Hold a client or record until the transaction ends, and see it as it is now."""
    db.session.refresh(item, with_for_update={"of": type(item)})
