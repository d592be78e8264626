"""The values that clients have for the attributes an admin defined: reading many at once, setting some.

A value is a text, a Decimal, an int, a date, a bool; a word is its label, words are a list of labels.
Stored, words are references to options, so that renaming one renames it everywhere.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from crm.errors import Invalid
from crm.extensions import db
from crm.models import AttributeDefinition, AttributeOption, AttributeValue, Client
from crm.models.attribute import VALUE_COLUMNS
from crm.models.folding import fold
from crm.models.types import Exact, utc_now
from crm.security.masking import MASK, may_see_sensitive
from crm.services.reading import Unreadable, read_day, read_decimal, read_integer, read_text

WORD_TYPES = frozenset({"word", "words"})
NUMBER_PLACES = 6
LARGEST_NUMBER = Exact(NUMBER_PLACES).largest
LONGEST_TEXT, LONGEST_LONG_TEXT, LONGEST_WORD = 1_000, 100_000, 100
YES = frozenset({"yes", "true", "1", "y", "tak", "t"})
NO = frozenset({"no", "false", "0", "n", "nie", "f"})


# -- definitions


def definitions(active: bool = True, options: bool = True) -> list[AttributeDefinition]:
    """The definitions in their order, with their options; without inactive ones unless asked for."""
    asked = select(AttributeDefinition)
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
    return definition.type != "secret" or may_see_sensitive()


def writable() -> list[AttributeDefinition]:
    """The active definitions of which the viewer may set values."""
    return [definition for definition in definitions() if may_write(definition)]


# -- reading what people and programs send


def read_value(definition: AttributeDefinition, value: Any, add_words: bool = False) -> Any:
    """What is stored for a value as it was typed or sent; None clears. Raises Unreadable.

    For words it is a list of options, made for unknown words where add_words allows it.
    """
    if value is None or value == [] or (isinstance(value, str) and not value.strip()):
        return None
    if definition.type in WORD_TYPES:
        return _options_of(definition, value, add_words)
    return READERS[definition.type](value)


def _read_text(longest: int, lines: bool = False) -> Any:
    def read(value: Any) -> str | None:
        text = read_text(value.replace("\r\n", "\n") if isinstance(value, str) else value, longest)
        if text and not lines and len(text.splitlines()) > 1:
            raise Unreadable(_("One line only."))
        if text and ("\x00" in text or any("\ud800" <= c <= "\udfff" for c in text)):
            raise Unreadable(_("This text has a character that cannot be stored."))
        return text

    return read


def _read_yes_no(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = fold(str(value))
    if word not in YES | NO:
        raise Unreadable(_("This is yes or no."))
    return word in YES


READERS = {
    "text": _read_text(LONGEST_TEXT),
    "long_text": _read_text(LONGEST_LONG_TEXT, lines=True),
    "number": lambda value: read_decimal(value, NUMBER_PLACES, LARGEST_NUMBER),
    "integer": read_integer,
    "date": lambda value: value if type(value) is date else read_day(value),
    "yes_no": _read_yes_no,
    "secret": _read_text(LONGEST_TEXT),
}


def _options_of(definition: AttributeDefinition, value: Any, add_words: bool) -> list[AttributeOption]:
    known = {fold(option.label): option for option in definition.options}
    parts = value if isinstance(value, list | tuple) else [value]
    if definition.type == "word" and len(parts) > 1:
        raise Unreadable(_("One word only."))
    if definition.type == "words" and isinstance(value, str) and fold(value) not in known:
        parts = value.split(",")
    found: dict[str, AttributeOption] = {}
    for part in parts:
        label = part if isinstance(part, AttributeOption) else _read_text(LONGEST_WORD)(part)
        if isinstance(label, AttributeOption):
            found[fold(label.label)] = label
        elif label:
            found[fold(label)] = known.get(fold(label)) or _new_option(definition, label, add_words, known)
    return [option for option in definition.options if option in found.values()]


def _new_option(
    definition: AttributeDefinition, label: str, allowed: bool, known: dict[str, AttributeOption]
) -> AttributeOption:
    if not allowed:
        raise Unreadable(_("“%(word)s” is not in the list.", word=label))
    option = AttributeOption(
        label=label, position=1 + max((o.position for o in definition.options), default=-1)
    )
    definition.options.append(option)
    known[fold(label)] = option
    return option


# -- values of clients


def values_of_clients(client_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """client id -> key -> value of every active attribute that is set, in one query; sensitive ones masked."""
    masked = not may_see_sensitive()
    value, definition, option = AttributeValue, AttributeDefinition, AttributeOption
    asked = (
        select(
            value.client_id, definition.key, definition.type, option.label,
            value.text, value.number, value.integer, value.day, value.yes, value.secret,
        )
        .join(definition, definition.id == value.definition_id)
        .outerjoin(option, option.id == value.option_id)
        .where(value.client_id.in_(client_ids), definition.active)
        .order_by(value.client_id, definition.position, definition.id, option.position, option.id)
    )  # fmt: skip
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    for row in db.session.execute(asked) if client_ids else ():
        if row.type == "words":
            found[row.client_id].setdefault(row.key, []).append(row.label)
        elif row.type == "secret" and masked:
            found[row.client_id][row.key] = MASK
        else:
            column = VALUE_COLUMNS[row.type]
            found[row.client_id][row.key] = row.label if column == "option_id" else getattr(row, column)
    return found


def card_of(client: Client) -> list[tuple[str, list[tuple[AttributeDefinition, Any]]]]:
    """Every active attribute with the client's value, None where it is not set, by group: for the card."""
    values = values_of_clients([client.id]).get(client.id, {})
    return [
        (group, [(definition, values.get(definition.key)) for definition in members])
        for group, members in grouped(definitions(options=False)).items()
    ]


