"""Sales: a new one takes its terms from the client."""

from datetime import datetime
from typing import Any

from flask import abort, jsonify, request
from flask_appbuilder import expose, has_access
from flask_babel import get_timezone
from werkzeug.wrappers import Response

from crm.extensions import db
from crm.models import Client, Sale
from crm.models.sale import STATUSES
from crm.services.company import default_currency
from crm.services.sale_terms import terms_of
from crm.views.page import read_id
from crm.views.raw_values import plain_number
from crm.views.record import RecordView


class SaleView(RecordView):
    """The record view of quotes, orders and repairs."""

    more_routes = frozenset({"terms"})
    method_permission_name = {"terms": "add"}

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
