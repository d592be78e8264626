"""API keys: found by their hash, limited to their scopes, noted when used. Flask-AppBuilder keeps them.

A scope is `read` or `write`, alone or for one resource: `read`, `notes:read`, `clients:write`. Who may write
may read. A key without scopes may whatever its user may. Moments are UTC, without a zone as in their table.
"""

import re
from datetime import datetime, timedelta
from typing import Any

from flask import current_app, g, request
from flask_appbuilder.security.sqla.models import ApiKey, User
from sqlalchemy import event, or_, select, update
from sqlalchemy.orm import joinedload
from werkzeug.exceptions import Forbidden

from crm.database import SAFE_METHODS, transactions
from crm.extensions import db
from crm.models.types import utc_now
from crm.security.call_limits import count_call
from crm.security.viewer import finding_out

READ, WRITE = RIGHTS = ("read", "write")
SCOPE = re.compile(r"(?:(?P<resource>[a-z][a-z0-9-]*):)?(?P<right>read|write)")
#: Last use is noted this often at most, so that reading stays reading.
NOTED_EVERY = timedelta(minutes=1)
#: Where the name of the resource stands in a path.
RESOURCE = re.compile(r"/(?:api/v1|crm)/(?P<resource>[a-z0-9-]+)")
#: What every key may read: it tells what there is to call, and holds no records.
DESCRIPTION = "/api/v1/_openapi"


def _now() -> datetime:
    return utc_now().replace(tzinfo=None)


def is_scope(text: str) -> bool:
    """Whether text is a scope."""
    return SCOPE.fullmatch(text) is not None


def allows(scopes: str | None, resource: str, right: str) -> bool:
    """Whether a key with these scopes (with commas) has a right to a resource; unknown scopes give none."""
    given = [scope.strip() for scope in (scopes or "").split(",") if scope.strip()]
    if not given:
        return True
    enough = {WRITE, right}
    return any(scope in enough or scope in {f"{resource}:{one}" for one in enough} for scope in given)


def resource_of(path: str) -> str:
    """The resource that a path belongs to, or nothing."""
    found = RESOURCE.match(path)
    return found["resource"] if found else ""


def check_scopes(scopes: str | None) -> None:
    """Refuse the current request with 403 where scopes do not cover it."""
    right = READ if request.method in SAFE_METHODS else WRITE
    if (request.path, right) != (DESCRIPTION, READ) and not allows(scopes, resource_of(request.path), right):
        raise Forbidden("This key may not do that.")


def key_allows(resource: str, right: str) -> bool:
    """Whether the key of the current request has a right to a resource; without a key nothing is limited."""
    return allows(g.get("api_key_scopes"), resource, right)


def check_also(resource: str) -> None:
    """Refuse the current request with 403 where its key may not write another resource, which it would."""
    if not key_allows(resource, WRITE):
        raise Forbidden("This key may not do that.")


def user_of_key(lookup_hash: str) -> User | None:
    """The active user of a key that holds, with its scopes checked and its use noted; or None."""
    with finding_out():
        key = db.session.scalar(select(ApiKey).where(ApiKey.lookup_hash == lookup_hash))
        if key is None or not key.active or key.revoked_on is not None or not key.user.is_active:
            return None
        if key.expires_on is not None and key.expires_on <= _now():
            return None
        scopes, user_id, key_id = key.scopes, key.user_id, key.id
        if key.last_used_on is None or not timedelta(0) <= _now() - key.last_used_on < NOTED_EVERY:
            _note_use(key_id)
        count_call(f"key {key_id}")
        g.user, g.api_key_id, g.api_key_scopes = db.session.get(User, user_id), key_id, scopes
    check_scopes(scopes)
    return g.user


def _note_use(key_id: int) -> None:
    """In a transaction of its own, which ends before the request's begins."""
    db.session.rollback()
    before = _now() - NOTED_EVERY
    with transactions(read_only=False):
        db.session.execute(
            update(ApiKey)
            .where(ApiKey.id == key_id, or_(ApiKey.last_used_on.is_(None), ApiKey.last_used_on < before))
            .values(last_used_on=_now())
            .execution_options(synchronize_session=False)
        )
        db.session.commit()


@event.listens_for(ApiKey, "before_insert")
def _made_now(_mapper: Any, _connection: Any, key: ApiKey) -> None:
    """Flask-AppBuilder would note the moment in the machine's own time zone."""
    key.created_on = _now()


def create_key(user: User, name: str, scopes: str | None = None, days: int | None = None) -> str:
    """Make a key for a user and give its text, which is kept nowhere. Commits. Raises ValueError."""
    if wrong := next((s for s in (scopes or "").split(",") if s.strip() and not is_scope(s.strip())), None):
        raise ValueError(
            f"{wrong.strip()} is no scope: read, write, or one of them for a resource (notes:read)."
        )
    expires = _now() + timedelta(days=days) if days else None
    made = current_app.appbuilder.sm.create_api_key(user, name, scopes or None, expires)
    if made is None:
        raise ValueError("The key could not be stored.")
    return made["key"]


def keys_of(user: User | None = None) -> list[ApiKey]:
    """The keys of a user, or all, by name."""
    asked = select(ApiKey).options(joinedload(ApiKey.user)).order_by(ApiKey.name, ApiKey.id)
    return list(db.session.scalars(asked.where(ApiKey.user_id == user.id) if user is not None else asked))


def is_over(key: ApiKey) -> bool:
    """Whether a key lets nobody in any more: revoked, past its end, or its user may not sign in."""
    past = key.expires_on is not None and key.expires_on <= _now()
    return key.revoked_on is not None or past or not (key.active and key.user.is_active)


def revoke(key: ApiKey) -> None:
    """End a key. The caller commits."""
    if key.revoked_on is None:
        key.revoked_on = _now()


def revoke_keys(name: str) -> int:
    """End the keys with this name; how many there were. The caller commits."""
    keys: Any = db.session.scalars(
        select(ApiKey).where(ApiKey.name == name, ApiKey.revoked_on.is_(None))
    ).all()
    for key in keys:
        revoke(key)
    return len(keys)
