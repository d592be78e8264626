"""Changing attributes that have values: their options, their type, and deleting them.

Values are changed by set-based statements that log themselves, for there may be one at every client or contact.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, cast, exists, func, insert, select

from crm.errors import RuleError
from crm.extensions import db
from crm.models import AttributeDefinition, AttributeOption, AttributeValue, Contact
from crm.models.attribute import OWNER_COLUMNS, VALUE_COLUMNS
from crm.models.folding import fold
from crm.services import bulk, erasing, history
from crm.services.attribute_reading import LONGEST_WORD, WORD_TYPES, read_value
from crm.services.reading import Unreadable

values = AttributeValue.__table__
options = AttributeOption.__table__
CHUNK = 1_000
DELETE = "delete"

#: Whose a value is: (client id, contact id; None for a client's own).
Owner = tuple[int, int | None]


# -- how much they are used


def usage() -> dict[int, int]:
    """definition id -> how many clients or contacts have a value, hidden ones too."""
    owner = func.coalesce(values.c.contact_id, values.c.client_id)
    asked = select(values.c.definition_id, func.count(owner.distinct()))
    return dict(db.session.connection().execute(asked.group_by(values.c.definition_id)).all())


def option_usage(definition_id: int) -> dict[int, int]:
    """option id -> how many clients or contacts have it."""
    asked = select(values.c.option_id, func.count()).where(values.c.definition_id == definition_id)
    return dict(db.session.connection().execute(asked.group_by(values.c.option_id)).all())


# -- options


@dataclass(frozen=True)
class OptionRow:
    """One row of the list of options as it was edited.

    id: None for a new one. instead: blank to keep it, `delete`, or the id of the option that replaces it.
    """

    id: int | None
    label: str
    instead: str = ""


def save_options(definition: AttributeDefinition, rows: Sequence[OptionRow]) -> None:
    """Make the options what the rows say, in their order. What no row mentions stays. Raises RuleError."""
    there = {option.id: option for option in definition.options}
    rows = [
        row for row in rows if row.id in there or (row.id is None and row.label.strip() and not row.instead)
    ]
    kept = [row for row in rows if not row.instead]
    _check_labels(kept, [o for o in definition.options if o.id not in {row.id for row in rows}])
    used = option_usage(definition.id) if definition.id is not None else {}
    for row in rows:
        if row.instead and row.id is not None:
            _remove(definition, there[row.id], row.instead, used, {k.id for k in kept})
    _rename(there, kept)
    for row in kept:
        if row.id is None:
            definition.options.append(AttributeOption(label=_clean(row.label)))
    order = {row.id: n for n, row in enumerate(kept) if row.id is not None}
    news = {_clean(row.label): n for n, row in enumerate(kept) if row.id is None}
    for option in definition.options:
        option.position = order.get(option.id, news.get(option.label, len(kept)))


def _clean(label: str) -> str:
    return " ".join(label.split())


def _check_labels(kept: Sequence[OptionRow], others: Sequence[AttributeOption]) -> None:
    labels = [fold(_clean(row.label)) for row in kept]
    if not all(labels):
        raise RuleError(
            _("Every word needs its letters; to take one away, choose “Delete” beside it."), field="options"
        )
    if any(len(_clean(row.label)) > LONGEST_WORD for row in kept):
        raise RuleError(_("A word has at most %(n)d characters.", n=LONGEST_WORD), field="options")
    doubles = [label for label, n in Counter([*labels, *(fold(o.label) for o in others)]).items() if n > 1]
    if doubles:
        word = next((_clean(row.label) for row in kept if fold(_clean(row.label)) == doubles[0]), doubles[0])
        raise RuleError(_("“%(word)s” is there twice.", word=word), field="options")


def _remove(
    definition: AttributeDefinition,
    option: AttributeOption,
    instead: str,
    used: dict[int, int],
    kept: set[int | None],
) -> None:
    if instead != DELETE:
        if not instead.isdigit() or int(instead) not in kept:
            raise RuleError(_("“%(word)s” cannot be replaced by a word that is deleted too.", word=option.label),
                            field="options")  # fmt: skip
        replace_option(definition, option.id, int(instead))
    elif used.get(option.id):
        message = _("“%(word)s” is in use: choose a word to replace it.", word=option.label)
        raise RuleError(message, field="options")
    definition.options.remove(option)
    db.session.flush()


def replace_option(definition: AttributeDefinition, old: int, new: int) -> None:
    """Give every owner that has one option another instead; who has both keeps one."""
    mine = and_(values.c.definition_id == definition.id, values.c.option_id == old)
    other, owner = values.alias(), OWNER_COLUMNS[definition.applies_to]
    has_both = exists().where(
        other.c.definition_id == definition.id,
        other.c[owner] == values.c[owner],
        other.c.option_id == new,
    )
    bulk.delete_rows(db.session(), values, and_(mine, has_both))
    slot = {"slot": new} if definition.type == "words" else {}
    bulk.update_rows(db.session(), values, mine, {"option_id": new, **slot})
    _forget_loaded()


def _rename(there: dict[int, AttributeOption], kept: Sequence[OptionRow]) -> None:
    """Change labels; those that swap theirs get one in between, for each is there once at any moment."""
    changed = [
        (there[row.id], _clean(row.label))
        for row in kept
        if row.id is not None and there[row.id].label != _clean(row.label)
    ]
    before = {option.label for option, _label in changed}
    if any(label in before for _option, label in changed):
        for option, _label in changed:
            option.label = f"{option.id} …"
        db.session.flush()
    for option, label in changed:
        option.label = label


# -- type


@dataclass(frozen=True)
class Unconverted:
    """A value that the new type cannot hold. contact_id: None for a client's own."""

    client_id: int
    contact_id: int | None
    value: str


