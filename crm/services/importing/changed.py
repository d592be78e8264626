"""What a row has changed of a record, by the names of the fields; and words that lists of words lack."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import inspect

from crm.extensions import db
from crm.models import AttributeDefinition
from crm.models.base import has_changed, touched
from crm.security.manager import may
from crm.security.masking import is_masked
from crm.services.attributes.reading import WORD_TYPES, read_value
from crm.services.clients.as_json import RENAMED
from crm.services.reading import Unreadable

#: JSON names by columns and collections that are called otherwise.
NAMES = {
    **{column: name for name, column in RENAMED.items()},
    "tag_links": "tags", "assignee_links": "assignees", "external_ids": "external_id",
}  # fmt: skip
#: Columns that follow from others, or say when or by whom.
FOLLOWING = ("_e164", "_key", "_at", "_by_id", "version")
#: Collections whose changes are told by key.
TOLD_ELSEWHERE = frozenset({"attribute_values"})


def changed_names(item: Any) -> list[str]:
    """The names of what was set on a record and is not what stands in the database."""
    state = inspect(item)
    changed = {name for name in touched(item) if has_changed(item, name)} - TOLD_ELSEWHERE
    # a relation stands for its column
    keys = {one.key + "_id": one.key for one in state.mapper.relationships}
    return sorted({
        NAMES.get(name) or keys.get(name, name) for name in changed if not name.endswith(FOLLOWING)
    })  # fmt: skip


def without_same_phones(item: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data without numbers that are there in another spelling: address books have them all in one.

    Of numbers that are masked nothing is told.
    """
    known = {name: getattr(item, f"{name}_e164", None) for name in data if not is_masked(item, name)}
    same = {name for name, number in known.items() if number and data[name] == number}
    return {name: value for name, value in data.items() if name not in same}


def without_same_moments(item: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data without moments that are there to the second: a file holds no smaller parts."""
    known = {name: getattr(item, name, None) for name in data}
    same = {
        name for name, moment in known.items()
        if isinstance(moment, datetime) and data[name] == moment.replace(microsecond=0).isoformat()
    }  # fmt: skip
    return {name: value for name, value in data.items() if name not in same}


def add_words(definitions: Iterable[AttributeDefinition], rows: Iterable[Mapping[str, Any]]) -> None:
    """Add the words that rows name and lists of words lack, where the user may; else such rows are refused later."""
    lists = [one for one in definitions if one.type in WORD_TYPES]
    if not lists or not may("add_option", "attribute_definition"):
        return
    for values in rows:
        for definition in lists:
            try:
                read_value(definition, values.get(definition.key), add_words=True)
            except Unreadable:
                continue
    db.session.flush()