def columns_of(clients: Sequence[Client]) -> tuple[list[AttributeDefinition], dict[int, dict[str, Any]]]:
    """The attributes that are columns of the list, and what these clients have there by id and key."""
    shown = [definition for definition in definitions(options=False) if definition.in_list]
    return shown, values_of_clients([client.id for client in clients]) if shown else {}


def rows_of(client: Client) -> dict[int, list[AttributeValue]]:
    """definition id -> the rows of a client's value, as the database has them."""
    found: dict[int, list[AttributeValue]] = defaultdict(list)
    if client.id is None:
        return found
    asked = select(AttributeValue).where(AttributeValue.client_id == client.id).order_by(AttributeValue.id)
    for row in db.session.scalars(asked.execution_options(populate_existing=True)):
        found[row.definition_id].append(row)
    return found


def stored(definition: AttributeDefinition, rows: Sequence[AttributeValue]) -> Any:
    """The value in these rows as read_value gives it: words as a list of options."""
    if definition.type in WORD_TYPES:
        ids = {row.option_id for row in rows}
        return [option for option in definition.options if option.id in ids] or None
    return getattr(rows[0], VALUE_COLUMNS[definition.type]) if rows else None


def store(
    client: Client, definition: AttributeDefinition, rows: Sequence[AttributeValue], value: Any
) -> bool:
    """Write one value, as read_value gave it, over the rows of the old one. Whether anything changed.

    The client's version goes up with it. Lock the client first.
    """
    if value == stored(definition, rows):
        return False
    column = VALUE_COLUMNS[definition.type]
    if definition.type == "words":
        _store_words(client, definition, rows, value or [])
    elif value is None:
        for row in rows:
            db.session.delete(row)
    else:
        row = rows[0] if rows else AttributeValue(client=client, definition=definition)
        if definition.type == "word":
            row.option = value[0]
        else:
            setattr(row, column, value)
        db.session.add(row)
    client.changed_at = utc_now()
    return True


def _store_words(
    client: Client,
    definition: AttributeDefinition,
    rows: Sequence[AttributeValue],
    options: Sequence[AttributeOption],
) -> None:
    if any(option.id is None for option in options):
        # the slot of a value is its option's id
        db.session.add(definition)
        db.session.flush()
    wanted = {option.id: option for option in options}
    for row in rows:
        if row.option_id not in wanted:
            db.session.delete(row)
    for option_id in wanted.keys() - {row.option_id for row in rows}:
        db.session.add(
            AttributeValue(client=client, definition=definition, slot=option_id, option=wanted[option_id])
        )


def set_attributes(client: Client, values: Mapping[str, Any], add_words: bool = False) -> None:
    """Set attributes of a client by key; None clears one. The caller commits.

    Raises Invalid with all that is wrong: unknown keys, and values that cannot be read.
    """
    by_key = {definition.key: definition for definition in writable()}
    errors: dict[str, list[str]] = {}
    wanted = []
    for key, value in values.items():
        if key not in by_key:
            errors[key] = [_("There is no such attribute.")]
            continue
        try:
            wanted.append((by_key[key], read_value(by_key[key], value, add_words)))
        except Unreadable as error:
            errors[key] = [str(error)]
    if errors:
        raise Invalid(errors)
    rows = rows_of(client)
    for definition, value in wanted:
        store(client, definition, rows[definition.id], value)
