"""Column types that give the same answers on SQLite and PostgreSQL."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import JSON, BigInteger, DateTime, Integer, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from crm.models.sealing import seal, unseal


def utc_now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The day that it is at our company."""
    return day_of(utc_now())


def day_of(moment: datetime) -> date:
    """The day that an aware moment belongs to at our company."""
    return moment.astimezone(ZoneInfo(current_app.config["CRM_TIMEZONE"])).date()


class UtcDateTime(TypeDecorator[datetime]):
    """Aware in, UTC stored, aware out. A naive datetime is refused: nobody knows what it means."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Exact(TypeDecorator[Decimal]):
    """A decimal number kept as a whole number of its smallest unit, so that sums and sorts are exact."""

    impl = BigInteger
    cache_ok = True

    def __init__(self, scale: int = 2):
        super().__init__()
        self.scale = scale

    @property
    def largest(self) -> Decimal:
        return Decimal(10**18 - 1).scaleb(-self.scale)

    def process_bind_param(self, value: Decimal | None, dialect: Any) -> int | None:
        if value is None:
            return None
        value = Decimal(value)
        if not value.is_finite() or abs(value) > self.largest:
            raise ValueError(f"{value} is too large")
        return int(round(value.scaleb(self.scale)))

    def process_result_value(self, value: int | None, dialect: Any) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-self.scale)


class Seconds(Integer):
    """A length of time in whole seconds; shown as hours and minutes."""


class Encrypted(TypeDecorator[str]):
    """A text that stands encrypted in the database, and so in every copy of it; see `crm.models.sealing`."""

    impl = Text
    cache_ok = True

    seal = staticmethod(seal)
    unseal = staticmethod(unseal)

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return seal(value) if value else None

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        return unseal(value) if value else None


#: A text that sorts by its code points everywhere (a database's own collations differ).
SortKey = String(200).with_variant(String(200, collation="C"), "postgresql")

#: A document. On PostgreSQL the binary kind, which can be compared and indexed.
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
