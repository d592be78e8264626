"""Keys of other services that are set on a page, encrypted where they lie."""

from sqlalchemy import delete, select

from crm.database import insert_or_replace
from crm.errors import KeyMissing
from crm.extensions import db
from crm.models import SecretSetting

settings = SecretSetting.__table__


def get_secret(key: str) -> str | None:
    """The secret, or None where there is none, or none of the CRM's keys opens it any more."""
    try:
        return db.session.scalar(select(settings.c.value).where(settings.c.key == key))
    except KeyMissing:
        return None


def keep_secret(key: str, value: str) -> None:
    """Keep a secret in the place of the last one. The caller commits."""
    db.session.execute(insert_or_replace(db.session.connection(), settings, key=key, value=value))


def secret_hint(secret: str) -> str:
    """Enough of a secret to tell it from another: the last quarter."""
    return f"…{secret[len(secret) - len(secret) // 4 :]}"


def forget_secret(key: str) -> None:
    """The caller commits."""
    db.session.execute(delete(settings).where(settings.c.key == key))
