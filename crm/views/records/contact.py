"""Contacts: making one primary, and their page with the address that is meant."""

from collections.abc import Sequence
from typing import Any, NoReturn

from flask import abort, flash, redirect, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import Length

from crm.extensions import db
from crm.models import Contact
from crm.services.attributes.values import columns_of
from crm.services.clients.redirects import went_to
from crm.services.contacts import primary as contacts
from crm.services.contacts.duplicates import twins_of_client, twins_of_contact
from crm.services.external_ids import set_external_id
from crm.views.attributes.editing import AttributeEditing
from crm.views.attributes.filter_panel import AttributeFilterPages
from crm.views.attributes.form import AttributesInForm
from crm.views.export import ContactExport
from crm.views.forms.fields import stripped
from crm.views.forms.form import RecordForm
from crm.views.page import get_client, lead_on, read_id
from crm.views.records.record import RecordView


class ExternalIdField(StringField):
    """The contact's ID in another system, under the default app code."""

    def populate_obj(self, obj: Contact, name: str) -> None:
        set_external_id(obj, self.data)


class ContactView(AttributesInForm, AttributeEditing, AttributeFilterPages, ContactExport, RecordView):
    """The record view of contacts."""

    show_template = "contact/show.html"
    form_template = "contact/form.html"
    more_fields = {"external_id": ExternalIdField(_l("External ID"), [Length(max=200)], filters=[stripped])}
    more_routes = frozenset({"make_primary", "twins"})
    method_permission_name = {"make_primary": "edit", "twins": "list"}

    @expose("/show/<pk>")
    @has_access
    def show(self, pk: str) -> Response:
        contact = db.session.get(Contact, read_id(pk))
        if contact is None and (went := went_to(int(pk))) is not None:
            return redirect(url_for(f"{went[0].__name__}View.show", pk=went[1]), 301)
        return super().show(pk)

    def gone(self, number: int) -> NoReturn:
        went = went_to(number)
        if went is None or went[0] is not Contact:
            abort(404)
        lead_on(Contact, went[1])

    def more_of_show(self, item: Contact) -> dict[str, Any]:
        return {"twins": twins_of_contact(item)}

    @expose("/twins/<pk>")
    @has_access
    def twins(self, pk: str) -> Response:
        """The likely duplicates among the contacts of a client, as a fragment."""
        return self.render("contact/_twins_of_client.html", twins=twins_of_client(get_client(pk)))

    @expose("/make_primary/<pk>", methods=["POST"])
    @has_access
    def make_primary(self, pk: str) -> Response:
        """Make this the contact whose details stand for its client."""
        contact = self.get_item(pk)
        try:
            contacts.make_primary(contact)
            db.session.commit()
            flash(_("%(name)s is the primary contact.", name=contact.name), "success")
        except HTTPException as error:
            db.session.rollback()
            flash(str(error.description), "danger")
            return redirect(self.url("list"))
        return redirect(self.url_after(contact))

    def more_of_list(self, rows: Sequence[Contact]) -> dict[str, Any]:
        columns, values = columns_of("contact", rows)
        return {"attribute_columns": columns, "attribute_values": values}

    def apply(self, form: RecordForm, item: Contact) -> bool:
        # clients before contacts, as everybody who moves the mark of the primary one
        contacts.hold(db.session(), {i for i in (item.client_id, form["client"].data) if i})
        return super().apply(form, item)

    def hold(self, owner: Contact) -> None:
        contacts.hold(db.session(), [owner.client_id])
        super().hold(owner)

    def remove(self, item: Contact) -> None:
        contacts.delete_contact(item)
