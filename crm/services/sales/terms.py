"""What a new sale takes from its client, and from our own company where the client says nothing."""

from datetime import date, timedelta
from typing import Any

from crm.models import Client
from crm.services.sales.company import default_currency


def terms_of(client: Client, day: date, kind: str = "order") -> dict[str, Any]:
    """currency, discount and due day of a sale of this day to a client; None where the client has none.

    An order that is paid at once is due at once; until when a quote holds, or a repair is promised, that does
    not say.
    """
    period = client.payment_period
    has_due = period is not None and (period > 0 or kind == "order")
    return {
        "currency": default_currency(client),
        "discount": client.discount,
        "due": day + timedelta(days=period) if has_due and period is not None else None,
    }
