"""The records whose words change hands when a client becomes sensitive, or is so no longer."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.models import Client
from crm.models.base import has_changed
from crm.registry import RecordType, registry
from crm.services.lists.attached import of_client


def guarded_records(session: Session) -> list[tuple[RecordType, Any]]:
    """The records with something to hide of the clients that the current flush marks, or frees of the mark."""
    marked = [
        item.id for item in session.dirty if isinstance(item, Client) and has_changed(item, "sensitive")
    ]
    return [
        (record, item)
        for client_id in marked
        for record in registry().of_client()
        if record.guarded and record.model is not Client
        for item in session.scalars(select(record.model).where(of_client(record, client_id)))
    ]
