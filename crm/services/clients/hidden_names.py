"""The names of clients that the viewer may not see, for records there that the viewer is to do all the same."""

from typing import Any

from flask import g, has_request_context
from sqlalchemy import inspect, select
from sqlalchemy.orm import object_session

from crm.extensions import db
from crm.models import Client
from crm.models.base import OptionalClientOwned, SharedRecord


def hidden_client_name(item: Any) -> str:
    """The name of the hidden client of a record that may stand without one; blank for any other record.

    Of a record that is seen for the sake of another of its clients, the hidden ones are not named.

    The name alone is told, read by the table's own columns, which visibility does not narrow. Asked once for
    all such records that a request has loaded. A client in the trash has none.
    """
    if not isinstance(item, OptionalClientOwned) or isinstance(item, SharedRecord) or not item.client_id:
        return ""
    known: dict[int, str] = g.setdefault("hidden_client_names", {}) if has_request_context() else {}
    if item.client_id not in known:
        ids = {item.client_id, *_loaded_client_ids(item)} - set(known)
        client = Client.__table__.c
        asked = select(client.id, client.name).where(client.id.in_(ids), client.deleted_at.is_(None))
        known |= dict.fromkeys(ids, "")
        known |= {row.id: row.name for row in db.session.connection().execute(asked)}
    return known[item.client_id]


def _loaded_client_ids(item: Any) -> set[int]:
    session = object_session(item)
    rows = session.identity_map.values() if session else ()
    found = (inspect(row).dict.get("client_id") for row in rows if isinstance(row, OptionalClientOwned))
    return {number for number in found if number}
