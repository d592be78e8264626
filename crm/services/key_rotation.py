"""A new key for sensitive values: made, all values and their history sealed with it, and the old one forgotten.

Portion by portion, each with all that history keeps of its rows. Killed at any point, it is taken up by the next run:
old and new key both stand in the ring until nothing is left under the old one.
"""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Text, or_, select, type_coerce, update
from sqlalchemy.orm import Session

from crm.database import hold_tables
from crm.errors import StateConflict
from crm.extensions import db
from crm.models import AttributeValue, Change, SecretSetting
from crm.models.sealed_values import slot_of
from crm.models.sealing import blind_index, key_file, ring, seal, unseal
from crm.services.attributes.sealing import PORTION, Side, change_form
from crm.services.history.bulk import dialect_of
from crm.services.history.change_values import unpacked

values = AttributeValue.__table__
log = Change.__table__
settings = SecretSetting.__table__


def rotate(say: Callable[[int], None] = lambda done: None) -> int:
    """Seal all sensitive values under a new key; commits. Gives how many rows were sealed anew.

    Where the keys are given by the environment, under the first of them. A run that was interrupted is finished
    instead, under the key that it made. say: is told how many are done.
    """
    with _only_one():
        session = db.session()
        given = current_app.config.get("CRM_ENCRYPTION_KEYS")
        if not given and not outdated(session):
            _keep([secrets.token_hex(32), *_kept()])
        session.rollback()
        done = 0
        while True:
            while ids := outdated(session):
                for start in range(0, len(ids), PORTION):
                    change_form(session, ids[start : start + PORTION], resealed)
                    session.commit()
                    done += len(ids[start : start + PORTION])
                    say(done)
            # whoever began to write under the old key has ended once we hold the tables
            hold_tables(session.connection(), values, log, settings)
            if not outdated(session):
                reseal_settings(session)
                if not given:
                    _keep(_kept()[:1])
                session.commit()
                return done
            session.commit()


def resealed(side: Side) -> Side:
    """What the log keeps of a row, its value sealed under the newest key."""
    if not side or not side.get("secret"):
        return side
    text = unseal(side["secret"])
    match_key = blind_index(text)
    slot = {"slot": slot_of(match_key)} if side.get("slot") else {}
    return {**side, "secret": seal(text), "match_key": match_key, **slot}


def reseal_settings(session: Session) -> None:
    """Seal the keys of other services under the newest key; the caller commits. They are few, without history."""
    for key, text in session.execute(select(settings.c.key, settings.c.value)).all():
        session.execute(update(settings).where(settings.c.key == key).values(value=text))


def outdated(session: Session) -> list[int]:
    """The numbers of the rows of values that are, or were, sealed under another key than the newest."""
    dialect, newest = dialect_of(session), ring()[0].name
    secret = type_coerce(values.c.secret, Text)
    sides = [
        type_coerce(unpacked(dialect, side, values.c.secret), Text) for side in (log.c.before, log.c.after)
    ]

    def is_old(sealed: ColumnElement[str]) -> ColumnElement[bool]:
        # the key made of CRM_SECRET_KEY has no name, its ciphertexts no dot
        return ~sealed.startswith(f"{newest}.") if newest else sealed.contains(".")

    there = select(values.c.id).where(is_old(secret))
    told = select(log.c.row_id).where(log.c.table_name == values.name, or_(*map(is_old, sides)))
    return sorted({*session.connection().scalars(there), *session.connection().scalars(told)})


# -- the file of keys


def _kept() -> list[str]:
    return key_file().read_text().split() if key_file().exists() else []


def _keep(keys: list[str]) -> None:
    """Write the file of keys: the old one or the new one is there at any moment, whole, and on the disk."""
    file = key_file()
    draft = file.with_name(f".{file.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write("\n".join(keys) + "\n")
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
    _sync(file.parent)


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def _only_one() -> Iterator[None]:
    """One run at a time; the lock dies with its process."""
    with key_file().with_name("encryption_keys.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateConflict(_("Keys are being changed already.")) from None
        yield
