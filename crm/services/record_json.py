"""A record of any type as JSON, out and in, by the columns and fields of its declaration and no others."""

from collections.abc import Mapping
from json import dumps
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from sqlalchemy import String, inspect, select
from sqlalchemy.orm import InstrumentedAttribute

from crm.errors import Invalid, RuleError
from crm.extensions import db
from crm.models import Client, Tag
from crm.registry import TAG_LINKS, RecordType
from crm.security.manager import may, may_write
from crm.security.masking import is_masked, shown
from crm.services.clients.as_json import plain, usernames
from crm.services.clients.parts import names_of_tags
from crm.services.clients.redirects import find_target
from crm.services.clients.tags import get_tag
from crm.services.reading import Unreadable, emptied, is_blank, read_column, read_integer
from crm.services.record_names import (
    KEPT,
    LINES,
    is_needed,
    is_needed_of,
    is_relation,
    json_name,
    shown_names,
    stays,
    written_names,
)
from crm.services.sales.lines import Row, lines_json, read_lines, set_lines

#: The names of an external ID.
EXTERNAL = frozenset({"external_id", "app_code"})
LARGEST_ID = 2**62


# -- out


def record_json(record: RecordType, item: Any) -> dict[str, Any]:
    """A record as JSON. Clients and other records are ids, users are names, hidden ones are null."""
    found = {"id": item.id}
    for name, attribute in shown_names(record).items():
        found[name] = answered(record, item, attribute)
    for figure in record.figures:
        value = getattr(item, figure.name, None)
        found[figure.name] = value.as_json() if value is not None else None
    if record.lines is not None:
        found[LINES] = lines_json(item)
    for name in KEPT:
        if hasattr(item, name):
            found[name] = plain(getattr(item, name))
    return found


def answered(record: RecordType, item: Any, attribute: InstrumentedAttribute[Any]) -> Any:
    """The JSON of one attribute, as the current user may see it."""
    if is_relation(record, attribute):
        return _relation_json(record, item, attribute)
    # none for what is worked out from others
    column = record.mapper.columns.get(attribute.key)
    # a mask is a text; of anything else that is masked there is nothing to tell
    if is_masked(item, attribute.key) and not (column is not None and isinstance(column.type, String)):
        return None
    return plain(shown(item, attribute.key))


def _relation_json(record: RecordType, item: Any, attribute: InstrumentedAttribute[Any]) -> Any:
    value = getattr(item, attribute.key)
    if attribute.key == TAG_LINKS:
        return sorted(tag.name for tag in item.tags)
    if record.mapper.relationships[attribute.key].uselist:
        return _linked_json(record, attribute, value)
    if isinstance(value, User):
        return value.username
    return value.id if value is not None else None


def _linked_json(record: RecordType, attribute: InstrumentedAttribute[Any], rows: Any) -> list[Any]:
    """Several others: users by name, records by id; hidden ones are left out."""
    link = record.linked(attribute.key)
    others = [other for row in rows if (other := getattr(row, link.key)) is not None]
    return usernames(others) if link.mapper.class_ is User else [other.id for other in others]


# -- in


