"""Sales over the API: a new one takes from its client what is not sent."""

from datetime import date, datetime
from typing import Any

from flask_babel import get_timezone

from crm.extensions import db
from crm.models import Client
from crm.services.clients.as_json import plain
from crm.services.record_json import LARGEST_ID
from crm.services.sales.terms import terms_of
from crm.views.api.record_api import RecordApi


class SaleApi(RecordApi):
    """The API of quotes, orders and repairs."""

    def write(self, item: Any, data: dict[str, Any]) -> None:
        super().write(item, data if item.id is not None else {**self._terms(data), **data})

    @staticmethod
    def _terms(data: dict[str, Any]) -> dict[str, Any]:
        """What a new sale takes from its client; nothing where what was sent is wrong, which is told later."""
        number, day = data.get("client"), data.get("date")
        if not isinstance(number, int) or isinstance(number, bool) or not 0 < number <= LARGEST_ID:
            return {}
        client = db.session.get(Client, number)
        if client is None:
            return {}
        try:
            of = date.fromisoformat(day) if day is not None else datetime.now(get_timezone()).date()
            terms = terms_of(client, of, str(data.get("kind")))
        except (TypeError, ValueError, OverflowError):
            return {}
        return {name: plain(value) for name, value in terms.items() if value is not None}
