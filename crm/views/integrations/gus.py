"""Companies looked up in GUS: the part of a client's form that offers what it has, and the page with the key."""

from typing import Any

from flask import current_app, flash, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from crm.extensions import db
from crm.integrations.calls import recent_calls
from crm.integrations.gus import settings
from crm.integrations.gus.company import Company
from crm.integrations.gus.lookup import NoAnswer, look_up, try_key
from crm.services.iso_lists import country_name
from crm.services.secret_settings import secret_hint
from crm.views.clients.form import ClientForm
from crm.views.page import Page

LONGEST = 100


class GusView(Page):
    """Asked while somebody types a client; what is offered is put into the form by the browser."""

    route_base = "/crm/clients/gus"
    class_permission_name = "client"
    method_permission_name = {"look_up": "edit"}

    @expose("/look-up", methods=["POST"])
    @has_access
    def look_up(self) -> Response:
        """What GUS has under the tax ID in the form, beside what the form has, as a fragment."""
        typed = {name: value.strip() for name, value in request.form.items()}
        tax_id, country = typed.get("tax_id", "")[:LONGEST], typed.get("billing_country", "")[:2]
        try:
            found = look_up(tax_id, country or None, anew=typed.get("anew") == "yes")
        except NoAnswer as error:
            return self.render("client/_gus.html", 422, problem=str(error))
        offers = [(company, offered(company, typed)) for company in found.companies]
        return self.render("client/_gus.html", found=found, offers=offers)


def offered(company: Company, typed: dict[str, str]) -> list[dict[str, Any]]:
    """What a company offers for each field that the form has: old and new value."""
    return [
        {
            "name": name, "label": label(name), "value": value, "shown": shown(name, value),
            "now": shown(name, typed[name]), "same": typed[name] == value,
        }
        for name, value in company.values.items() if name in typed
    ]  # fmt: skip


def label(name: str) -> str:
    return str(getattr(ClientForm, name).args[0])


def shown(name: str, value: str) -> str:
    return country_name(value) if name == "billing_country" else value


class GusSettingsView(Page):
    """The key of the register."""

    route_base = "/settings/gus"
    class_permission_name = "settings"
    default_view = "index"
    method_permission_name = {"index": "edit"}

    @expose("/", methods=["GET", "POST"])
    @has_access
    def index(self) -> Response:
        """Shows which key is used; another one is tried before it is kept."""
        given = bool(current_app.config.get("GUS_API_KEY"))
        if request.method == "GET":
            return self._page(given)
        if given:
            return self._page(given, 409, _("The key is set by GUS_API_KEY, where the CRM is started."))
        if request.form.get("remove"):
            settings.set_key(None)
            db.session.commit()
            flash(_("The key is removed."), "success")
            return redirect(url_for("GusSettingsView.index"))
        key = request.form.get("key", "").strip()
        if not settings.key_is_readable(key):
            return self._page(given, 422, _("A key of GUS has 20 letters and digits."))
        try:
            try_key(key)
        except NoAnswer as error:
            return self._page(given, 422, str(error))
        settings.set_key(key)
        db.session.commit()
        flash(_("The key works and is kept."), "success")
        return redirect(url_for("GusSettingsView.index"))

    def _page(self, given: bool, status: int = 200, problem: str = "") -> Response:
        key = settings.get_key()
        return self.render(
            "settings/gus.html", status, title=_("GUS"), given=given, problem=problem,
            hint=secret_hint(key) if key else "", address=settings.address(key) if key else "",
            is_test=key == settings.TEST_KEY, typed=request.form.get("key", ""),
            calls=recent_calls("gus"),
        )  # fmt: skip
