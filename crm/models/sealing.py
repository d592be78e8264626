"""How values are encrypted at rest: the ring of keys, sealed texts, and what equal texts are found by.

Keys stand in CRM_ENCRYPTION_KEYS, or in the file `encryption_keys` of the instance folder, newest first; without
either the one key is made of CRM_SECRET_KEY, which stays readable in any case. The newest seals; all unseal, so
that values of an old key can be read until the last of them is sealed anew (`flask crm rotate-key`).

AES-SIV: the same text gives the same ciphertext, so that undo compares values where they lie, and no ciphertext
can be changed unseen.
"""

import base64
import hashlib
import hmac
import os
from binascii import Error as NotBase64
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from flask import current_app

from crm.errors import KeyMissing
from crm.models.folding import fold

FILE = "encryption_keys"


@dataclass(frozen=True)
class Key:
    """One key. name: what its ciphertexts begin with; none for that made of CRM_SECRET_KEY."""

    name: str
    secret: bytes

    def derived(self, purpose: bytes) -> bytes:
        """A key of its own for a purpose."""
        return hmac.new(self.secret, purpose, hashlib.sha512).digest()


@lru_cache(maxsize=32)
def key_of(secret: str) -> Key:
    """The key that an entry of the ring stands for."""
    return Key(hashlib.sha256(secret.encode()).hexdigest()[:8], secret.encode())


def ring() -> tuple[Key, ...]:
    """The keys, the one that seals first."""
    config = current_app.config
    given = config.get("CRM_ENCRYPTION_KEYS")
    return _ring(
        tuple(given) if given else _kept(f"{config['CRM_INSTANCE']}/{FILE}"), config["CRM_SECRET_KEY"]
    )


@lru_cache(maxsize=32)
def _ring(entries: tuple[str, ...], last: str) -> tuple[Key, ...]:
    return (*map(key_of, entries), Key("", last.encode()))


def key_file() -> Path:
    """Where the keys are kept that `flask crm rotate-key` makes."""
    return Path(current_app.config["CRM_INSTANCE"]) / FILE


def _kept(file: str) -> tuple[str, ...]:
    # asked each time: another process may have put a new key there a moment ago
    try:
        stamp = os.stat(file)
    except FileNotFoundError:
        return ()
    return _lines(file, stamp.st_mtime_ns, stamp.st_ino)


@lru_cache(maxsize=8)
def _lines(file: str, _changed: int, _inode: int) -> tuple[str, ...]:
    return tuple(Path(file).read_text().split())


@lru_cache(maxsize=32)
def _cipher(key: Key) -> AESSIV:
    return AESSIV(key.derived(b"sensitive values"))


@lru_cache(maxsize=32)
def _blinding(key: Key) -> bytes:
    return key.derived(b"blind index")


def seal(text: str) -> str:
    """The ciphertext of a text, as it stands in the database and in history."""
    key = ring()[0]
    sealed = base64.b64encode(_cipher(key).encrypt(text.encode(), None)).decode()
    return f"{key.name}.{sealed}" if key.name else sealed


def unseal(sealed: str) -> str:
    """The text of a ciphertext. Raises KeyMissing where no key opens it."""
    name, _dot, body = sealed.rpartition(".")
    for key in ring():
        if key.name == name:
            try:
                return _cipher(key).decrypt(base64.b64decode(body), None).decode()
            except (InvalidTag, NotBase64, ValueError):
                break
    raise KeyMissing()


def blind_index(text: str) -> str:
    """What equal texts, case and accents apart, are found by without decrypting any; under the newest key."""
    return _blind(ring()[0], text)


def blind_indexes(text: str) -> list[str]:
    """The blind index of a text under each key: while keys change, a value may stand under any."""
    return [_blind(key, text) for key in ring()]


def _blind(key: Key, text: str) -> str:
    return hmac.new(_blinding(key), fold(text).encode(), hashlib.sha256).hexdigest()


def sealed_by_newest(sealed: str) -> bool:
    """Whether a ciphertext is one of the newest key."""
    return sealed.rpartition(".")[0] == ring()[0].name
