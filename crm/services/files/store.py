"""The file store: a file is there before a row names it, and goes only after no row does.

A file is written and read back before its row is committed. Where the transaction does not come to its COMMIT
it is taken away again; what a crash leaves behind, the nightly job finds (`file_sweeping`). A file is removed
only when the commit that gave it up has succeeded.
"""

import hashlib
import hmac
import io
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import Flask, current_app
from sqlalchemy import Column, ColumnElement, Connection, Engine, delete, event, exists, or_
from sqlalchemy.orm import Session, SessionTransaction

from crm.errors import CannotStore
from crm.extensions import db
from crm.models import StoredFile
from crm.models.base import Base
from crm.services.files.storage import PORTION, Storage, new_place, storage_of
from crm.services.files.uploads import Upload

log = logging.getLogger(__name__)
files = StoredFile.__table__
NONCE = 12


def init_app(app: Flask) -> None:
    """Make the app's storage; nothing is written or asked yet."""
    app.extensions["storage"] = storage_of(app.config["CRM_FILES_URL"], app.config["CRM_INSTANCE"])


def storage() -> Storage:
    """The storage of the current app."""
    return current_app.extensions["storage"]


# -- files of this transaction


@dataclass
class Pending:
    """What the current transaction wrote and gave up, and how far it came."""

    storage: Storage
    written: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    is_committing: bool = False
    is_committed: bool = False


def _pending(session: Session) -> Pending:
    found = session.info.setdefault("files", Pending(storage()))
    session.connection().info["files"] = found
    return found


@event.listens_for(Engine, "commit")
def _committing(connection: Connection) -> None:
    """From here on nobody but the database knows how it ended, so what was written stays."""
    if found := connection.info.pop("files", None):
        found.is_committing = True


@event.listens_for(Session, "after_commit")
def _committed(session: Session) -> None:
    if "files" in session.info and not session.in_nested_transaction():
        session.info["files"].is_committed = True


@event.listens_for(Session, "after_transaction_end")
def _ended(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is not None or (found := session.info.pop("files", None)) is None:
        return
    if found.is_committed:
        _remove(found.storage, found.given_up)
    elif not found.is_committing:
        _remove(found.storage, found.written)


def _remove(storage: Storage, places: list[str]) -> None:
    try:
        storage.remove(places)
    except CannotStore:
        log.exception("Left %d files to the nightly job", len(places))


# -- in


def keep(upload: Upload, sealed: bool = False) -> StoredFile:
    """Write a file to the store; gives the row to refer to it by, which the caller adds and commits.

    sealed: encrypted, for what even an administrator of the disk should not see; such a file is held in memory.
    Raises CannotStore.
    """
    place = new_place()
    upload.content.seek(0)
    content: IO[bytes] = io.BytesIO(_seal(upload.content.read(), place)) if sealed else upload.content
    _pending(db.session()).written.append(place)
    storage().write(place, content)
    content.seek(0)
    if _digest(storage().read(place)) != _digest(iter(lambda: content.read(PORTION), b"")):
        raise CannotStore()
    thumbnail = upload.thumbnail
    return StoredFile(
        place=place, digest=upload.digest, size=upload.size, type=upload.type, sealed=sealed,
        thumbnail=_seal(thumbnail, place) if sealed and thumbnail else thumbnail,
    )  # fmt: skip


def _digest(portions: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for portion in portions:
        digest.update(portion)
    return digest.hexdigest()


# -- out


def content_of(stored: StoredFile) -> Iterator[bytes]:
    """The content of a file in portions. Raises FileNotFoundError, CannotStore."""
    portions = storage().read(stored.place)
    return iter([_unseal(b"".join(portions), stored.place)]) if stored.sealed else portions


def thumbnail_of(stored: StoredFile) -> bytes | None:
    """The small picture of a file, WebP; None where it has none."""
    thumbnail = stored.thumbnail
    return _unseal(thumbnail, stored.place) if thumbnail and stored.sealed else thumbnail


def _cipher() -> AESGCM:
    secret = current_app.config["CRM_SECRET_KEY"].encode()
    return AESGCM(hmac.new(secret, b"sealed files", hashlib.sha256).digest())


def _seal(content: bytes, place: str) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + _cipher().encrypt(nonce, content, place.encode())


def _unseal(sealed: bytes, place: str) -> bytes:
    return _cipher().decrypt(sealed[:NONCE], sealed[NONCE:], place.encode())


# -- away


def references() -> Iterator[Column[Any]]:
    """Every column that refers to a file."""
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table is files:
                yield key.parent


def is_used() -> ColumnElement[bool]:
    """The condition that some row refers to a file."""
    return or_(*(exists().where(column == files.c.id) for column in references()))


def give_up(stored_ids: Iterable[int]) -> int:
    """Remove those of these files that no row refers to, once the caller has committed. Gives how many."""
    gone = delete(files).where(files.c.id.in_(list(stored_ids)), ~is_used()).returning(files.c.place)
    places = list(db.session.connection().scalars(gone))
    _pending(db.session()).given_up.extend(places)
    return len(places)
