"""The key of the register of Polish companies, GUS."""

from flask import current_app, flash, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from crm.extensions import db
from crm.integrations.calls import recent_calls
from crm.integrations.gus import settings
from crm.integrations.gus.lookup import try_key
from crm.integrations.offers import NoAnswer
from crm.services.secret_settings import secret_hint
from crm.views.page import Page


class GusSettingsView(Page):
    """Shows and changes the key."""

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
