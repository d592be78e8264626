"""The names that other systems have for contacts."""

from flask_babel import gettext as _
from sqlalchemy import select

from crm.errors import RuleError
from crm.models import Contact, ContactExternalId
from crm.models.types import utc_now
from crm.security.visibility import as_system, including_hidden


def set_external_id(contact: Contact, external_id: str | None, app_code: str = "") -> None:
    """Give a contact its ID in another system (blank: the default one), or take it away.

    Raises RuleError where another contact has it, in the trash or out of sight too.
    """
    if contact.external_id_of(app_code) == external_id:
        return
    own = {(e.app_code, e.external_id): e for e in contact.external_ids}
    shown = next((e for e in contact.external_ids if e.app_code == app_code and not e.alias), None)
    if external_id is None:
        contact.external_ids.remove(shown)
        return
    alias = own.get((app_code, external_id))
    if alias is None and is_taken(app_code, external_id):
        raise RuleError(_("Another contact has this external ID."), field="external_id")
    # it stands in a row of its own: so that whoever asks what changed since is told
    contact.changed_at = utc_now()
    if alias is not None:
        alias.alias = False
        if shown is not None:
            shown.alias = True
    elif shown is not None:
        shown.external_id = external_id
    else:
        contact.external_ids.append(ContactExternalId(app_code=app_code, external_id=external_id))


def is_taken(app_code: str, external_id: str) -> bool:
    """Whether a contact has this external ID, in the trash or out of sight too."""
    with including_hidden(), as_system() as session:
        asked = select(ContactExternalId.id).where(
            ContactExternalId.app_code == app_code, ContactExternalId.external_id == external_id
        )
        return session.scalar(asked) is not None
