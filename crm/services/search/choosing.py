"""What a choice field offers for what was typed: records by the beginnings of their words."""

from typing import Any

from sqlalchemy import ColumnElement, inspect, or_, select
from sqlalchemy.orm import selectinload

from crm.extensions import db
from crm.models import Client, Product, SearchEntry
from crm.models.base import OptionalClientOwned
from crm.registry import RecordType
from crm.security.masking import shown
from crm.services.lists.attached import of_client
from crm.services.search.entries import MOST_CANDIDATES, matches

MOST_SUGGESTIONS = 20


def choices(
    record: RecordType,
    typed: str = "",
    client_id: int | None = None,
    archived: bool = False,
    only: ColumnElement[bool] | None = None,
) -> list[tuple[Any, str]]:
    """(record, hint) of what the viewer may choose; the newest where nothing is typed.

    What is not active is not offered. client_id: only the records of this client, and those of no client.
    archived: archived clients as well. only: those that meet it.
    The hint tells records with the same name apart.
    """
    model: Any = record.model
    asked = select(model).limit(MOST_SUGGESTIONS)
    if typed.strip() and record.search:
        entries = select(SearchEntry.row_id).where(SearchEntry.table_name == record.key, matches(typed))
        asked = asked.where(model.id.in_(entries.limit(MOST_CANDIDATES)))
        asked = asked.order_by(*_by_name(model), model.id.desc())
    else:
        asked = asked.order_by(model.id.desc())
    if only is not None:
        asked = asked.where(only)
    if model is Client and not archived:
        asked = asked.where(Client.archived_at.is_(None))
    if "active" in inspect(model).columns:
        asked = asked.where(model.active)
    if client_id is not None and record.of_client:
        mine = of_client(record, client_id)
        asked = asked.where(or_(mine, model.client_id.is_(None)) if may_stand_alone(model) else mine)
    if record.of_client:
        asked = asked.options(selectinload(model.client))
    return [(item, _hint(item)) for item in db.session.scalars(asked)]


def may_stand_alone(model: type) -> bool:
    """Whether the records of a model may stand without a client."""
    return issubclass(model, OptionalClientOwned)


def _by_name(model: Any) -> list[Any]:
    return [model.name_key] if "name_key" in inspect(model).columns else []


def _hint(item: Any) -> str:
    if isinstance(item, Client):
        return client_hint(item)
    if isinstance(item, Product):
        return item.sku or ""
    client = getattr(item, "client", None)
    return str(client) if client is not None else ""


def client_hint(client: Client) -> str:
    """City and e-mail, as far as the viewer may see them."""
    return " · ".join(filter(None, (client.billing_city, shown(client, "email"))))
