"""Pictures of ID cards: for few eyes, each look written down, and gone after their day.

Whoever calls this has checked the permission `id_images`.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from crm.extensions import db
from crm.models import Client, IdImage
from crm.models.id_image import SIDES
from crm.models.types import today
from crm.security.viewer import actor_id
from crm.security.visibility import including_hidden
from crm.services.files import store as file_store
from crm.services.files.uploads import Upload
from crm.services.history import audit
from crm.services.history.log import operation
from crm.services.progress import Progress

SIDE_NAMES = dict(zip(SIDES, (_l("Front side"), _l("Back side"), _l("Other")), strict=True))
#: What the operations are called.
SEEN, EXPIRED = "id_image.seen", "id_image.expired"
PORTION = 100


def last_day() -> date:
    """Until when a picture added today is kept, unless somebody says otherwise."""
    return today() + timedelta(days=current_app.config["CRM_ID_IMAGES_DAYS"])


def of_client(client: Client) -> Sequence[IdImage]:
    """The pictures at a client, front sides first."""
    asked = select(IdImage).where(IdImage.client_id == client.id).order_by(IdImage.id)
    return sorted(db.session.scalars(asked), key=lambda image: SIDES.index(image.side))


def add(client: Client, side: str, upload: Upload, kept_until: date) -> IdImage:
    """Keep a picture, sealed. The caller commits. Raises CannotStore."""
    image = IdImage(client=client, side=side, kept_until=kept_until, created_by_id=actor_id())
    image.stored_file = file_store.keep(upload, sealed=True)
    db.session.add(image)
    return image


def note_view(image: IdImage, how: str) -> None:
    """Write down that the current user looks at a picture; how: `thumbnail` or `full`."""
    audit.note(SEEN, image.client_id, image=image.id, side=image.side, how=how)


def expire(run: Progress) -> None:
    """Remove the pictures whose last day is over, and their files at once. Commits."""
    now = today()
    # in the trash too, and at clients merged into others
    asked = select(IdImage).where(IdImage.kept_until < now).order_by(IdImage.id).limit(PORTION)
    while True:
        with including_hidden():
            images = list(db.session.scalars(asked))
        if not images:
            return
        with operation(EXPIRED):
            files = [image.stored_file_id for image in images]
            for image in images:
                db.session.delete(image)
            db.session.flush()
            file_store.give_up(files)
            db.session.commit()
        run.count("id_images", len(images))
