"""What the timelines of clients say of their contacts: who came, who went, who was made one with another.

The name of the contact stands in the entry; that of the other client is asked for when the timeline is read,
by whoever sees it.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import event, update
from sqlalchemy.orm import Session

from crm.models import Contact, TimelineEntry
from crm.models.base import changes_of
from crm.services.history import log as history
from crm.services.timeline.entries import add_client_entries

entries = TimelineEntry.__table__


def tell(session: Session, operation: int, kind: str, names: Mapping[int, str]) -> None:
    """Note on each client's timeline (client id -> name of the contact) what became of a contact."""
    add_client_entries(session, operation, dict.fromkeys(names, kind))
    for client_id, name in names.items():
        mine = (entries.c.operation_id == operation) & (entries.c.client_id == client_id)
        session.connection().execute(
            update(entries).where(mine, entries.c.table_name.is_(None)).values(summary=name[:200])
        )


@event.listens_for(Session, "after_flush")
def _tell_moves(session: Session, *_args: Any) -> None:
    """A contact that goes to another client, whoever moves it and how, is told of on both timelines."""
    for contact in [item for item in session.dirty if isinstance(item, Contact)]:
        before = changes_of(contact, "client_id")
        if not before.has_changes() or not before.deleted or before.deleted[0] is None:
            continue
        left, reached = before.deleted[0], contact.client_id
        number = history.operation_id(session, "contact_move", reached)
        history.add_details(session, from_id=left, to_id=reached)
        tell(session, number, "contact_move", dict.fromkeys((left, reached), told_name(contact)))


def told_name(contact: Contact) -> str:
    """First and last name: what else a contact could be called by may be hidden at one of its clients."""
    return " ".join(filter(None, (contact.first_name, contact.last_name))) or "—"
