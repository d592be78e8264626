"""What becomes of a contact beyond its form: made one with another, moved to another client, a client of its own.

Each has a page that says what will happen, and can be undone.
"""

from collections.abc import Callable
from typing import Any

from flask import abort, flash, jsonify, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from crm.extensions import db
from crm.models import Client, Contact
from crm.registry import registry
from crm.security.manager import may
from crm.services.contacts import to_person as contact_to_person
from crm.services.contacts.from_person import become_contact
from crm.services.contacts.merge import merge_contacts
from crm.services.contacts.primary import move_contact
from crm.services.search.choosing import choices
from crm.views.clients.archive import attached
from crm.views.clients.merge import chosen, find
from crm.views.clients.merge_sides import contact_rows
from crm.views.page import Page, get_client, read_id


class ContactMovesView(Page):
    """The pages of contacts."""

    route_base = "/crm/contacts"
    class_permission_name = "contact"
    method_permission_name = {"merge": "edit", "move": "edit", "to_client": "edit"}
    default_view = "merge"

    @expose("/merge/<pk>", methods=["GET", "POST"])
    @has_access
    def merge(self, pk: str) -> Response:
        """Make the contact one with another of its client, named by `source`, which goes away."""
        target = get_contact(pk)
        others = self.others(target)
        source = next((one for one in others if str(one.id) == request.values.get("source")), None)
        if request.method == "POST":
            if source is None:
                return self._merge_page(target, None, others, _("Choose a contact."))
            ids, name = (source.id, target.id), target.name
            return self.done(
                lambda: merge_contacts(*ids, chosen()),
                lambda _number: (_("The two are one: %(name)s.", name=name), contact_url(ids[1])),
                lambda why: self._merge_page(get_contact(pk), db.session.get(Contact, ids[0]), others, why),
            )
        return self._merge_page(target, source, others)

    @staticmethod
    def others(contact: Contact) -> list[Contact]:
        """The other contacts of a client, by name."""
        asked = db.select(Contact).where(Contact.client_id == contact.client_id, Contact.id != contact.id)
        return list(db.session.scalars(asked.order_by(Contact.name_key, Contact.id).limit(MOST_OTHERS)))

    def _merge_page(
        self, target: Contact, source: Contact | None, others: list[Contact], error: str = ""
    ) -> Response:
        return self.render(
            "contact/merge.html", 422 if error else 200, title=_("Merge contacts"), target=target, source=source,
            others=others, error=error, rows=contact_rows(source, target, chosen()) if source else [],
        )  # fmt: skip

    @expose("/move/<pk>", methods=["GET", "POST"])
    @has_access
    def move(self, pk: str) -> Response:
        """Move the contact to the client `client`."""
        contact = get_contact(pk)
        client = find(request.values.get("client", ""))
        if request.method == "POST":
            if client is None:
                return self._move_page(contact, None, _("Choose a client."))
            number, words = client.id, {"name": contact.name, "client": client.name}
            return self.done(
                lambda: move_contact(contact, number),
                lambda _number: (_("%(name)s is now at %(client)s.", **words), contact_url(int(pk))),
                lambda why: self._move_page(get_contact(pk), db.session.get(Client, number), why),
            )
        return self._move_page(contact, client)

    def _move_page(self, contact: Contact, client: Client | None, error: str = "") -> Response:
        return self.render(
            "contact/move.html", 422 if error else 200, title=_("Move %(name)s", name=contact.name),
            contact=contact, client=client, error=error,
        )  # fmt: skip

    @expose("/to_client/<pk>", methods=["GET", "POST"])
    @has_access
    def to_client(self, pk: str) -> Response:
        """Make the contact a client of its own; `take` names the types whose records go along."""
        contact = get_contact(pk)
        if not may("add", "client"):
            abort(403)
        if request.method == "POST":
            take, name = request.form.getlist("take"), contact.name
            return self.done(
                lambda: contact_to_person.become_client(int(pk), take),
                lambda ids: (
                    _("%(name)s is now a client.", name=name),
                    url_for("ClientView.show", pk=ids[0]),
                ),
                lambda why: self._to_client_page(get_contact(pk), why),
            )
        return self._to_client_page(contact)

    def _to_client_page(self, contact: Contact, error: str = "") -> Response:
        records = registry().by_key
        naming = {records[key]: number for key, number in contact_to_person.naming(contact).items()}
        return self.render(
            "contact/to_client.html", 422 if error else 200, title=_("Make %(name)s a client", name=contact.name),
            contact=contact, naming=naming, was_client=contact_to_person.person_before(contact), error=error,
        )  # fmt: skip

    @staticmethod
    def done(
        work: Callable[[], Any],
        told: Callable[[Any], tuple[str, str]],
        refused: Callable[[str], Response],
    ) -> Response:
        """Do something and say so where it leads, or show the page again with the reason why not."""
        try:
            result = work()
            db.session.commit()
        except HTTPException as error:
            db.session.rollback()
            if error.code == 404:
                raise
            return refused(str(error.description))
        words, url = told(result)
        flash(words, "success")
        return redirect(url)


class ToContactView(Page):
    """A person who is a client made a contact of a company."""

    route_base = "/crm/clients/to_contact"
    class_permission_name = "client"
    method_permission_name = {"index": "merge", "choices": "merge"}
    default_view = "index"

    @expose("/choices")
    @has_access
    def choices(self) -> Response:
        """The companies for what was typed."""
        companies = Client.kind == "company"
        found = choices(registry().by_model[Client], request.args.get("q", "")[:100], only=companies)
        return jsonify(results=[{"id": one.id, "text": one.name, "hint": hint} for one, hint in found])

    @expose("/<pk>", methods=["GET", "POST"])
    @has_access
    def index(self, pk: str) -> Response:
        """`company` names the company."""
        person = get_client(pk)
        if not (may("edit", "client") and may("add", "contact")):
            abort(403)
        if person.kind != "person":
            abort(404)
        company = find(request.values.get("company", ""))
        if request.method == "POST":
            if company is None:
                return self._page(person, None, _("Choose a company."))
            ids, words = (person.id, company.id), {"name": person.name, "company": company.name}
            return ContactMovesView.done(
                lambda: become_contact(*ids),
                lambda made: (_("%(name)s is now a contact of %(company)s.", **words), contact_url(made[0])),
                lambda why: self._page(get_client(pk), db.session.get(Client, ids[1]), why),
            )
        return self._page(person, company)

    def _page(self, person: Client, company: Client | None, error: str = "") -> Response:
        return self.render(
            "client/to_contact.html", 422 if error else 200, title=_("Make %(name)s a contact", name=person.name),
            client=person, company=company, attached=attached(person), error=error,
        )  # fmt: skip


#: So many contacts of a client are offered for a merge.
MOST_OTHERS = 500


def get_contact(pk: str) -> Contact:
    """The contact with this id, if the current user sees it; 404 otherwise."""
    return db.session.get(Contact, read_id(pk)) or abort(404)


def contact_url(contact_id: int) -> str:
    return url_for("ContactView.show", pk=contact_id)
