"""Values as the log of changes keeps them: what JSON can hold of what the database stores."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, Date, Table
from sqlalchemy.types import TypeEngine

from crm.models.types import Encrypted, Exact, UtcDateTime, utc_now


def encode(kind: TypeEngine[Any], value: Any) -> Any:
    """A Python value as it stands in a change: what JSON can hold of what the database stores."""
    if value is not None and isinstance(kind, Exact):
        return int(round(Decimal(value).scaleb(kind.scale)))
    if value and isinstance(kind, Encrypted):
        return kind.seal(value)
    if value is None or isinstance(value, str | int | float | dict | list):
        return value
    if isinstance(value, datetime):
        # always of the same length, so that the database can read and write it too
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"history cannot keep a {type(value).__name__}")


def decode(kind: TypeEngine[Any], value: Any) -> Any:
    """The Python value of what a change keeps."""
    if value is None:
        return None
    if isinstance(kind, Exact):
        return Decimal(value).scaleb(-kind.scale)
    if isinstance(kind, Encrypted):
        return kind.unseal(value)
    if isinstance(kind, UtcDateTime):
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=utc_now().tzinfo)
    if isinstance(kind, Date):
        return date.fromisoformat(value[:10])
    if isinstance(kind, Boolean):
        return bool(value)
    return value


def decode_row(table: Table, values: dict[str, Any]) -> dict[str, Any]:
    """All values of one side of a change, by column name; columns that are gone are left out."""
    return {name: decode(table.c[name].type, value) for name, value in values.items() if name in table.c}
