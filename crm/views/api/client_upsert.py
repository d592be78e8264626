"""Clients by the names that other systems have for them: adding or changing, and reading."""

from typing import Any

from apispec import APISpec
from flask import Response, abort, request
from flask_appbuilder.api import expose
from flask_babel import gettext as _
from werkzeug.exceptions import Forbidden

from crm.errors import Invalid, TooLarge
from crm.extensions import db
from crm.services.clients.as_json import client_json
from crm.services.clients.external_ids import find_client
from crm.services.clients.upsert import MOST_ROWS, upsert
from crm.services.clients.upsert_rows import Outcome
from crm.views.api import client_description as client_document
from crm.views.api.access import Api, access, body, reply
from crm.views.api.client import taken
from crm.views.input_guard import checks_rows


class ClientUpsertApi(Api):
    """Called with an API key or a token, or by a page with its CSRF token."""

    route_base = "/crm/clients"
    class_permission_name = "client"
    method_permission_name = {"upsert": "edit", "by_external_id": "show", "by_parameters": "show"}

    # -- upsert

    @expose("/upsert.json", methods=["POST"])
    @access
    @checks_rows("clients")
    def upsert(self) -> Response:
        data = body()
        if "clients" in data:
            return self._upsert_many(data)
        outcome = upsert([data])[0]
        if outcome.client is None:
            raise failure(outcome)
        db.session.flush()
        answer = {
            **outcome.brief(), "archived": outcome.client.archived,
            "client": client_json(outcome.client, outcome.app_code),
        }  # fmt: skip
        answer.pop("index")
        db.session.commit()
        return reply(answer, 201 if outcome.created else 200)

    @staticmethod
    def _upsert_many(data: dict[str, Any]) -> Response:
        documents = data["clients"]
        if unknown := sorted(data.keys() - {"clients", "app_code"}):
            raise Invalid({unknown[0]: [_("There is no such field.")]})
        if not isinstance(documents, list):
            raise Invalid({"clients": [_("This is a list of clients.")]})
        if len(documents) > MOST_ROWS:
            raise TooLarge(_("At most %(n)d clients at once.", n=MOST_ROWS), "clients")
        outcomes = upsert(documents, data.get("app_code"))
        answer = {"results": [outcome.brief() for outcome in outcomes]}
        db.session.commit()
        return reply(answer)

    # -- by external ID

    @expose("/e/<external_id>.json")
    @expose("/e/<app_code>/<external_id>.json")
    @access
    def by_external_id(self, external_id: str, app_code: str | None = None) -> Response:
        return self._found(external_id, app_code)

    @expose("/e.json")
    @access
    def by_parameters(self) -> Response:
        """The same for external IDs with slashes; without app_code in all, in the default one first."""
        external_id = request.args.get("external_id", "")
        if not external_id:
            raise Invalid({"external_id": [_("Please fill this in.")]})
        return self._found(external_id, request.args.get("app_code"))

    @staticmethod
    def _found(external_id: str, app_code: str | None) -> Response:
        client, code = find_client(external_id, app_code)
        if client is None:
            abort(404)
        return reply(client_json(client, code), version=client.version)

    def add_api_spec(self, api_spec: APISpec) -> None:
        client_document.describe_upsert(api_spec, self.route_base)


def failure(outcome: Outcome) -> Exception:
    """What to raise for the one row of an upsert that failed."""
    message = next(text for texts in outcome.errors.values() for text in texts)
    if outcome.code == 403:
        return Forbidden(message)
    if outcome.code == 409:
        conflict = taken(message)
        conflict.errors = outcome.errors  # type: ignore[attr-defined]
        return conflict
    return Invalid(outcome.errors)
