"""Products: what a line takes from the one that is chosen for it."""

from typing import Any

from crm.models import Product
from crm.services.sales.company import default_currency
from crm.views.forms.raw_values import plain_number
from crm.views.forms.vat_field import usual_rate
from crm.views.records.record import RecordView


class ProductView(RecordView):
    """The record view of products."""

    def choice_json(self, item: Product, hint: str) -> dict[str, Any]:
        line = {
            "description": item.name, "unit": item.unit, "vat_rate": item.vat_rate, "currency": item.currency,
            "price": plain_number(item.sale_price, least=2),
        }  # fmt: skip
        return {**super().choice_json(item, hint), "line": line}

    def new_item(self) -> Product:
        """A product has at first the currency and the VAT rate that most have."""
        product = super().new_item()
        product.currency, product.vat_rate = default_currency(), usual_rate()
        return product
