"""Work time: one's own at first, approved by those who may, and what it comes to by client and month."""

from datetime import timedelta

from flask import abort, flash, g, redirect, request
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from crm.extensions import db
from crm.models import WorkTime
from crm.models.types import utc_now
from crm.services.history.log import operation
from crm.services.work import billing
from crm.views.page import read_id
from crm.views.records.money import money
from crm.views.records.record import RecordView
from crm.views.records.values import url_of


class WorkTimeView(RecordView):
    """The record view of work time."""

    list_template = "work_time/list.html"
    show_template = "work_time/show.html"
    more_routes = frozenset({"approve", "billing", "approve_month"})
    method_permission_name = {"approve": "approve", "billing": "list", "approve_month": "approve"}

    def new_item(self) -> WorkTime:
        """Work is at first one's own, and of the last hour."""
        item = super().new_item()
        item.user = g.user
        item.end = utc_now().replace(second=0, microsecond=0)
        item.start = item.end - timedelta(hours=1)
        with db.session.no_autoflush:
            item.settle()
        return item

    @expose("/approve/<pk>", methods=["POST"])
    @has_access
    def approve(self, pk: str) -> Response:
        """Approve an entry, or take that back."""
        item: WorkTime = self.get_item(pk)
        if request.form.get("on") not in ("yes", "no"):
            abort(400)
        with operation("work_time.approve", client_id=item.client_id):
            item.approved = request.form["on"] == "yes"
            db.session.commit()
        return redirect(self.url("show", pk=item.id))

    @expose("/billing")
    @has_access
    def billing(self) -> Response:
        """What was worked in a month, for one client or for all that the user sees."""
        month, client_id = read_month(), read_client()
        client = billing.get_client(client_id) or abort(404) if client_id else None
        found = billing.summary(month, client_id)
        by_client = [] if client else billing.clients(month)
        return self.render(
            "work_time/billing.html", title=_("Hours of the month"), client=client, month=month, summary=found,
            by_client=[(one.name, self.url("billing", client=one.id, month=month), n) for one, n in by_client],
            by_rate=[(money(*rate) if rate[0] is not None else _("No rate"), "", n) for rate, n in found.rates.items()],
            by_user=[(user.get_full_name(), "", n) for user, n in found.users],
            by_project=[(one or _("No project"), url_of(one) if one else "", n) for one, n in found.projects],
        )  # fmt: skip

    @expose("/approve_month", methods=["POST"])
    @has_access
    def approve_month(self) -> Response:
        """Approve all work of a client's month."""
        month, client_id = read_month(), read_client() or abort(400)
        billing.get_client(client_id) or abort(404)
        with operation("work_time.approve", client_id=client_id):
            number = billing.approve(month, client_id)
            db.session.commit()
        flash(ngettext("%(num)d entry approved.", "%(num)d entries approved.", number), "success")
        return redirect(self.url("billing", client=client_id, month=month))


def read_month() -> billing.Month:
    """The month of the address, as 2026-11; the present one where there is none, 404 for what is none."""
    text = request.args.get("month", "")
    try:
        return billing.Month.read(text) if text else billing.Month.now()
    except ValueError:
        abort(404)


def read_client() -> int | None:
    text = request.args.get("client", "")
    return read_id(text) if text else None
