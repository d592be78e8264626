"""Values of attributes on the page of a client or contact: edited in place, saved one by one."""

from collections.abc import Callable
from typing import Any

from flask import Response, abort, render_template, request
from flask_appbuilder import expose, has_access

from crm.models import AttributeDefinition
from crm.models.attribute import Owner
from crm.security.manager import may
from crm.security.masking import may_see_sensitive
from crm.services.attributes import values as attributes
from crm.services.clients.parts import lock
from crm.views.attributes.box import place_of
from crm.views.attributes.fields import PREFIX, fields_of, renew_rows
from crm.views.forms.form import RecordForm


class AttributeEditing:
    """The place of one attribute on the owner's page, for its view."""

    more_routes = frozenset({"attribute", "reveal"})
    method_permission_name = {"attribute": "edit", "reveal": "show"}

    get_item: Callable[[str], Owner]
    save: Callable[[RecordForm, Owner, Callable[[], bool]], bool]
    url: Callable[..., str]

    @expose("/attribute/<pk>/<key>", methods=["GET", "POST"])
    @has_access
    def attribute(self, pk: str, key: str) -> Response:
        """The form of one value, or with `?shown=yes` the value; POST saves it and gives the value."""
        owner = self.get_item(pk)
        definition = _get_definition(owner, key)
        if request.method == "GET":
            if request.args.get("shown"):
                return self._shown(owner, definition)
            form = _form(owner, definition, None)
            form.remember_base()
            return self._asked(owner, definition, form)
        form = _form(owner, definition, request.form)
        if form.validate() and self.save(form, owner, lambda: self._apply(form, owner, definition)):
            return self._shown(owner, definition)
        return self._asked(owner, definition, form, 422)

    @expose("/reveal/<pk>/<key>", methods=["POST"])
    @has_access
    def reveal(self, pk: str, key: str) -> Response:
        """The value of a sensitive attribute, for who may see it; that they did is written down."""
        owner = self.get_item(pk)
        known = attributes.definitions(attributes.kind_of(owner), options=False, keys=[key])
        if not known or not known[0].sensitive or not may_see_sensitive():
            abort(404)
        place = place_of(owner, known[0], attributes.values_of(owner, [key]).get(key))
        return Response(render_template("attribute/_place.html", place=place))

    def hold(self, owner: Owner) -> None:
        """Hold the owner until the value is saved, and see it as it is now."""
        lock(owner)

    def _apply(self, form: RecordForm, owner: Owner, definition: AttributeDefinition) -> bool:
        self.hold(owner)
        renew_rows(form, owner)
        return form.apply_to(owner, _form(owner, definition, None))

    def _asked(
        self, owner: Owner, definition: AttributeDefinition, form: RecordForm, status: int = 200
    ) -> Response:
        page = render_template(
            "attribute/_place_form.html", form=form, field=form[PREFIX + definition.key], definition=definition,
            url=self._place(owner, definition),
        )  # fmt: skip
        return Response(page, status)

    def _shown(self, owner: Owner, definition: AttributeDefinition) -> Response:
        value = attributes.values_of(owner, [definition.key], masked=True).get(definition.key)
        place = place_of(owner, definition, value)
        return Response(render_template("attribute/_place.html", place=place))

    def _place(self, owner: Owner, definition: AttributeDefinition) -> str:
        return self.url("attribute", pk=owner.id, key=definition.key)


def _get_definition(owner: Owner, key: str) -> AttributeDefinition:
    known = attributes.writable(attributes.kind_of(owner))
    return next((one for one in known if one.key == key), None) or abort(404)


def _form(owner: Owner, definition: AttributeDefinition, sent: Any) -> RecordForm:
    fields, held = fields_of(owner, [definition], may("add_option", "attribute_definition"))
    return type("AttributeForm", (RecordForm,), fields)(sent, data=held)
