"""Which registers of VAT are asked in the background, and what came of the last calls."""

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from crm.extensions import db
from crm.integrations.calls import recent_calls
from crm.integrations.vat.settings import asked_in_background, set_asked_in_background
from crm.integrations.vies.checking import our_number
from crm.integrations.white_list.checking import DAILY, spent_today
from crm.services.clients.vat import REGISTERS, VIES, WHITE_LIST, counts
from crm.views.page import Page

#: The switches: what is asked, and what one should know of it.
SWITCHES = {
    VIES: (
        _l("Check companies with a VAT number of the EU in VIES"),
        _l("Each about once a month, one after the other; countries that are down later."),
    ),
    WHITE_LIST: (
        _l("Look Polish companies up in the VAT white list"),
        _l("Each about once a month, thirty at a time; at most 70 of the 100 questions that a day has."),
    ),
}


class VatSettingsView(Page):
    """Registers of VAT: VIES and the Polish white list."""

    route_base = "/settings/vat"
    class_permission_name = "settings"
    default_view = "index"
    method_permission_name = {"index": "edit"}

    @expose("/", methods=["GET", "POST"])
    @has_access
    def index(self) -> Response:
        if request.method == "POST":
            set_asked_in_background(request.form.getlist("background"))
            db.session.commit()
            flash(_("Saved."), "success")
            return redirect(url_for("VatSettingsView.index"))
        return self.render(
            "settings/vat.html", title=_("VAT registers"), switches=SWITCHES, on=asked_in_background(),
            our_number=our_number(), spent=spent_today(), daily=DAILY, registers=REGISTERS, counts=counts,
            calls=recent_calls(*REGISTERS),
        )  # fmt: skip
