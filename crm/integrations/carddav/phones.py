"""The keys of a user's phones: each opens the address book and nothing else, and is ended when its phone is lost."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from flask_appbuilder.security.sqla.models import ApiKey, User
from flask_babel import gettext as _
from sqlalchemy import delete, select

from crm.errors import RuleError
from crm.extensions import db
from crm.models import CarddavListing
from crm.models.types import utc_now
from crm.security.api_keys import create_key

SCOPE = "carddav:read"
LONGEST_NAME = 60


class Phone(NamedTuple):
    """The id of a phone's key, its name, and when it asked last."""

    id: int
    name: str
    asked_at: datetime | None


def phones_of(user_id: int) -> Sequence[Phone]:
    """The phones of a user whose keys hold, by name."""
    asked = select(ApiKey).where(*_theirs(user_id)).order_by(ApiKey.name, ApiKey.id)
    return [
        Phone(key.id, key.name, key.last_used_on and key.last_used_on.replace(tzinfo=UTC))
        for key in db.session.scalars(asked)
    ]


def add_phone(user: User, name: str) -> str:
    """Make a key for another phone and give its text, which is kept nowhere. Commits. Raises RuleError."""
    name = " ".join(name.split())
    if not name:
        raise RuleError(_("Please fill this in."), field="name")
    if len(name) > LONGEST_NAME:
        raise RuleError(_("At most %(n)d characters.", n=LONGEST_NAME), field="name")
    return create_key(user, name, SCOPE)


def remove_phone(user_id: int, key_id: int) -> str | None:
    """End the key of a phone of this user; gives its name, or None where there is none. The caller commits."""
    key = db.session.scalar(select(ApiKey).where(ApiKey.id == key_id, *_theirs(user_id)))
    if key is None:
        return None
    key.revoked_on = utc_now().replace(tzinfo=None)
    db.session.execute(delete(CarddavListing).where(CarddavListing.api_key_id == key_id))
    return key.name


def _theirs(user_id: int) -> tuple:
    return ApiKey.user_id == user_id, ApiKey.scopes == SCOPE, ApiKey.active, ApiKey.revoked_on.is_(None)
