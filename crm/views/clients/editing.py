"""Adding and editing a client."""

from typing import Any

from flask import abort, flash, g, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from crm.errors import RuleError
from crm.models import Client, ClientPhoto, Status
from crm.models.client import KINDS
from crm.security.manager import may
from crm.security.visibility import sees_client
from crm.services.clients import photos, statuses
from crm.services.clients import rules as client_rules
from crm.views.attributes.form import AttributesInForm
from crm.views.clients.form import ClientForm
from crm.views.forms.form import REQUIRED
from crm.views.integrations.look_up import REGISTERS


class ClientFormPages(AttributesInForm):
    """Adding and editing a client."""

    add_form = ClientForm
    form_template = "client/form.html"
    registers = REGISTERS
    more_routes = frozenset({"photo"})
    method_permission_name = {"photo": "show"}

    def new_item(self) -> Client:
        """A client with the status, kind and responsible user that the address or the rules say."""
        item = super().new_item()
        kind = request.args.get("kind", "")
        item.kind = kind if kind in KINDS else "company"
        item.status = self._asked_status() if "status" in request.args else statuses.default_status()
        return item

    @staticmethod
    def _asked_status() -> Status | None:
        code = request.args["status"]
        return next((status for status in statuses.offered() if status.code == code), None)

    def make_form(self, item: Client, filled: bool = True) -> ClientForm:
        form: Any = super().make_form(item, filled)
        is_sent = request.method == "POST" and filled
        if request.files and is_sent:
            form.photo.process(request.files)
        if item.id is None and not is_sent and not item.assignee_links:
            form.assignee_links.data = [g.user.id] if g.user.is_active else []
        if not may("sensitive", "client"):
            del form["sensitive"]
        return form

    # -- what is needed, wrong and doubtful

    def is_valid(self, form: ClientForm, item: Client) -> bool:
        form.validate()
        new = item.id is None
        values = {**{c.key: getattr(item, c.key) for c in Client.__table__.columns}, **form.data}
        had = (
            {}
            if new
            else client_rules.missing({c.key: getattr(item, c.key) for c in Client.__table__.columns})
        )
        problems = {k: v for k, v in client_rules.missing(values).items() if k not in had}
        changed = {name for name in values if new or self._changed(form, item, name)}
        for name, message in client_rules.mistakes(values).items():
            if name in changed:
                problems.setdefault(name, message)
        problems |= {field.name: REQUIRED for field in self.required_and_blank(form, item)}
        form.picture = self._picture(form, problems)
        for name, message in problems.items():
            if name in form and not form[name].errors:
                form[name].errors = [message]
            elif name not in form:
                form.form_errors.append(message)
        form.doubts = self._doubts(form, values, changed)
        return not form.errors and not form.doubts

    @staticmethod
    def _changed(form: ClientForm, item: Client, name: str) -> bool:
        if name not in form or not hasattr(item, name):
            return False
        return (form[name].data or None) != (getattr(item, name) or None)

    @staticmethod
    def _doubts(form: ClientForm, values: dict[str, Any], changed: set[str]) -> dict[str, str]:
        """What looks wrong and has not been confirmed by its tick, which names the value."""
        kept = request.form.getlist("keep")
        if "billing_country" in changed:
            changed = changed | {"tax_id"}
        return {
            name: message
            for name, message in client_rules.doubts(values).items()
            if name in changed and name in form and f"{name}={values[name]}" not in kept
        }

    @staticmethod
    def _picture(form: ClientForm, problems: dict[str, Any]) -> photos.Picture | None:
        upload = form.photo.data
        if not isinstance(upload, FileStorage) or not upload.filename:
            return None
        try:
            return photos.prepare(upload.stream)
        except RuleError as error:
            problems["photo"] = str(error.description)
            return None

    # -- writing

    def fill(self, form: ClientForm, item: Client) -> bool:
        super().fill(form, item)
        self._write_picture(form, item)
        return True

    def apply(self, form: ClientForm, item: Client) -> bool:
        if not super().apply(form, item):
            return False
        self._write_picture(form, item)
        return True

    @staticmethod
    def _write_picture(form: ClientForm, item: Client) -> None:
        if form.picture is not None:
            photos.set_photo(item, form.picture)
        elif form.remove_photo.data:
            photos.set_photo(item, None)

    # -- pages

    def form_page(self, form: ClientForm, item: Client, status: int = 200) -> Response:
        new = item.id is None
        return self.render(
            self.form_template, status, title=_("New client") if new else item.name, form=form, item=item,
            is_new=new, doubts=form.doubts, back=self._card_or_list(item),
            photo=None if new else photos.find_photo(item.id),
        )  # fmt: skip

    def _card_or_list(self, item: Client) -> str:
        seen = item.id is not None and sees_client(item.id)
        return self.url("show", pk=item.id) if seen else self.url("list")

    def url_after(self, item: Client) -> str:
        """The card, or the list for who has just given the client away."""
        if not sees_client(item.id):
            flash(_("You no longer see this client."), "info")
        return self._card_or_list(item)

    @expose("/photo/<pk>")
    @has_access
    def photo(self, pk: str) -> Response:
        """The picture of a client; the browser asks each time whether it is still the same."""
        photo = photos.find_photo(self.get_item(pk).id, with_image=True) or abort(404)
        response = Response(photo.image, mimetype=photo.content_type)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Content-Disposition"] = "inline"
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        response.cache_control.private = True
        response.cache_control.no_cache = True
        response.set_etag(photo.digest)
        return response.make_conditional(request)

    def photo_url(self, photo: ClientPhoto) -> str:
        """The address of a client's picture, another one for each picture."""
        return url_for("ClientView.photo", pk=photo.client_id, v=photo.digest[:12])
