"""Tags: putting them on a client and taking them off."""

import zlib

from flask_babel import gettext as _
from sqlalchemy import func, select

from crm.errors import RuleError
from crm.extensions import db
from crm.models import Client, Tag
from crm.models.folding import fold
from crm.services.history.log import operation

LONGEST_NAME = 60
MOST_SUGGESTIONS = 20
#: Sets the advisory locks of new tags apart from others of ours.
LOCK = 0x746167
#: Colours that new tags take in turn: light, so that dark text can be read on them.
COLOURS = ("#e0e7ff", "#dcfce7", "#fef3c7", "#fce7f3", "#cffafe", "#ede9fe", "#ffedd5", "#e2e8f0")


def find_tag(name: str) -> Tag | None:
    """The tag with this name, however its letters are written."""
    return db.session.scalar(select(Tag).where(Tag.name_key == fold(name)))


def clean_name(name: str) -> str:
    """A tag's name without needless blanks. Raises RuleError where it is none."""
    name = " ".join(name.split())
    if not fold(name) or not name.isprintable() or "," in name:
        raise RuleError(_("A tag needs a name without commas."), field="tags")
    if len(name) > LONGEST_NAME or len(fold(name)) > LONGEST_NAME:
        raise RuleError(_("This name is too long for a tag."), field="tags")
    return name


def get_tag(name: str, may_create: bool) -> Tag:
    """The tag with this name, made where it is new and may_create. Raises RuleError."""
    name = clean_name(name)
    tag = find_tag(name)
    if tag is not None:
        return tag
    if not may_create:
        raise RuleError(_("There is no tag “%(name)s”.", name=name), field="tags")
    _wait_for_others(name)
    if (tag := find_tag(name)) is not None:
        return tag
    number = db.session.scalar(select(func.count(Tag.id))) or 0
    tag = Tag(name=name, colour=COLOURS[number % len(COLOURS)])
    db.session.add(tag)
    return tag


def _wait_for_others(name: str) -> None:
    """Wait until whoever is adding a tag with this name just now has done so. On SQLite one writes at a time."""
    if db.session.get_bind().dialect.name == "postgresql":
        number = zlib.crc32(fold(name).encode()) - 2**31
        db.session.execute(select(func.pg_advisory_xact_lock(LOCK, number)))


def add_tag(client: Client, name: str, may_create: bool) -> None:
    """Put a tag on a client, by its name; the caller commits. Raises RuleError."""
    with operation("tags", client_id=client.id):
        tag = get_tag(name, may_create)
        if tag not in client.tags:
            client.tags = [*client.tags, tag]
        db.session.flush()


def remove_tag(client: Client, tag_id: int) -> None:
    """Take a tag off a client; the caller commits."""
    with operation("tags", client_id=client.id):
        for link in [link for link in client.tag_links if link.tag_id == tag_id]:
            client.tag_links.remove(link)
        db.session.flush()


def suggestions(typed: str) -> list[Tag]:
    """The tags whose name begins with what was typed, then those that contain it."""
    key = fold(typed)[:LONGEST_NAME]
    asked = select(Tag).order_by(~Tag.name_key.startswith(key, autoescape=True), Tag.name_key)
    if key:
        asked = asked.where(Tag.name_key.contains(key, autoescape=True))
    return list(db.session.scalars(asked.limit(MOST_SUGGESTIONS)))
