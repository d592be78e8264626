"""Counts of tries kept in the database, so that all web processes on all machines count together."""

import hashlib
from datetime import timedelta
from typing import Any

from limits.storage import Storage
from sqlalchemy import case, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from crm.extensions import db
from crm.models import RateLimit
from crm.models.types import utc_now

counts = RateLimit.__table__
#: So many counts that are void are deleted with each new one.
SWEPT = 20


class DatabaseStorage(Storage):
    """Fixed windows for Flask-Limiter, in one table. Asked and written in requests that may write."""

    STORAGE_SCHEME = ["database"]

    @property
    def base_exceptions(self) -> type[Exception]:
        return SQLAlchemyError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count a try and commit; begins a new window of `expiry` seconds where the last one is over."""
        # what the request has left undone would hold the lock for which its count waits
        db.session.rollback()
        now = utc_now()
        dialect: Any = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        new = dialect.insert(counts).values(
            key_hash=_hashed(key), hits=amount, ends_at=now + timedelta(seconds=expiry)
        )
        lasts = counts.c.ends_at > now
        known = {
            "hits": case((lasts, counts.c.hits + new.excluded.hits), else_=new.excluded.hits),
            "ends_at": case((lasts, counts.c.ends_at), else_=new.excluded.ends_at),
        }
        counted = new.on_conflict_do_update(index_elements=[counts.c.key_hash], set_=known)
        hits = db.session.scalar(counted.returning(counts.c.hits))
        over = select(counts.c.key_hash).where(counts.c.ends_at <= now).limit(SWEPT)
        db.session.execute(
            delete(counts).where(counts.c.key_hash.in_(over.with_for_update(skip_locked=True)))
        )
        db.session.commit()
        return hits or 0

    def get(self, key: str) -> int:
        return self._of(key, counts.c.hits) or 0

    def get_expiry(self, key: str) -> float:
        return (self._of(key, counts.c.ends_at) or utc_now()).timestamp()

    def _of(self, key: str, column: Any) -> Any:
        mine = (counts.c.key_hash == _hashed(key)) & (counts.c.ends_at > utc_now())
        return db.session.scalar(select(column).where(mine))

    def check(self) -> bool:
        return db.session.scalar(select(1)) == 1

    def reset(self) -> int:
        gone = db.session.execute(delete(counts)).rowcount  # type: ignore[attr-defined]
        db.session.commit()
        return gone

    def clear(self, key: str) -> None:
        db.session.execute(delete(counts).where(counts.c.key_hash == _hashed(key)))
        db.session.commit()


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
