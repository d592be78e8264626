"""A file as it comes in: measured, its kind found out, pictures encoded anew. Nothing is kept yet."""

import hashlib
import re
from dataclasses import dataclass
from typing import IO

from flask import current_app
from flask_babel import gettext as _

from crm.errors import RuleError, TooLarge
from crm.models.file_kinds import with_ending
from crm.services.files.pictures import encoded_anew
from crm.services.files.types import type_of

PORTION = 64 * 1024
LONGEST_NAME = 200
#: What a name may not have in it: control characters, and what turns the direction of writing.
UNNAMEABLE = re.compile("[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True)
class Upload:
    """A file that may be kept. digest: SHA-256 in hexadecimal. thumbnail: of a picture a small one."""

    name: str
    type: str
    size: int
    digest: str
    content: IO[bytes]
    thumbnail: bytes | None = None


def prepare(content: IO[bytes], name: str | None, field: str = "file", only_pictures: bool = False) -> Upload:
    """Look at an uploaded file. Raises RuleError for what is not taken, TooLarge."""
    name = plain_name(name)
    size, digest = _measured(content)
    if size > largest():
        raise TooLarge(
            _("“%(name)s” is too large: a file has at most %(n)d MB.", name=name, n=largest() // 1024**2),
            field,
        )
    kind, thumbnail = type_of(content, name, field), None
    if only_pictures and not kind.startswith("image/"):
        raise RuleError(_("“%(name)s” is not a picture.", name=name), field=field)
    if kind.startswith("image/"):
        kind, content, thumbnail = encoded_anew(content, field)
        size, digest = _measured(content)
    content.seek(0)
    return Upload(with_ending(name, kind)[-LONGEST_NAME:], kind, size, digest, content, thumbnail)


def largest() -> int:
    """How many bytes a file may have."""
    return current_app.config["CRM_UPLOAD_LIMIT_MB"] * 1024**2


def plain_name(name: str | None) -> str:
    """The name of an uploaded file without folders, and without what could deceive the reader."""
    last = re.split(r"[/\\]", name or "")[-1]
    plain = " ".join(UNNAMEABLE.sub("", last).split()).strip(" .")
    return plain[-LONGEST_NAME:] or _("File")


def _measured(content: IO[bytes]) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    content.seek(0)
    while portion := content.read(PORTION):
        digest.update(portion)
        size += len(portion)
    return size, digest.hexdigest()
