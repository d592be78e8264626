"""Setting what an hour of work costs by default; entries that have a rate keep it."""

from decimal import Decimal

from sqlalchemy import select

from crm.extensions import db
from crm.models import Setting
from crm.models.work_rate import RATE_KEY


def set_default_rate(rate: Decimal | None, currency: str | None) -> None:
    """Make this the rate of work that has none of its own, nor its project. The caller commits."""
    row = db.session.scalar(select(Setting).where(Setting.key == RATE_KEY)) or Setting(key=RATE_KEY)
    row.value = {"rate": str(rate) if rate is not None else None, "currency": currency}
    db.session.add(row)
