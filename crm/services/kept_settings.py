"""What settings pages keep: one value under a key each."""

from typing import Any

from sqlalchemy import select

from crm.extensions import db
from crm.models import Setting


def get_setting(key: str) -> Any:
    """What is kept under a key; None where nothing was yet."""
    return db.session.scalar(select(Setting.value).where(Setting.key == key))


def keep_setting(key: str, value: Any) -> None:
    """Keep a value in the place of the last one. The caller commits."""
    row = db.session.scalar(select(Setting).where(Setting.key == key)) or Setting(key=key)
    row.value = value
    db.session.add(row)
