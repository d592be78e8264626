"""The settings of Peppol: which network is asked, about whom, and what is known."""

from flask import current_app, flash, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from crm.extensions import db
from crm.integrations.calls import recent_calls
from crm.integrations.peppol import settings
from crm.integrations.peppol.checking import SERVICE
from crm.integrations.peppol.lookup import PRODUCTION
from crm.services.clients.peppol import FILTERED, counts
from crm.views.page import Page


class PeppolSettingsView(Page):
    route_base = "/settings/peppol"
    class_permission_name = "settings"
    default_view = "index"
    method_permission_name = {"index": "edit"}

    @expose("/", methods=["GET", "POST"])
    @has_access
    def index(self) -> Response:
        if request.method == "POST":
            settings.ask_everybody(request.form.get("everybody") == "yes")
            db.session.commit()
            flash(_("Saved."), "success")
            return redirect(url_for("PeppolSettingsView.index"))
        zone, config = settings.zone(), current_app.config
        return self.render(
            "settings/peppol.html", title=_("Peppol"), zone=zone, is_production=zone == PRODUCTION,
            server=config["PEPPOL_DNS"], given=config["CRM_FROM_ENVIRONMENT"], everybody=settings.asks_everybody(),
            states=FILTERED, counts=counts(), calls=recent_calls(SERVICE),
        )  # fmt: skip
