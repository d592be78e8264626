"""The choice of a VAT rate in forms."""

from typing import Any

from flask import g
from flask_babel import gettext as _
from wtforms.validators import ValidationError

from crm.models.vat import CODES, read_rate
from crm.models.vat import rate_words as words
from crm.services.iso_lists import Choices
from crm.services.sales.company import default_vat_rate, rate_words, vat_rates
from crm.views.forms.iso_fields import ListedField


def rates() -> Choices:
    """(rate, words) of the VAT rates that are offered; asked once per request, for each line offers them."""
    if "offered_vat_rates" not in g:
        g.offered_vat_rates = tuple((rate.code, rate.label) for rate in vat_rates())
    return g.offered_vat_rates


def usual_rate() -> str | None:
    """The rate of new lines and products."""
    rate = default_vat_rate()
    return rate.code if rate is not None else None


def words_of_rate(rate: str) -> str:
    """A rate as it is printed: as our company calls it."""
    return rate_words().get(rate) or words(rate)


def rate_labels() -> dict[str, str]:
    """Rate -> how it is printed, of all rates that our company has, and of the codes."""
    return {**{code: str(label) for code, label in CODES.items()}, **rate_words()}


class VatField(ListedField):
    """A VAT rate; one that is not offered stays, as does that of a product that has another."""

    listed = staticmethod(rates)
    data: Any

    def pre_validate(self, form: Any) -> None:
        if self.data:
            try:
                self.data = read_rate(self.data)
            except ValueError:
                raise ValidationError(_("There is no such VAT rate.")) from None
