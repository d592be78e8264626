"""Changes of one client by one click, of many at once, and merging: for our pages and for scripts."""

from typing import Any

from apispec import APISpec
from flask import Response, abort, redirect
from flask_appbuilder.api import expose
from flask_babel import gettext as _

from crm.errors import Invalid, StateConflict, TooLarge
from crm.extensions import db
from crm.models import Client
from crm.services.bulk.change import change_clients
from crm.services.clients.redirects import find_target
from crm.services.clients.statuses import set_status
from crm.services.history.log import current_operation_id
from crm.services.merging.merge import merge
from crm.services.reading import Unreadable, read_integer, read_text
from crm.services.record_json import LARGEST_ID
from crm.views.api import client_description as client_document
from crm.views.api.access import Api, access, body, check_version, reply
from crm.views.api.record_api import record_id

MOST_IDS = 10_000


class ClientActionsApi(Api):
    """Called with an API key or a token, or by a page with its CSRF token."""

    route_base = "/crm/clients"
    class_permission_name = "client"
    method_permission_name = {
        "change_one": "edit",
        "change_many": "bulk",
        "merge": "merge",
    }

    @expose("/<pk>/change_bulk_option.json", methods=["POST"])
    @access
    def change_one(self, pk: str) -> Response:
        """One client, as the board changes it: `expected`, the status that was seen, or `version` guard it."""
        data = body("type", "value", "expected", "version")
        kind, value = read_change(data)
        number = record_id(pk)
        client = db.session.get(Client, number, with_for_update={"of": Client}, populate_existing=True)
        if client is None:
            target = find_target(number) or abort(404)
            if data.keys() & {"expected", "version"}:  # what was seen is another client
                raise StateConflict(_("It was merged into another client meanwhile."))
            abort(redirect(f"{self.route_base}/{target}/change_bulk_option.json", 308))
        check_version(client, data.get("version"))
        if "expected" in data:
            if kind != "status_id":
                raise Invalid({"expected": [_("There is no such field.")]})
            set_status(client, read_id(value, "value"), read_id(data["expected"], "expected"))
            number = current_operation_id()
            answer = {"changed": int(number is not None), "skipped": [], "operation_id": number}
        else:
            answer = change_clients([client.id], kind, value)
        # the change may have been written past the session, and may have put the client out of sight
        now = db.session.get(Client, client.id, populate_existing=True)
        if now is not None:
            status = now.status.code if now.status else None
            answer = {**answer, "version": now.version, "status_id": now.status_id, "status": status}
        db.session.commit()
        return reply(answer)

    @expose("/change_bulk_option_multiple.json", methods=["POST"])
    @access
    def change_many(self) -> Response:
        data = body("ids", "type", "value")
        kind, value = read_change(data)
        ids = data.get("ids")
        if not isinstance(ids, list) or not all(isinstance(i, int) and not isinstance(i, bool) for i in ids):
            raise Invalid({"ids": [_("This is a list of numbers.")]})
        if len(ids) > MOST_IDS:
            raise TooLarge(_("At most %(n)d clients at once.", n=MOST_IDS), "ids")
        answer = change_clients(list(dict.fromkeys(ids)), kind, value)
        db.session.commit()
        return reply(answer)

    @expose("/merge_clients.json", methods=["POST"])
    @access
    def merge(self) -> Response:
        data = body("source_id", "target_id", "choices")
        source, target = (read_id(data.get(name), name) for name in ("source_id", "target_id"))
        for name, number in (("source_id", source), ("target_id", target)):
            if number is None:
                raise Invalid({name: [_("Please fill this in.")]})
        choices = data.get("choices") or {}
        if not isinstance(choices, dict) or not all(isinstance(one, str) for one in choices.values()):
            raise Invalid({"choices": [_("Send a JSON object.")]})
        operation_id = merge(source, target, choices)  # type: ignore[arg-type]
        db.session.commit()
        return reply({"id": target, "operation_id": operation_id})

    def add_api_spec(self, api_spec: APISpec) -> None:
        client_document.describe_changes(api_spec, self.route_base)


def read_change(data: dict[str, Any]) -> tuple[str, Any]:
    """The type and value of a bulk change. Raises Invalid."""
    try:
        kind = read_text(data.get("type", ""))
    except Unreadable as error:
        raise Invalid({"type": [str(error)]}) from None
    if not kind:
        raise Invalid({"type": [_("Please fill this in.")]})
    return kind, data.get("value")


def read_id(value: Any, name: str) -> int | None:
    """An id, or None for null and nothing. Raises Invalid."""
    if value is None or value == "":
        return None
    try:
        return read_integer(value, LARGEST_ID)
    except Unreadable as error:
        raise Invalid({name: [str(error)]}) from None
