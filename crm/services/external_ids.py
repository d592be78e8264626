"""Giving clients and contacts the names that other systems have for them."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from crm.errors import RuleError
from crm.models import Client, ClientExternalId, Contact, ContactExternalId
from crm.models.types import utc_now
from crm.security.visibility import as_system, including_hidden

Link = type[ClientExternalId] | type[ContactExternalId]

LINKS: dict[type, Link] = {Client: ClientExternalId, Contact: ContactExternalId}
TAKEN = {
    Client: _l("Another client has this external ID."),
    Contact: _l("Another contact has this external ID."),
}


def set_external_id(owner: Client | Contact, external_id: str | None, app_code: str = "") -> None:
    """Give a client or a contact its ID in another system (blank: the default one), or take it away.

    Raises RuleError where another one has it, in the trash or out of sight too.
    """
    own = {(e.app_code, e.external_id): e for e in owner.external_ids}
    shown = next((e for e in owner.external_ids if e.app_code == app_code and not e.alias), None)
    if external_id == (shown.external_id if shown else None):
        return
    if isinstance(owner, Contact):
        # the ID stands in a row of its own: so that whoever asks what changed since is told
        owner.changed_at = utc_now()
    if external_id is None:
        owner.external_ids.remove(shown)
        return
    link = LINKS[type(owner)]
    alias = own.get((app_code, external_id))
    if alias is None and is_taken(link, app_code, external_id):
        raise RuleError(str(TAKEN[type(owner)]), field="external_id")
    if alias is not None:
        alias.alias = False
        if shown is not None:
            shown.alias = True
    elif shown is not None:
        shown.external_id = external_id
    else:
        owner.external_ids.append(link(app_code=app_code, external_id=external_id))


def is_taken(link: Link, app_code: str, external_id: str) -> bool:
    """Whether a client, or a contact, has this external ID, in the trash or out of sight too."""
    with including_hidden(), as_system() as session:
        asked = select(link.id).where(link.app_code == app_code, link.external_id == external_id)
        return session.scalar(asked) is not None
