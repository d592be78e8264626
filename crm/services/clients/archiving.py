"""Archiving a client, moving it to the trash, and back. The callers commit."""

from flask_babel import gettext as _

from crm.errors import StateConflict
from crm.extensions import db
from crm.models import Client
from crm.models.types import utc_now
from crm.security.visibility import including_hidden
from crm.services.history.log import operation


def archive(client: Client) -> None:
    """Take a client out of lists, board and pickers; its card, history and API stay."""
    if client.archived_at is None:
        with operation("archive", client_id=client.id):
            client.archived_at = utc_now()
            db.session.flush()


def restore(client: Client) -> None:
    """Bring an archived client back."""
    if client.archived_at is not None:
        with operation("restore", client_id=client.id):
            client.archived_at = None
            db.session.flush()


def move_to_trash(client: Client) -> None:
    """Let a client vanish, with everything of it, until it is restored or purged."""
    with operation("trash", client_id=client.id), including_hidden():
        client.deleted_at = utc_now()
        db.session.flush()


def restore_from_trash(client: Client) -> None:
    """Bring a client back from the trash as it was. Raises StateConflict where it is not there."""
    if client.deleted_at is None:
        raise StateConflict(_("This client is not in the trash."))
    with operation("restore", client_id=client.id), including_hidden():
        client.deleted_at = None
        db.session.flush()