def change_type(definition: AttributeDefinition, new_type: str) -> list[Unconverted]:
    """Give a definition another type and convert all its values; unless one cannot be, then nothing changes.

    Returns the values that cannot be converted. Texts that become words are added to the list of words.
    """
    old_type = definition.type
    if new_type == old_type:
        return []
    texts = _texts_of(definition)
    # read as the new type, but flushed only when every value can be
    with db.session.no_autoflush:
        definition.type = new_type
        there = list(definition.options)
        found, failed = {}, []
        for owner, text in texts.items():
            try:
                found[owner] = read_value(definition, text, add_words=True)
            except Unreadable:
                failed.append(Unconverted(*owner, text))
        if failed:
            definition.type = old_type
            definition.options[:] = there
            return failed
        definition.type = old_type
    db.session.flush()
    mine = values.c.definition_id == definition.id
    if new_type == "secret":
        # what was written openly until now is to be open nowhere: neither in the log, nor in its last entry
        open_column = values.c[VALUE_COLUMNS[old_type]]
        bulk.update_rows(db.session(), values, mine, {open_column.name: cast(None, open_column.type)})
        erasing.blank_rows(values, mine)
    bulk.delete_rows(db.session(), values, mine)
    _insert_values(definition.id, new_type, found)
    definition.type = new_type
    db.session.flush()
    _forget_loaded()
    return []


def _texts_of(definition: AttributeDefinition) -> dict[Owner, str]:
    """Whose -> the value as a text that reads back as the same value."""
    column = VALUE_COLUMNS[definition.type]
    asked = (
        select(
            values.c.client_id, values.c.contact_id,
            options.c.label if column == "option_id" else values.c[column],
        )
        .outerjoin(options, options.c.id == values.c.option_id)
        .where(values.c.definition_id == definition.id)
        .order_by(values.c.client_id, values.c.contact_id, options.c.position, options.c.id)
        .with_for_update(of=values)
    )  # fmt: skip
    found: dict[Owner, list[str]] = defaultdict(list)
    for client_id, contact_id, value in db.session.connection().execute(asked):
        found[client_id, contact_id].append(_as_text(value))
    return {owner: ", ".join(texts) for owner, texts in found.items()}


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if hasattr(value, "normalize"):
        return format(value.normalize(), "f")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _insert_values(definition_id: int, new_type: str, found: dict[Owner, Any]) -> None:
    column = VALUE_COLUMNS[new_type]
    rows = []
    for (client_id, contact_id), value in found.items():
        for one in value if new_type in WORD_TYPES else [value]:
            stored = one.id if new_type in WORD_TYPES else one
            slot = one.id if new_type == "words" else 0
            rows.append({"client_id": client_id, "contact_id": contact_id, "definition_id": definition_id,
                         "slot": slot, column: stored})  # fmt: skip
    connection = db.session.connection()
    operation, step = history.operation_id(db.session()), history.next_step(db.session())
    for start in range(0, len(rows), CHUNK):
        some = rows[start : start + CHUNK]
        added = connection.execute(insert(values).returning(values.c.id, sort_by_parameter_order=True), some)
        log = [_log_row(row_id, row) for row_id, row in zip(added.scalars(), some, strict=True)]
        history.write_changes(connection, operation, step, log)


def _log_row(row_id: int, row: dict[str, Any]) -> dict[str, Any]:
    """What the log says of a new value."""
    after = {
        name: history.encode(values.c[name].type, value) for name, value in row.items() if value is not None
    }
    return {
        "table_name": values.name, "row_id": row_id, "action": "insert", "client_id": row["client_id"],
        "before": None, "after": {"id": row_id, **after},
    }  # fmt: skip


# -- deleting


def delete_definition(definition: AttributeDefinition) -> None:
    """Delete an attribute with its options and all its values; logged, so that it can be undone."""
    bulk.delete_rows(db.session(), values, values.c.definition_id == definition.id)
    _forget_loaded()
    db.session.delete(definition)
    db.session.flush()


def _forget_loaded() -> None:
    """What the session has loaded of values is not true any more."""
    for item in list(db.session.identity_map.values()):
        if isinstance(item, AttributeValue):
            db.session.expunge(item)
        elif isinstance(item, Contact):
            db.session.expire(item, ["attribute_values"])