def changes(data: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    """What of the sent data differs from what was answered: the rest stays, be it masked, hidden or only shown.

    So a whole answer can be sent back with one value changed. An external ID is read anyway, since what it
    replaces is told by the app code beside it.
    """
    same = {name for name, value in answer.items() if name in data and _text(data[name]) == _text(value)}
    return {name: value for name, value in data.items() if name not in same - EXTERNAL}


def _text(value: Any) -> str:
    """As JSON, in which true is not 1."""
    return dumps(value, sort_keys=True)


def write_record(record: RecordType, item: Any, data: Mapping[str, Any]) -> None:
    """Write what data names to item; what it leaves out stays. Raises Invalid with all that is wrong."""
    known, errors = written_names(record), {}
    values: dict[str, Any] = {}
    rows: list[Row] | None = None
    for name, value in data.items():
        if name == LINES and record.lines is not None:
            try:
                rows = read_lines(record, item, value)
            except Invalid as error:
                errors |= error.errors
        elif name in known:
            if is_masked(item, known[name].key):
                # whether a guess was right would show by nothing having changed
                errors[name] = [_("This cannot be changed.")]
                continue
            if stays(record, known[name]) and inspect(item).persistent:
                if value != getattr(item, known[name].key):
                    errors[name] = [_("This cannot be changed.")]
                continue
            if not may_write(record, known[name].key):
                if not _is_there(record, item, known[name], value):
                    errors[name] = [_("This cannot be changed.")]
                continue
            try:
                values[name] = _read(record, known[name], value)
            except Unreadable as error:
                errors[name] = [str(error)]
        else:
            only_shown = name in {*shown_names(record), *(one.name for one in record.figures)} or (
                name in KEPT and hasattr(item, name)
            )
            errors[name] = [_("This cannot be changed.") if only_shown else _("There is no such field.")]
    if errors:
        raise Invalid(errors)
    for name, value in values.items():
        _set(item, known[name], value)
    if rows is not None:
        set_lines(record, item, rows)
    _check_needed(record, item, values)


def _is_there(record: RecordType, item: Any, attribute: InstrumentedAttribute[Any], value: Any) -> bool:
    """Whether a value is what a record has, or has where nothing is said."""
    if value == answered(record, item, attribute):
        return True
    column = record.mapper.columns.get(attribute.key)
    if column is None or is_needed(column):
        return False
    begins = (None, emptied(column))
    return value in begins and getattr(item, attribute.key) in begins


def refusal_of(item: Any, name: str, value: Any) -> str | None:
    """What to say of a name that cannot be written; nothing where the value is what stands there already."""
    if name not in KEPT or not hasattr(item, name):
        return _("There is no such field.")
    return None if plain(getattr(item, name)) == value else _("This cannot be changed.")


def _read(record: RecordType, attribute: InstrumentedAttribute[Any], value: Any) -> Any:
    """What is written for a value. None clears; where a column then has nothing that it needs, its record may."""
    if not is_relation(record, attribute):
        column, choices = record.mapper.columns[attribute.key], record.choices.get(attribute.key)
        if is_blank(value) and is_needed(column):
            return "" if isinstance(column.type, String) else None
        return read_column(column, value, [c for c, _words in choices] if choices else None)
    relation = record.mapper.relationships[attribute.key]
    if attribute.key == TAG_LINKS:
        return read_tags(value)
    if relation.uselist:
        if value is None:
            return []
        link = record.linked(attribute.key)
        return read_users(value) if link.mapper.class_ is User else read_records(link.mapper.class_, value)
    if value is None:
        if not next(iter(relation.local_columns)).nullable:
            raise Unreadable(_("Please fill this in."))
        return None
    if relation.mapper.class_ is User:
        users = read_users([value])
        if not users:
            raise Unreadable(_("There is no user “%(name)s”.", name=""))
        return users[0]
    return read_records(relation.mapper.class_, [value])[0]


def read_records(model: type, value: Any) -> list[Any]:
    """Records that the caller sees, by their ids: a list."""
    if not isinstance(value, list):
        raise Unreadable(_("This is a list of numbers."))
    found = [_find(model, read_integer(one, LARGEST_ID)) for one in value]
    if None in found:
        raise Unreadable(_("There is no such record."))
    return list(dict.fromkeys(found))


def _find(model: type, number: int) -> Any:
    """The record with this id; of a client merged away, what it became."""
    found = db.session.get(model, number)
    target = find_target(number) if found is None and model is Client else None
    return found if target is None else db.session.get(model, target)


def read_users(value: Any) -> list[User]:
    """Active users by their names: a list, or a text with commas."""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Unreadable(_("This is a list of user names."))
    names = [name.strip() for name in names if name.strip()]
    asked = select(User).where(User.username.in_(names), User.active)
    found = {user.username: user for user in db.session.scalars(asked)}
    if unknown := next((name for name in names if name not in found), None):
        raise Unreadable(_("There is no user “%(name)s”.", name=unknown[:60]))
    return list({name: found[name] for name in names}.values())


def read_tags(value: Any) -> list[Tag]:
    """Tags by their names: a list, or a text with commas; new ones are made by those who may."""
    names = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Unreadable(_("Tags are a text with commas, or a list."))
    try:
        return [get_tag(name, may("add", "tag")) for name in names_of_tags(names)]
    except RuleError as error:
        raise Unreadable(str(error.description)) from None


def _set(item: Any, attribute: InstrumentedAttribute[Any], value: Any) -> None:
    if attribute.key.endswith("_links"):
        setattr(item, json_name(attribute), value)
    elif getattr(item, attribute.key) != value:
        setattr(item, attribute.key, value)


def _check_needed(record: RecordType, item: Any, values: Mapping[str, Any]) -> None:
    """Raise Invalid for what a record lacks, after its own rules have filled in what follows from the rest.

    Of a record that is there, only of what these values clear.
    """
    known, is_new = written_names(record), not inspect(item).persistent
    if is_new:
        for key, column in record.mapper.columns.items():
            if column.default is not None and column.default.is_scalar and getattr(item, key) is None:
                setattr(item, key, column.default.arg)
    else:
        known = {name: known[name] for name, value in values.items() if value in (None, "")}
    lacking = _lacking(record, item, known)
    if not (is_new or lacking):
        return
    with db.session.no_autoflush:
        for name in lacking:
            if is_relation(record, known[name]):
                raise Invalid({name: [_("Please fill this in.")]})
        item.before_save(db.session)
    if lacking := _lacking(record, item, known):
        raise Invalid({name: [_("Please fill this in.")] for name in lacking})


def _lacking(record: RecordType, item: Any, names: Mapping[str, InstrumentedAttribute[Any]]) -> list[str]:
    """Of these names those that a record needs and has nothing for."""
    return [
        name for name, attribute in names.items()
        if is_needed_of(record, attribute) and getattr(item, attribute.key) in (None, "")
    ]  # fmt: skip
