"""Finding the contacts, deals, notes, tasks and products that rows mean, among those that the viewer sees."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from crm.extensions import db
from crm.models import Contact
from crm.models.folding import fold
from crm.models.identifiers import e164
from crm.registry import RecordType
from crm.security.masking import is_masked
from crm.services.importing.client_matching import external_key
from crm.services.importing.contact_writing import owners_of
from crm.services.importing.rows import Keys

#: Keys that name a record among those of one client.
WITHIN_CLIENT = frozenset({"title", "text"})
#: Keys that do so where the row names the client, and otherwise among all.
WITHIN_ANY = frozenset({"email", "phone"})
#: More rows than this of one value are as good as many.
MANY = 2


@dataclass(frozen=True)
class Found:
    """The record that a row means, and by which key; or none. problem: why the row cannot be taken."""

    item: Any = None
    key: str = ""
    problem: str = ""


def keys_of_record(
    values: Mapping[str, Any], names: Iterable[str], client_id: int | None, app_code: str
) -> Keys:
    """The values by which a record with these JSON values is known."""
    country = values.get("country")
    found: dict[str, set[Any]] = {
        "id": {values.get("id")},
        "external_id": {external_key(values.get("external_id"), values.get("app_code") or app_code)},
        "email": {str(values.get("email") or "").lower()},
        "phone": {e164(values.get(name), country) for name in ("phone", "mobile")},
        "sku": {values.get("sku")},
        "name": {fold(str(values.get("name") or ""))[:200]},
        "title": {values.get("title")},
        "text": {values.get("text")},
    }
    known = {name: {value for value in found[name] if value} for name in names}
    return {
        name: frozenset((client_id, value) for value in given)
        if name in WITHIN_CLIENT or (name in WITHIN_ANY and client_id)
        else frozenset(given)
        for name, given in known.items()
        if given
    }


def find_records(record: RecordType, wanted: Mapping[int, Keys], keys: Sequence[str]) -> dict[int, Found]:
    """Row -> the record that it means, by the first of the keys by which there is any; held until the end."""
    by_key = {key: _candidates(record, key, wanted.values()) for key in keys}
    return {row: _find(values, keys, by_key) for row, values in wanted.items()}


def _find(values: Keys, keys: Sequence[str], by_key: Mapping[str, Mapping[Any, list[Any]]]) -> Found:
    for key in keys:
        items = {item for value in values.get(key, ()) for item in by_key[key].get(value, ())}
        if None in items:
            return Found(key=key, problem=_("A record that you may not see has this."))
        if len(items) > 1:
            return Found(key=key, problem=_("Several records have this."))
        if items:
            return Found(items.pop(), key)
        if key == "id" and values.get(key):
            return Found(key=key, problem=_("There is no such record."))
    return Found()


def _candidates(record: RecordType, key: str, rows: Iterable[Keys]) -> dict[Any, list[Any]]:
    """Value -> the records that have it; None stands for one that the viewer does not see."""
    values = {value for one in rows for value in one.get(key, ())}
    if not values:
        return {}
    if key == "external_id":
        return _by_external_id(record, values)
    found: dict[Any, list[Any]] = defaultdict(list)
    model: Any = record.model
    scoped = {value for value in values if isinstance(value, tuple)}
    bare = {value[1] if isinstance(value, tuple) else value for value in values}
    asked = select(model)
    if scoped == values and all(client for client, _value in scoped):
        asked = asked.where(model.client_id.in_({client for client, _value in scoped}))
    for column in _columns(model, key):
        for item, value in _held(model, asked.add_columns(column).where(column.in_(bare))):
            if key in WITHIN_ANY and is_masked(item, key):
                continue
            for one in (value, (getattr(item, "client_id", None), value)):
                if item not in found[one]:
                    found[one].append(item)
    return found


def _columns(model: Any, key: str) -> list[Any]:
    if key == "phone":
        return [model.phone_e164, model.mobile_e164]
    if key == "email":
        return [func.lower(model.email)]
    return [model.name_key if key == "name" else getattr(model, key)]


def _by_external_id(record: RecordType, values: set[Any]) -> dict[Any, list[Any]]:
    owners = owners_of(values)
    asked = select(Contact, Contact.id).where(Contact.id.in_(owners.values()))
    items = {number: item for item, number in _held(record.model, asked)}
    return {value: [items.get(number)] for value, number in owners.items()}


def _held(model: Any, asked: Any) -> Iterable[Any]:
    held = asked.order_by(model.id).with_for_update(of=model)
    return db.session.execute(held.execution_options(populate_existing=True)).unique()
