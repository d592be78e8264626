"""The settings: what can be set where, what the environment has set, and the modules."""

from typing import Any

from flask import current_app, flash, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from config import SETTINGS
from crm.extensions import db
from crm.registry import registry
from crm.security.manager import may
from crm.services.duplicates import tax_ids
from crm.services.modules import NAMES, is_on, switch_modules
from crm.views.page import Page

#: Settings whose values are nobody's business on a page.
SECRET_WORDS = ("KEY", "URL")
#: Addresses without a password in them.
PLAIN = frozenset({"CRM_URL", "MAILCHIMP_API_URL", "GUS_API_URL", "VIES_API_URL", "WHITE_LIST_API_URL"})


class SettingsView(Page):
    """`/settings/` and the modules page."""

    route_base = "/settings"
    class_permission_name = "settings"
    default_view = "list"
    method_permission_name = {"list": "list", "modules": "edit", "duplicates": "edit"}

    @expose("/")
    @has_access
    def list(self) -> Response:
        return self.render(
            "settings/list.html", title=_("Settings"), environment=environment(),
            records=[r for r in registry() if r.is_setting and r.menu and may("list", r.key)],
        )  # fmt: skip

    @expose("/modules", methods=["GET", "POST"])
    @has_access
    def modules(self) -> Response:
        """The modules that have record types, each with a switch."""
        offered = {r.module: [] for r in registry() if r.module in NAMES}
        for record in registry():
            if record.module in offered:
                offered[record.module].append(record)
        if request.method == "POST":
            chosen = set(request.form.getlist("on")) & set(offered)
            # a module without record types yet stays as it is, so that it is on when they come
            switch_modules(chosen | {m for m in NAMES if m not in offered and is_on(m)})
            db.session.commit()
            flash(_("Modules saved."), "success")
            return redirect(url_for("SettingsView.modules"))
        return self.render(
            "settings/modules.html", title=_("Modules"), modules=offered, names=NAMES, is_on=is_on
        )

    @expose("/duplicates", methods=["GET", "POST"])
    @has_access
    def duplicates(self) -> Response:
        """Whether a second client with a tax ID is refused."""
        if request.method == "POST":
            tax_ids.set_unique(request.form.get("unique_tax_id") == "yes")
            db.session.commit()
            flash(_("Saved."), "success")
            return redirect(url_for("SettingsView.duplicates"))
        return self.render("settings/duplicates.html", title=_("Duplicates"), unique=tax_ids.is_unique())


def environment() -> list[tuple[str, str, Any, bool]]:
    """(name, what it is for, value, whether the environment sets it) of each setting; no secret's value."""
    given = current_app.config.get("CRM_FROM_ENVIRONMENT", frozenset())
    return [
        (s.name, s.about.replace("`", ""), None if is_secret(s.name) else current_app.config.get(s.name),
         s.name in given)
        for s in SETTINGS
        if not s.name.startswith(("CRM_TEST", "CRM_BROWSER", "CRM_SLOW"))
    ]  # fmt: skip


def is_secret(name: str) -> bool:
    """Whether a setting's value may hold a password or a key."""
    return name not in PLAIN and name.endswith(SECRET_WORDS)
