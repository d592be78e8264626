"""Values of attributes on a client's card: edited in place, saved one by one."""

from collections.abc import Callable
from typing import Any

from flask import Response, abort, render_template, request
from flask_appbuilder import expose, has_access

from crm.models import AttributeDefinition, Client
from crm.security.manager import may
from crm.services import attributes
from crm.services.client_parts import lock
from crm.views.attribute_fields import PREFIX, OfAttribute, fields_of
from crm.views.forms import RecordForm


class AttributeEditing:
    """The place of one attribute on the card, for `ClientView`."""

    more_routes = frozenset({"attribute"})
    method_permission_name = {"attribute": "edit"}

    get_item: Callable[[str], Client]
    save: Callable[[RecordForm, Client, Callable[[], bool]], bool]
    url: Callable[..., str]

    @expose("/attribute/<pk>/<key>", methods=["GET", "POST"])
    @has_access
    def attribute(self, pk: str, key: str) -> Response:
        """The form of one value, or with `?shown=yes` the value; POST saves it and gives the value."""
        client, definition = self.get_item(pk), _get_definition(key)
        if request.method == "GET":
            if request.args.get("shown"):
                return self._shown(client, definition)
            form = _form(client, definition, None)
            form.remember_base()
            return self._asked(client, definition, form)
        form = _form(client, definition, request.form)
        if form.validate() and self.save(form, client, lambda: _apply(form, client, definition)):
            return self._shown(client, definition)
        return self._asked(client, definition, form, 422)

    def _asked(
        self, client: Client, definition: AttributeDefinition, form: RecordForm, status: int = 200
    ) -> Response:
        page = render_template(
            "client/_attribute_form.html", form=form, field=form[PREFIX + definition.key], definition=definition,
            url=self.url("attribute", pk=client.id, key=definition.key),
        )  # fmt: skip
        return Response(page, status)

    @staticmethod
    def _shown(client: Client, definition: AttributeDefinition) -> Response:
        value = attributes.values_of_clients([client.id]).get(client.id, {}).get(definition.key)
        return Response(
            render_template("client/_attribute.html", client=client, definition=definition, value=value)
        )


def _get_definition(key: str) -> AttributeDefinition:
    return next((one for one in attributes.writable() if one.key == key), None) or abort(404)


def _form(client: Client, definition: AttributeDefinition, sent: Any) -> RecordForm:
    fields, held = fields_of(client, [definition], may("add_option", "attribute_definition"))
    return type("AttributeForm", (RecordForm,), fields)(sent, data=held)


def _apply(form: RecordForm, client: Client, definition: AttributeDefinition) -> bool:
    lock(client)
    rows = attributes.rows_of(client)
    for field in form.own_fields():
        if isinstance(field, OfAttribute):
            field.rows = rows
    return form.apply_to(client, _form(client, definition, None))
