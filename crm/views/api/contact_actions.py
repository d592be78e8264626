"""Contacts made one, and people turned from clients into contacts and back: for scripts."""

from typing import Any

from apispec import APISpec
from flask import Response, abort
from flask_appbuilder.api import expose
from flask_babel import gettext as _

from crm.errors import Invalid
from crm.extensions import db
from crm.security.api_keys import check_also
from crm.security.manager import may
from crm.services.contacts.from_person import become_contact
from crm.services.contacts.merge import merge_contacts
from crm.services.contacts.to_person import become_client
from crm.views.api.access import Api, access, body, reply
from crm.views.api.client_actions import read_id
from crm.views.api.description import NUMBER_OF_ROW, TEXT, WRITING, ok, operation, parameter, sent
from crm.views.api.record_api import record_id


class ContactActionsApi(Api):
    """Actions on contacts. Moving one to another client is a change of its `client`."""

    route_base = "/crm/contacts"
    class_permission_name = "contact"
    method_permission_name = {"merge": "edit", "to_client": "edit"}

    @expose("/merge_contacts.json", methods=["POST"])
    @access
    def merge(self) -> Response:
        data = body("source_id", "target_id", "choices")
        source, target = (required_id(data, name) for name in ("source_id", "target_id"))
        choices = {} if data.get("choices") is None else data["choices"]
        if not isinstance(choices, dict) or not all(isinstance(one, str) for one in choices.values()):
            raise Invalid({"choices": [_("Send a JSON object.")]})
        number = merge_contacts(source, target, choices)
        db.session.commit()
        return reply({"id": target, "operation_id": number})

    @expose("/<pk>/to_client.json", methods=["POST"])
    @access
    def to_client(self, pk: str) -> Response:
        check_also("clients")
        if not may("add", "client"):
            abort(403)
        take = body("take").get("take")
        if take is not None and not (isinstance(take, list) and all(isinstance(one, str) for one in take)):
            raise Invalid({"take": [_("This is a list of texts.")]})
        client_id, number = become_client(record_id(pk), take)
        db.session.commit()
        return reply({"id": client_id, "operation_id": number})

    def add_api_spec(self, api_spec: APISpec) -> None:
        pair = {"source_id": NUMBER_OF_ROW, "target_id": NUMBER_OF_ROW,
                "choices": {"type": "object", "additionalProperties": TEXT}}  # fmt: skip
        describe(api_spec, f"{self.route_base}/merge_contacts.json", "contact", "Make two contacts of a client one",
                 pair, ("source_id", "target_id"), "`id` is the target, which stays.")  # fmt: skip
        words = "Keys of the record types whose records that name the contact go along; all where left out."
        take = {"take": {"type": "array", "items": TEXT, "nullable": True, "description": words}}
        describe(api_spec, f"{self.route_base}/{{pk}}/to_client.json", "contact",
                 "Make a contact a client of its own", take, (), "`id` is the client.")  # fmt: skip


class ToContactApi(Api):
    """A person who is a client made a contact of a company."""

    route_base = "/crm/clients"
    class_permission_name = "client"
    method_permission_name = {"to_contact": "merge"}

    @expose("/<pk>/to_contact.json", methods=["POST"])
    @access
    def to_contact(self, pk: str) -> Response:
        check_also("contacts")
        if not may("add", "contact"):
            abort(403)
        company = required_id(body("company_id"), "company_id")
        contact_id, number = become_contact(record_id(pk), company)
        db.session.commit()
        return reply({"id": contact_id, "operation_id": number})

    def add_api_spec(self, api_spec: APISpec) -> None:
        describe(api_spec, f"{self.route_base}/{{pk}}/to_contact.json", "client",
                 "Make a person a contact of a company", {"company_id": NUMBER_OF_ROW}, ("company_id",),
                 "`id` is the contact.")  # fmt: skip


def required_id(data: dict[str, Any], name: str) -> int:
    """The id under a name. Raises Invalid."""
    number = read_id(data.get(name), name)
    if number is None:
        raise Invalid({name: [_("Please fill this in.")]})
    return number


def describe(
    spec: APISpec,
    path: str,
    tag: str,
    summary: str,
    properties: dict[str, Any],
    required: tuple[str, ...],
    words: str,
) -> None:
    """Describe one of these actions."""
    wanted: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        wanted["required"] = list(required)
    done = {"type": "object", "properties": {"id": NUMBER_OF_ROW, "operation_id": NUMBER_OF_ROW}}
    single = [parameter("pk", "The number of the record.", NUMBER_OF_ROW, "path")] if "{pk}" in path else []
    spec.path(
        path=path, parameters=single,
        operations={"post": operation(spec, tag, summary, {"200": ok(done, words)}, WRITING, requestBody=sent(wanted))},
    )  # fmt: skip
