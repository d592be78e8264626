"""What has changed in an address book since a phone asked last (RFC 6578).

Each token that is given out stands for a listing, which is kept for the key it was given to. What has changed is
the difference between that listing and today's, whatever the reason: an edit, a merge, another assignee, another
team.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

from sqlalchemy import delete, select

from crm.database import insert_or_replace, transactions
from crm.extensions import db
from crm.models import CarddavListing
from crm.models.types import utc_now

#: How many listings are kept for a key: that of the last answer, and of some that may have been lost.
KEPT = 5

kept = CarddavListing.__table__


@dataclass(frozen=True)
class Changes:
    """What differs: `changed` cards by name with their states, names of those that are `gone`.

    token: stands for the listing that has these changes. whole: False where there are more of them.
    """

    changed: Mapping[str, str]
    gone: tuple[str, ...]
    token: str
    whole: bool


def token_of(cards: Mapping[str, str]) -> str:
    """The token that stands for a listing."""
    return blake2b(_packed(cards), digest_size=16).hexdigest()


def remember(key_id: int, cards: Mapping[str, str]) -> str:
    """Keep a listing for whoever uses this key; gives its token. Commits, in a transaction of its own."""
    text = _packed(cards)
    token = blake2b(text, digest_size=16).hexdigest()
    mine = kept.c.api_key_id == key_id
    if db.session.scalar(select(kept.c.token).where(mine, kept.c.token == token)):
        return token
    db.session.rollback()
    with transactions(read_only=False):
        connection = db.session.connection()
        row = {"api_key_id": key_id, "token": token, "cards": zlib.compress(text, 1), "made_at": utc_now()}
        connection.execute(insert_or_replace(connection, kept, **row))
        newest = select(kept.c.token).where(mine).order_by(kept.c.made_at.desc(), kept.c.token).limit(KEPT)
        connection.execute(delete(kept).where(mine, kept.c.token.not_in(list(connection.scalars(newest)))))
        db.session.commit()
    return token


def recall(key_id: int, token: str) -> dict[str, str] | None:
    """The listing that a token stands for; None where it is not kept."""
    asked = select(kept.c.cards).where(kept.c.api_key_id == key_id, kept.c.token == token)
    packed = db.session.scalar(asked)
    if packed is None:
        return None
    pairs = (line.partition(" ") for line in zlib.decompress(packed).decode().splitlines())
    return {name: state for name, _blank, state in pairs}


def differences(key_id: int, before: Mapping[str, str], now: Mapping[str, str], limit: int | None) -> Changes:
    """What leads from one listing to another, as far as the limit goes; the listing it leads to is kept."""
    changed = {name: state for name, state in now.items() if before.get(name) != state}
    gone = [name for name in before if name not in now]
    if limit is None or len(changed) + len(gone) <= limit:
        return Changes(changed, tuple(gone), remember(key_id, now), True)
    changed = dict(list(changed.items())[:limit])
    gone = gone[: limit - len(changed)]
    reached = {name: state for name, state in before.items() if name not in set(gone)} | changed
    return Changes(changed, tuple(gone), remember(key_id, reached), False)


def _packed(cards: Mapping[str, str]) -> bytes:
    return "\n".join(f"{name} {state}" for name, state in sorted(cards.items())).encode()
