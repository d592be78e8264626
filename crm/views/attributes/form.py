"""The attributes of a client or contact in its add and edit form."""

from flask import g, request

from crm.models import AttributeDefinition
from crm.models.attribute import Owner
from crm.security.manager import may
from crm.services.attributes import values as attributes
from crm.services.clients.parts import lock
from crm.views.attributes.fields import PREFIX, OfAttribute, attribute_fields, fields_of, renew_rows
from crm.views.forms.form import REQUIRED, RecordForm
from crm.views.records.record import RecordView


class AttributesInForm(RecordView):
    """The form has a field for each attribute that the user may write. A required one is asked of new ones only."""

    def make_form(self, item: Owner, filled: bool = True) -> RecordForm:
        sent = request.form if request.method == "POST" and filled else None
        may_add = may("add_option", "attribute_definition")
        fields, held = fields_of(item, self.definitions(), may_add)
        form = type(self.add_form.__name__, (self.add_form,), fields)(sent, obj=item, data=held)
        self.leave_out_masked(form, item)
        for field in attribute_fields(form):
            field.flags.required = field.definition.required and item.id is None
        return form

    def definitions(self) -> list[AttributeDefinition]:
        """The attributes that the form asks."""
        if "attribute_definitions" not in g:
            g.attribute_definitions = attributes.writable(self.record.key)
        return g.attribute_definitions

    def is_valid(self, form: RecordForm, item: Owner) -> bool:
        super().is_valid(form, item)
        for field in self.required_and_blank(form, item):
            field.errors = field.errors or [REQUIRED]
        return not form.errors

    @staticmethod
    def required_and_blank(form: RecordForm, item: Owner) -> list[OfAttribute]:
        """The fields that a new client or contact lacks."""
        fields = attribute_fields(form) if item.id is None else []
        return [f for f in fields if f.definition.required and f.value() in (None, [])]

    def attribute_groups(self, form: RecordForm) -> list[tuple[str, list[OfAttribute]]]:
        """The fields of the attributes by their groups."""
        return [
            (group, [form[PREFIX + definition.key] for definition in members])
            for group, members in attributes.grouped(self.definitions()).items()
        ]

    def fill(self, form: RecordForm, item: Owner) -> bool:
        # attributes come last: new words are written at once, and with them their owner
        last = attribute_fields(form)
        for field in [*(f for f in form.own_fields() if f not in last), *last]:
            field.populate_obj(item, field.name)
        return True

    def apply(self, form: RecordForm, item: Owner) -> bool:
        lock(item)
        renew_rows(form, item)
        return form.apply_to(item, self.make_form(item, filled=False))
