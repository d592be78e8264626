"""Photos and logos of clients: read, checked, made small, and kept in the database."""

import hashlib
import io
from dataclasses import dataclass
from typing import IO

from flask_babel import gettext as _
from PIL import ImageOps
from sqlalchemy import select
from sqlalchemy.orm import undefer

from crm.errors import RuleError
from crm.extensions import db
from crm.models import Client, ClientPhoto
from crm.services.files.pictures import opened, small

LARGEST_UPLOAD = 10 * 1024 * 1024
#: Pixels of the longer side of what is kept.
SIDE = 512
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
FIELD = "photo"


@dataclass(frozen=True)
class Picture:
    """A picture as it is kept. digest: SHA-256 of the image, in hexadecimal."""

    content_type: str
    image: bytes
    digest: str


def prepare(upload: IO[bytes]) -> Picture:
    """The picture in an uploaded file. Raises RuleError where it is none, or too large."""
    data = upload.read(LARGEST_UPLOAD + 1)
    if len(data) > LARGEST_UPLOAD:
        raise RuleError(_("A picture has at most %(n)d MB.", n=LARGEST_UPLOAD // 1024**2), field=FIELD)
    with opened(io.BytesIO(data), FIELD, FORMATS) as picture:
        image = small(ImageOps.exif_transpose(picture), SIDE)
    return Picture("image/webp", image, hashlib.sha256(image).hexdigest())


def find_photo(client_id: int, with_image: bool = False) -> ClientPhoto | None:
    """The photo of a client, without its image unless asked for."""
    asked = select(ClientPhoto).where(ClientPhoto.client_id == client_id)
    if with_image:
        asked = asked.options(undefer(ClientPhoto.image))
    return db.session.scalar(asked)


def set_photo(client: Client, picture: Picture | None) -> None:
    """Give a client a picture, or take it away. The caller commits."""
    photo = find_photo(client.id) if client.id is not None else None
    if picture is None:
        if photo is not None:
            db.session.delete(photo)
        return
    photo = photo or ClientPhoto(client=client)
    photo.content_type, photo.image, photo.digest = picture.content_type, picture.image, picture.digest
    db.session.add(photo)
