"""E-mails: shown as conversations, their bodies in frames of their own; answers; addresses to choose from."""

from typing import Any

from flask import Response, abort, g, jsonify, render_template, request
from flask_appbuilder import expose, has_access
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from werkzeug.wrappers import Response as Answer

from crm.models import Client, Email
from crm.models.identifiers import is_email
from crm.models.mail_addresses import write_address
from crm.models.mail_html import clean_html
from crm.security.headers import MAIL_POLICY, policy
from crm.security.masking import is_masked, shown
from crm.services.conversations import begin_answer, conversation, names_of, own_and_quoted
from crm.services.mail_suggestions import suggestions
from crm.views.address_fields import AddressesField
from crm.views.record import RecordView


class EmailView(RecordView):
    """The record view of e-mails."""

    show_template = "email/show.html"
    form_template = "email/form.html"
    more_routes = frozenset({"body", "addresses"})
    method_permission_name = {"body": "show", "addresses": "list"}
    more_fields = {
        "from_address": AddressesField(_l("From"), most=1),
        "to": AddressesField(_l("To")),
        "cc": AddressesField(_l("Cc")),
        "bcc": AddressesField(_l("Bcc")),
    }

    def render(self, template: str, status: int = 200, **values: Any) -> Answer:
        if template != self.show_template:
            return super().render(template, status, **values)
        values |= {"mails": conversation(values["item"]), "is_masked": is_masked, "shown": shown,
                   "own_and_quoted": own_and_quoted, "names_of": names_of}  # fmt: skip
        answer = super().render(template, status, **values)
        answer.headers["Content-Security-Policy"] = policy(framing=True)
        return answer

    @expose("/body/<pk>")
    @has_access
    def body(self, pk: str) -> Response:
        """The HTML of a mail as a page of its own, for the frame in which it is shown."""
        mail: Email = self.get_item(pk)
        if not mail.html or is_masked(mail, "html"):
            abort(404)
        page = Response(render_template("email/body.html", body=Markup(clean_html(mail.html))))
        page.headers["Content-Security-Policy"] = MAIL_POLICY
        page.headers["X-Frame-Options"] = "SAMEORIGIN"
        return page

    @expose("/addresses")
    @has_access
    def addresses(self) -> Response:
        """Addresses for what was typed: `{"results": [{"id", "text", "hint"}]}`."""
        of = request.args.get("client", "")
        client_id = int(of) if of.isascii() and of.isdigit() and len(of) < 19 else None
        found = suggestions(client_id, request.args.get("q", "")[:100])
        return jsonify(results=[{"id": address, "text": address, "hint": hint} for address, hint in found])

    def new_item(self) -> Email:
        """A mail to the client's primary contact, or the answer to another one: `?parent=`, `&all=yes`."""
        mail: Email = super().new_item()
        if is_email(g.user.email or ""):
            mail.from_address = write_address(g.user.get_full_name(), g.user.email)
        if request.args.get("parent"):
            begin_answer(mail, self.get_item(request.args["parent"]), request.args.get("all") == "yes")
        elif mail.client is not None and (offered := suggestions(mail.client.id)):
            mail.to = offered[0][0]
        return mail

    def client_of(self, item: Email) -> Client | None:
        """The client of a mail, or another one of its clients that the user sees."""
        return item.client or next(iter(item.other_clients), None)

    def url_after(self, item: Email) -> str:
        """An answer leads back to its conversation."""
        if item.id is not None and (item.parent_id or item.version > 1):
            return self.url("show", pk=item.id)
        if item.id is None and item.parent is not None:
            return self.url("show", pk=item.parent.id)
        return super().url_after(item)
