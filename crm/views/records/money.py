"""Amounts as people read them."""

from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision, get_currency_symbol
from flask_babel import get_locale


def money(amount: Decimal | None, currency: str) -> str:
    """An amount with its currency, `€1,234.50`; more decimals than the currency has are shown, not rounded."""
    if amount is None:
        return ""
    locale = get_locale()
    places = max(get_currency_precision(currency), -int(Decimal(amount).normalize().as_tuple().exponent))
    pattern = locale.currency_formats["standard"].pattern.replace(
        "0.00", "0." + "0" * places if places else "0"
    )
    if get_currency_symbol(currency, locale)[-1:].isalpha():
        # letters keep their distance: https://www.unicode.org/reports/tr35/tr35-numbers.html#Currencies
        pattern = pattern.replace("¤0", "¤\u00a00").replace("¤#", "¤\u00a0#")
    return format_currency(amount, currency, pattern, locale=locale, currency_digits=False)
