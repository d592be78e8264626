"""The REST API of clients: the list's filters, the contract's field names, merged ones lead to their target."""

from typing import Any

from flask import abort, redirect
from sqlalchemy import Select, inspect, or_, select
from werkzeug.datastructures import MultiDict

from crm.errors import Invalid, RuleError, StateConflict
from crm.extensions import db
from crm.models import Change, Client, Operation
from crm.security.manager import may
from crm.services.attributes.order import AttributeOrder
from crm.services.attributes.values import without_masked
from crm.services.clients import archiving
from crm.services.clients import filters as client_filters
from crm.services.clients import listing as client_listing
from crm.services.clients.as_json import KEPT, NAMES, TOLD, client_json, clients_json, loaded
from crm.services.clients.reading import read_client
from crm.services.clients.redirects import find_target
from crm.services.clients.writing import Words, begun, needs, problems, write_client
from crm.services.lists.order import Order
from crm.services.timeline.entries import PARTS
from crm.views.api import client_description as client_document
from crm.views.api.attribute_schemas import with_attributes
from crm.views.api.description import content, ref
from crm.views.api.record_api import RecordApi, read_since, record_id
from crm.views.api.schemas import Schemas


class ClientApi(RecordApi):
    """The API of clients."""

    def filtered(self, args: MultiDict[str, str]) -> Select[Any]:
        return client_filters.filtered(args)

    def ordering(self, args: MultiDict[str, str]) -> Order | AttributeOrder:
        return client_listing.ordering(args)

    def changed_since(self, text: str) -> Any:
        """Tags, assignees and the like are rows of their own; the log knows when they changed."""
        since = read_since(text)
        parts = (
            select(Change.client_id)
            .join(Operation, Operation.id == Change.operation_id)
            .where(Operation.at >= since, Change.table_name.in_(PARTS))
        )
        return or_(Client.changed_at >= since, Client.id.in_(parts))

    def load(self, statement: Select[Any]) -> list[Any]:
        return loaded(statement)

    def one_json(self, item: Client) -> dict[str, Any]:
        return client_json(item)

    def several_json(self, items: list[Any]) -> list[dict[str, Any]]:
        return clients_json(items)

    def field_names(self) -> dict[str, list[str]]:
        return {"columns": list(NAMES), "fields": [name for name in NAMES if name not in (*KEPT, *TOLD)]}

    def write(self, item: Client, data: dict[str, Any]) -> None:
        words = Words(may_add_tags=may("add", "tag"))
        given = read_client(without_masked(item, data), words.definitions)
        is_new = inspect(item).transient
        if is_new:
            given = begun(item, given, words)
        words.learn([given], [] if is_new else [item])
        if errors := {**needs(item, given, words), **problems(item, given, words)}:
            raise Invalid(errors)
        try:
            write_client(item, given, words)
        except RuleError as error:
            if error.field == "external_id":
                raise taken(str(error.description)) from None
            raise

    def remove(self, item: Client) -> None:
        archiving.move_to_trash(item)

    def get_item(self, pk: str, lock: bool = False) -> Client:
        """The client with this id; one merged away sends the caller to its target."""
        number = record_id(pk)
        options = {"with_for_update": {"of": Client}, "populate_existing": True} if lock else {}
        client = db.session.get(Client, number, **options)
        if client is None:
            target = find_target(number)
            if target is None:
                abort(404)
            abort(redirect(f"{self.route_base}/{target}", code=308))
        return client

    def schemas(self) -> Schemas:
        return with_attributes("client", client_document.schemas())

    def input_schema(self, method: str) -> dict[str, Any]:
        if method != "post":
            return super().input_schema(method)
        return content(ref("ClientInput"), client_document.EXAMPLE)

    def sorts(self) -> frozenset[str]:
        return frozenset({*client_listing.SORTS, "status", *self.attribute_sorts()})

    def filter_names(self) -> dict[str, Any]:
        own = {name: one.label for name, one in client_filters.FILTERS.items()}
        return {**own, **self.attribute_filters()}

    def moved_answers(self) -> dict[str, Any]:
        return client_document.MOVED


def taken(message: str) -> StateConflict:
    """409 for an external ID that another client has."""
    conflict = StateConflict(message)
    conflict.errors = {"external_id": [message]}  # type: ignore[attr-defined]
    return conflict
