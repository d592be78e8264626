"""E-mails: shown as conversations, their bodies in frames of their own; answers; addresses to choose from."""

from typing import Any

from flask import Response, abort, g, jsonify, render_template, request
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from werkzeug.wrappers import Response as Answer

from crm.models import Client, Email
from crm.models.identifiers import is_email
from crm.models.mail_addresses import write_address
from crm.models.mail_html import clean_html
from crm.security.headers import MAIL_POLICY, policy
from crm.security.masking import is_masked, shown
from crm.services.files.attachments import attach
from crm.services.files.uploads import largest
from crm.services.mail.conversations import begin_answer, conversation, names_of, own_and_quoted
from crm.services.mail.suggestions import suggestions
from crm.views.forms.address_fields import AddressesField
from crm.views.forms.form import RecordForm
from crm.views.records.document import ENDINGS, FilesField, prepared
from crm.views.records.file_answers import as_attachment
from crm.views.records.record import RecordView


class EmailView(RecordView):
    """The record view of e-mails."""

    show_template = "email/show.html"
    form_template = "email/form.html"
    more_routes = frozenset({"body", "addresses", "attachment"})
    method_permission_name = {"body": "show", "addresses": "list", "attachment": "show"}
    more_fields = {
        "from_address": AddressesField(_l("From"), most=1),
        "to": AddressesField(_l("To")),
        "cc": AddressesField(_l("Cc")),
        "bcc": AddressesField(_l("Bcc")),
        "files": FilesField(_l("Attachments"), render_kw={"accept": ENDINGS}),
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

    @expose("/<pk>/attachment/<number>")
    @has_access
    def attachment(self, pk: str, number: str) -> Answer:
        """A file that came or went with a mail."""
        mail: Email = self.get_item(pk)
        found = next((one for one in mail.attachments if str(one.id) == number), None)
        return as_attachment(found.stored_file, found.file_name) if found else abort(404)

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
        # users made without an address have one that leads nowhere
        if is_email(g.user.email or "") and not g.user.email.endswith(".invalid"):
            mail.from_address = write_address(g.user.get_full_name(), g.user.email)
        if request.args.get("parent"):
            begin_answer(mail, self.get_item(request.args["parent"]), request.args.get("all") == "yes")
        elif mail.client is not None and (offered := suggestions(mail.client.id)):
            mail.to = offered[0][0]
        return mail

    def make_form(self, item: Email, filled: bool = True) -> RecordForm:
        form = super().make_form(item, filled)
        if request.method == "POST" and filled:
            form.files.process(request.files)
        form.files.description = _("At most %(n)d MB each.", n=largest() // 1024**2)
        return form

    def is_valid(self, form: RecordForm, item: Email) -> bool:
        super().is_valid(form, item)
        files = form.files.chosen()
        if not form.errors and files:
            form.files.uploads = prepared(form, files)
        elif files:
            form.files.errors = [*form.files.errors, _("Please choose the files again.")]
        return not form.errors

    def fill(self, form: RecordForm, item: Email) -> bool:
        super().fill(form, item)
        attach(item, form.files.uploads)
        return True

    def apply(self, form: RecordForm, item: Email) -> bool:
        if not super().apply(form, item):
            return False
        attach(item, form.files.uploads)
        return True

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
