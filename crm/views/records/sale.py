"""Sales: a new one takes its terms from the client; a quote is made into an order."""

from datetime import datetime
from typing import Any

from flask import abort, flash, jsonify, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_babel import get_timezone
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from crm.extensions import db
from crm.models import Client, Sale
from crm.models.sale import STATUSES
from crm.registry import registry
from crm.security.manager import may
from crm.services.sales.company import default_currency
from crm.services.sales.converting import CONVERSIONS, convert, converted, offered
from crm.services.sales.terms import terms_of
from crm.views.forms.raw_values import plain_number
from crm.views.page import read_id
from crm.views.records.record import RecordView


class SaleView(RecordView):
    """The record view of quotes, orders and repairs."""

    show_template = "sale/show.html"
    form_template = "sale/form.html"
    more_routes = frozenset({"terms", "convert"})
    method_permission_name = {"terms": "add", "convert": "edit"}

    @expose("/show/<pk>")
    @has_access
    def show(self, pk: str) -> Response:
        sale: Sale = self.get_item(pk)
        return self.render(self.show_template, title=self.title_of(sale), item=sale, offered=offered(sale),
                           converted=converted(sale))  # fmt: skip

    def new_item(self) -> Sale:
        sale = super().new_item()
        sale.date = datetime.now(get_timezone()).date()
        sale.currency, sale.status = default_currency(), STATUSES[sale.kind][0]
        if sale.client is not None:
            for name, value in terms_of(sale.client, sale.date, sale.kind).items():
                setattr(sale, name, value)
        return sale

    @expose("/terms/<pk>")
    @has_access
    def terms(self, pk: str) -> Response:
        """What a sale takes from this client, for the form: `{"currency": "EUR", "discount": "5", "due": …}`."""
        client = db.session.get(Client, read_id(pk)) or abort(404)
        try:
            day = datetime.fromisoformat(request.args.get("date", "")).date()
        except ValueError:
            day = datetime.now(get_timezone()).date()
        found: dict[str, Any] = terms_of(client, day, self.asked_kind())
        found["discount"] = plain_number(found["discount"])
        found["due"] = found["due"].isoformat() if found["due"] else ""
        return jsonify(found)

    @expose("/convert/<pk>", methods=["POST"])
    @has_access
    def convert(self, pk: str) -> Response:
        """Make something out of a sale: `to` says what. A second time leads to what is there."""
        sale: Sale = self.get_item(pk)
        conversion = CONVERSIONS.get(request.form.get("to", "")) or abort(404)
        record = registry().by_model.get(conversion.model) or abort(404)
        if not self.may_change(sale, "edit") or not may("add", record.key):
            abort(403)
        try:
            made, is_new = convert(sale, conversion)
            db.session.commit()
        except HTTPException as error:
            db.session.rollback()
            flash(str(error.description), "danger")
            return redirect(self.url("show", pk=pk))
        words = {"label": record.part_of(made).label, "number": str(made)}
        told = _("%(label)s %(number)s added.", **words) if is_new else _("It is there already.")
        flash(told, "success" if is_new else "info")
        return redirect(url_for(f"{record.model.__name__}View.show", pk=made.id))
