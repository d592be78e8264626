"""What is set on a client by more than one column: consent, assignees, tags; and its lock."""

from collections.abc import Iterable
from typing import Any

from flask_appbuilder.security.sqla.models import User

from crm.extensions import db
from crm.models import Client
from crm.models.base import Base
from crm.models.folding import fold
from crm.models.types import utc_now
from crm.security.viewer import actor_id
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


def lock(item: Base) -> None:
    """Hold a client or record until the transaction ends, and see it as it is now."""
    db.session.refresh(item, with_for_update={"of": type(item)})
