"""The setting of what an hour of work costs where neither the entry nor its project says."""

from decimal import Decimal

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms.validators import Optional

from crm.extensions import db
from crm.models.work_rate import default_rate
from crm.services.work.rate import set_default_rate
from crm.views.forms.fields import NumberField
from crm.views.forms.form import RecordForm
from crm.views.forms.iso_fields import CurrencyField
from crm.views.page import Page

LARGEST_RATE = Decimal("100000")


class WorkRateForm(RecordForm):
    rate = NumberField(_l("Hourly rate"), [Optional()], largest=LARGEST_RATE)
    currency = CurrencyField(_l("Currency"))


class WorkRateView(Page):
    """`/settings/work-time`."""

    route_base = "/settings/work-time"
    class_permission_name = "settings"
    default_view = "edit"
    method_permission_name = {"edit": "edit"}

    @expose("/", methods=["GET", "POST"])
    @has_access
    def edit(self) -> Response:
        rate, currency = default_rate(db.session())
        form = WorkRateForm(
            request.form if request.method == "POST" else None, data={"rate": rate, "currency": currency}
        )
        if request.method == "POST" and form.validate():
            if form["rate"].data is not None and form["rate"].data < 0:
                form["rate"].errors = [_("This cannot be less than nothing.")]
            else:
                set_default_rate(form["rate"].data, form["currency"].data)
                db.session.commit()
                flash(_("Settings saved."), "success")
                return redirect(url_for("WorkRateView.edit"))
        status = 422 if form.errors else 200
        return self.render("work_time/rate.html", status, title=_("Work time"), form=form)
