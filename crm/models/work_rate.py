"""What an hour of work costs where neither the entry nor its project says."""

from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.models.setting import Setting

#: The setting that holds it: {"rate": "80.00", "currency": "PLN"}.
RATE_KEY = "work_time_rate"


def default_rate(session: Session) -> tuple[Decimal | None, str]:
    """What an hour costs where neither the entry nor its project says, and in which currency."""
    value = session.scalar(select(Setting.value).where(Setting.key == RATE_KEY)) or {}
    rate = value.get("rate")
    return Decimal(rate) if rate is not None else None, value.get("currency") or "EUR"
