"""What the value of a bulk change must be, read from JSON: of the API, or of what a page's form said."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from sqlalchemy import select

from crm.errors import RuleError
from crm.extensions import db
from crm.models import Status, StoredFile, Tag
from crm.models.client import MAX_STARS
from crm.models.document import CATEGORIES
from crm.models.folding import fold
from crm.models.task import PRIORITIES
from crm.security.viewer import actor_id
from crm.services.clients.tags import clean_name
from crm.services.permissions import is_permitted

CONSENT = {"yes": True, "no": False, "unset": None, "": None, True: True, False: False, None: None}
MOST_AT_ONCE = 50
LONGEST = 200
#: Stands for the first assignee of each client, among the users that can do its task.
RESPONSIBLE = "responsible"


@dataclass(frozen=True)
class Tags:
    """ids: of tags that are there. new: names of those that are to be made."""

    ids: tuple[int, ...]
    new: tuple[str, ...] = ()


@dataclass(frozen=True)
class TaskForEach:
    """A task that each client gets. assignee: a user's id, RESPONSIBLE or nobody."""

    title: str
    description: str | None
    due: datetime | None
    priority: str
    assignee: int | str | None


@dataclass(frozen=True)
class DocumentForEach:
    """A document that each client gets, all with one file in the store."""

    stored: StoredFile
    name: str
    category: str | None
    description: str | None


def nothing(_value: Any) -> None:
    """Of changes that need no value."""
    return


def status(value: Any) -> int | None:
    """The id of a status that can be chosen; blank is none."""
    if value in (None, "", "none"):
        return None
    number = whole(value)
    found = db.session.get(Status, number) if number else None
    if found is None or not found.selectable:
        raise RuleError(_("There is no such status to choose."), field="value")
    return found.id


def stars(value: Any) -> int:
    number = whole(value)
    if number is None or not 0 <= number <= MAX_STARS:
        raise RuleError(_("Stars are a number from 0 to 3."), field="value")
    return number


def consent(value: Any) -> bool | None:
    if isinstance(value, str | bool | None) and value in CONSENT:
        return CONSENT[value]
    raise RuleError(_("Consent is yes, no or unset."), field="value")


def whole(value: Any) -> int | None:
    """A whole number that the database can hold, or None."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 20:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None


# -- tags and users: one, or a list


def _each(value: Any) -> list[Any]:
    if not isinstance(value, list):
        return [value]
    if not value or len(value) > MOST_AT_ONCE:
        raise RuleError(_("Choose from one to %(n)d of them.", n=MOST_AT_ONCE), field="value")
    return value


def tags(value: Any) -> Tags:
    """Tags that are there: a name or id, or a list of them."""
    return Tags(tuple(dict.fromkeys(_tag(one) for one in _each(value))))


def tags_to_add(value: Any) -> Tags:
    """The same; of a list, names that are not there yet are those of new tags, for who may add tags."""
    if not isinstance(value, list):
        return tags(value)
    ids, new = list[int](), dict[str, str]()
    for one in _each(value):
        number = _find_tag(one)
        if number is None and isinstance(one, str) and is_permitted("add", "tag"):
            name = clean_name(one)
            new.setdefault(fold(name), name)
        else:
            ids.append(_tag(one))
    return Tags(tuple(dict.fromkeys(ids)), tuple(new.values()))


def _find_tag(value: Any) -> int | None:
    if isinstance(value, str):
        return db.session.scalar(select(Tag.id).where(Tag.name_key == fold(" ".join(value.split()))))
    number = whole(value)
    return db.session.scalar(select(Tag.id).where(Tag.id == number)) if number is not None else None


def _tag(value: Any) -> int:
    number = _find_tag(value)
    if number is None:
        raise RuleError(_("There is no such tag."), field="value")
    return number


def users(active: bool) -> Callable[[Any], tuple[int, ...]]:
    """A reader of users: a user name or id, or a list of them. active: only those who can sign in."""

    def read(value: Any) -> tuple[int, ...]:
        return tuple(dict.fromkeys(_user(one, active) for one in _each(value)))

    return read


def _user(value: Any, active: bool) -> int:
    # a name goes first, for it may be made of digits
    found = db.session.scalar(select(User).where(User.username == value)) if isinstance(value, str) else None
    if found is None and (number := whole(value)) is not None:
        found = db.session.get(User, number)
    if found is None or (active and not found.active):
        raise RuleError(_("There is no such user."), field="value")
    return found.id


# -- a task, a document


def task(value: Any) -> TaskForEach:
    """From `title`, `description`, `due` (a moment in ISO 8601), `priority`, `assignee` (name, me, responsible)."""
    given = _object(value, {"title", "description", "due", "priority", "assignee"})
    title = " ".join(_text(given, "title").split())
    if not title:
        raise RuleError(_("Say what is to be done."), field="title")
    if len(title) > LONGEST:
        raise RuleError(_("This is too long."), field="title")
    priority = _text(given, "priority") or "normal"
    if priority not in PRIORITIES:
        raise RuleError(_("There is no such priority."), field="priority")
    due, assignee = _text(given, "due"), _text(given, "assignee")
    doer = actor_id() if assignee == "me" else RESPONSIBLE if assignee == RESPONSIBLE else None
    if assignee and doer is None:
        doer = _user(assignee, active=True)
    return TaskForEach(title, _text(given, "description") or None, _moment(due), priority, doer)


def document(value: Any) -> DocumentForEach:
    """From `stored_file_id`, `name`, `category`, `description`: a page has kept the file before."""
    given = _object(value, {"stored_file_id", "name", "category", "description"})
    stored = db.session.get(StoredFile, whole(given.get("stored_file_id")) or 0)
    name, category = _text(given, "name"), _text(given, "category") or None
    if stored is None or not name:
        raise RuleError(_("Please choose a file."), field="file")
    if category is not None and category not in CATEGORIES:
        raise RuleError(_("There is no such choice."), field="category")
    return DocumentForEach(stored, name[:LONGEST], category, _text(given, "description") or None)


def _object(value: Any, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise RuleError(_("Send a JSON object."), field="value")
    if unknown := next((name for name in value if name not in known), None):
        raise RuleError(_("There is no such field."), field=str(unknown)[:60])
    return value


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or "\x00" in value:
        raise RuleError(_("This is a text."), field=name)
    return value.strip()


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 1000 <= moment.year <= 9000:
        raise RuleError(_("This is no moment with its time zone."), field="due")
    return moment
