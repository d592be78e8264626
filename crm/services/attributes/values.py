"""The values that clients and contacts have for the attributes an admin defined: reading many, setting some.

A value is a text, a Decimal, an int, a date, a bool; a word is its label, words are a list of labels.
Stored, words are references to options, so that renaming one renames it everywhere.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Text, select, type_coerce
from sqlalchemy.orm import selectinload

from crm.errors import Invalid
from crm.extensions import db
from crm.models import AttributeDefinition, AttributeOption, AttributeValue
from crm.models.attribute import OWNER_COLUMNS, VALUE_COLUMNS, Owner
from crm.models.sealed_values import OPEN_COLUMNS, value_of
from crm.models.sealing import unseal
from crm.security.masking import MASK, may_see_sensitive
from crm.services.attributes import reveals as attribute_reveals
from crm.services.attributes.reading import WORD_TYPES, read_value
from crm.services.attributes.storing import kind_of, of_owners, rows_of, store
from crm.services.reading import Unreadable

#: Key -> value of what an owner has.
Values = dict[str, Any]

# -- definitions


def definitions(
    kind: str, active: bool = True, options: bool = True, keys: Collection[str] | None = None
) -> list[AttributeDefinition]:
    """The definitions for clients or contacts in their order, with their options; the active ones.

    active: False for inactive ones too. keys: only these.
    """
    asked = select(AttributeDefinition).where(AttributeDefinition.applies_to == kind)
    if keys is not None:
        asked = asked.where(AttributeDefinition.key.in_(keys))
    if options:
        asked = asked.options(selectinload(AttributeDefinition.options))
    if active:
        asked = asked.where(AttributeDefinition.active)
    return list(db.session.scalars(asked.order_by(AttributeDefinition.position, AttributeDefinition.id)))


def grouped(found: Iterable[AttributeDefinition]) -> dict[str, list[AttributeDefinition]]:
    """The definitions by group, the ungrouped ones first, groups in the order of their first definition."""
    groups: dict[str, list[AttributeDefinition]] = {"": []}
    for definition in found:
        groups.setdefault(definition.group or "", []).append(definition)
    return {name: members for name, members in groups.items() if members}


def may_write(definition: AttributeDefinition) -> bool:
    """Whether the viewer may set values of an attribute: sensitive ones only who may see them."""
    return not definition.sensitive or may_see_sensitive()


def writable(kind: str) -> list[AttributeDefinition]:
    """The active definitions of which the viewer may set values."""
    return [definition for definition in definitions(kind) if may_write(definition)]


def default_values(found: Iterable[AttributeDefinition]) -> Values:
    """What a new owner has when nothing is sent, as the admin wrote it."""
    defaults = {}
    for definition in found:
        try:
            read_value(definition, definition.default)
        except Unreadable:
            # the list of words has changed since the default was written
            continue
        if definition.default is not None:
            defaults[definition.key] = definition.default
    return defaults


def lacking(found: Iterable[AttributeDefinition], values: Values) -> dict[str, list[str]]:
    """What a new owner with these values would lack, by key."""
    return {
        definition.key: [_("Please fill this in.")]
        for definition in found
        if definition.required and values.get(definition.key) in (None, "", [])
    }


# -- values


def values_of_clients(
    client_ids: Collection[int], keys: Collection[str] | None = None, masked: bool = False
) -> dict[int, Values]:
    """client id -> key -> value of every active attribute that is set, in one query.

    keys: only of these. masked: sensitive values are masked for everybody, else for who may not see them; who may is
    written down as having seen them.
    """
    return _values("client", client_ids, keys, masked)


def values_of_contacts(
    contact_ids: Collection[int], keys: Collection[str] | None = None
) -> dict[int, Values]:
    """The same of contacts: contact id -> key -> value."""
    return _values("contact", contact_ids, keys)


def values_of(owner: Owner, keys: Collection[str] | None = None, masked: bool = False) -> Values:
    """Key -> value of every active attribute that an owner has; see `values_of_clients`."""
    return _values(kind_of(owner), [owner.id], keys, masked).get(owner.id, {})


def every_value(kind: str, ids: Collection[int], apart_from: Collection[str] = ()) -> dict[int, Values]:
    """id -> key -> value of every active attribute, None where it is not set; for programs."""
    known = [one.key for one in definitions(kind, options=False) if one.key not in apart_from]
    values = _values(kind, ids) if known else {}
    return {number: {key: values.get(number, {}).get(key) for key in known} for number in ids}


def _values(
    kind: str, ids: Collection[int], keys: Collection[str] | None = None, masked: bool = False
) -> dict[int, Values]:
    masked = masked or not may_see_sensitive()
    value, definition, option = AttributeValue, AttributeDefinition, AttributeOption
    owner = getattr(value, OWNER_COLUMNS[kind]).label("owner")
    asked = (
        select(
            owner, definition.key, definition.type, definition.sensitive, option.label,
            type_coerce(value.secret, Text).label("sealed"),
            *(getattr(value, name) for name in OPEN_COLUMNS if name != "option_id"),
        )
        .join(definition, definition.id == value.definition_id)
        .outerjoin(option, option.id == value.option_id)
        .where(of_owners(kind, ids), definition.active, *([] if keys is None else [definition.key.in_(keys)]))
        .order_by(owner, definition.position, definition.id, option.position, option.id)
    )  # fmt: skip
    found: dict[int, Values] = defaultdict(dict)
    revealed: dict[int, set[str]] = defaultdict(set)
    sealed_words: dict[tuple[int, str, str], list[int]] = defaultdict(list)
    for row in db.session.execute(asked) if ids else ():
        if row.sensitive and masked:
            found[row.owner][row.key] = MASK
            continue
        if row.sensitive:
            revealed[row.owner].add(row.key)
        if row.sealed is not None and row.type in WORD_TYPES:
            sealed_words[row.owner, row.key, row.type].append(value_of(unseal(row.sealed))[1])
        elif row.sealed is not None:
            found[row.owner][row.key] = value_of(unseal(row.sealed))[1]
        elif row.type == "words":
            found[row.owner].setdefault(row.key, []).append(row.label)
        else:
            column = VALUE_COLUMNS[row.type]
            found[row.owner][row.key] = row.label if column == "option_id" else getattr(row, column)
    if sealed_words:
        _add_sealed_words(found, sealed_words)
    for owner_id, seen in revealed.items():
        attribute_reveals.note(kind, owner_id, seen)
    return found


def _add_sealed_words(
    found: dict[int, Values], sealed: Mapping[tuple[int, str, str], Collection[int]]
) -> None:
    ids = {number for numbers in sealed.values() for number in numbers}
    asked = select(AttributeOption.id, AttributeOption.label).where(AttributeOption.id.in_(ids))
    labels = db.session.execute(asked.order_by(AttributeOption.position, AttributeOption.id)).all()
    for (owner, key, type_), numbers in sealed.items():
        words = [label for number, label in labels if number in numbers]
        if words:
            found[owner][key] = words if type_ == "words" else words[0]


def card_of(owner: Owner) -> list[tuple[str, list[tuple[AttributeDefinition, Any]]]]:
    """Every active attribute with the owner's value, None where it is not set, by group: for its page, where
    sensitive ones are masked until they are asked for."""
    values = values_of(owner, masked=True)
    return [
        (group, [(definition, values.get(definition.key)) for definition in members])
        for group, members in grouped(definitions(kind_of(owner), options=False)).items()
    ]


def columns_of(kind: str, owners: Sequence[Owner]) -> tuple[list[AttributeDefinition], dict[int, Values]]:
    """The attributes that are columns of the list, and what these owners have there by id and key."""
    shown = [definition for definition in definitions(kind, options=False) if definition.in_list]
    keys = [definition.key for definition in shown]
    return shown, _values(kind, [owner.id for owner in owners], keys, masked=True) if shown else {}


def without_masked(owner: Owner, data: dict[str, Any]) -> dict[str, Any]:
    """What a program sent, without the sensitive values that are just what the viewer is shown of them."""
    if may_see_sensitive():
        return data
    secret = {one.key for one in definitions(kind_of(owner), options=False) if one.sensitive}
    told = values_of(owner) if owner.id is not None and secret & data.keys() else {}
    return {key: value for key, value in data.items() if key not in secret or value != told.get(key)}


def set_attributes(owner: Owner, values: Mapping[str, Any], add_words: bool = False) -> None:
    """Set attributes of an owner by key; None clears one. The caller commits.

    Raises Invalid with all that is wrong: unknown keys, and values that cannot be read.
    """
    known = {definition.key: definition for definition in writable(kind_of(owner))}
    errors = {key: [_("There is no such attribute.")] for key in values if key not in known}
    wanted, unreadable = read_values(known, values, add_words)
    if errors or unreadable:
        raise Invalid(errors | unreadable)
    rows = rows_of(owner)
    for definition, value in wanted:
        store(owner, definition, rows[definition.id], value)


def carry(source: Owner, target: Owner) -> None:
    """Give target the values that source has for attributes of the same key, as far as they can be said there."""
    values = _values(kind_of(source), [source.id]).get(source.id, {})
    rows = rows_of(target)
    for definition in writable(kind_of(target)):
        had = values.get(definition.key)
        try:
            value = read_value(definition, str(had) if isinstance(had, Decimal) else had)
        except Unreadable:
            continue
        if value is not None:
            store(target, definition, rows[definition.id], value)


def read_values(
    known: Mapping[str, AttributeDefinition], values: Mapping[str, Any], add_words: bool = False
) -> tuple[list[tuple[AttributeDefinition, Any]], dict[str, list[str]]]:
    """What is stored for those values whose keys are known, and what is wrong with the others of them."""
    wanted, errors = [], {}
    for key in (key for key in values if key in known):
        try:
            wanted.append((known[key], read_value(known[key], values[key], add_words)))
        except Unreadable as error:
            errors[key] = [str(error)]
    return wanted, errors
