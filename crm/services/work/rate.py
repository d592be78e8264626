"""Setting what an hour of work costs by default; entries that have a rate keep it."""

from decimal import Decimal

from crm.models.work_rate import RATE_KEY
from crm.services.kept_settings import keep_setting


def set_default_rate(rate: Decimal | None, currency: str | None) -> None:
    """Make this the rate of work that has none of its own, nor its project. The caller commits."""
    keep_setting(RATE_KEY, {"rate": str(rate) if rate is not None else None, "currency": currency})
