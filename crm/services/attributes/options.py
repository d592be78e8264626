"""The words of an attribute's list: how many have each, and renaming, merging and deleting them.

Values are changed by set-based statements that log themselves, for there may be one at every client or contact.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import and_, exists, func, select, union_all

from crm.errors import RuleError
from crm.extensions import db
from crm.models import AttributeDefinition, AttributeOption, AttributeValue, Contact
from crm.models.attribute import OWNER_COLUMNS
from crm.models.folding import fold
from crm.models.sealed_values import text_of
from crm.models.sealing import blind_indexes
from crm.services.attributes.matching import equals
from crm.services.attributes.reading import LONGEST_WORD, MOST_WORDS, WORD_TYPES, TooManyWords
from crm.services.attributes.storing import columns_of_value
from crm.services.history import bulk

values = AttributeValue.__table__
definitions = AttributeDefinition.__table__
DELETE = "delete"


def usage() -> dict[int, int]:
    """definition id -> how many clients or contacts have a value, hidden ones too."""
    several = select(definitions.c.id).where(definitions.c.type == "words")
    owner = func.coalesce(values.c.contact_id, values.c.client_id)
    # of all but several words an owner has one row, which need not be told apart
    one_each = select(values.c.definition_id, func.count()).where(values.c.definition_id.not_in(several))
    some_each = select(values.c.definition_id, func.count(owner.distinct())).where(
        values.c.definition_id.in_(several)
    )
    asked = union_all(*(one.group_by(values.c.definition_id) for one in (one_each, some_each)))
    return dict(db.session.connection().execute(asked).all())


def option_usage(definition: AttributeDefinition) -> dict[int, int]:
    """option id -> how many clients or contacts have it."""
    column = values.c.match_key if definition.sensitive else values.c.option_id
    asked = select(column, func.count()).where(values.c.definition_id == definition.id).group_by(column)
    found = dict(db.session.connection().execute(asked).all())
    if not definition.sensitive:
        return found
    return {
        option.id: number for option in definition.options
        if (number := sum(found.get(key, 0) for key in blind_indexes(text_of("option_id", option.id))))
    }  # fmt: skip


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
    ids = [row.id for row in rows if row.id is not None]
    if len(ids) != len(set(ids)):
        raise RuleError(
            _("Somebody has changed the list meanwhile. Please reload the page."), field="options"
        )
    kept = [row for row in rows if not row.instead]
    if any(row.id is None for row in kept) and len(kept) > MOST_WORDS:
        raise RuleError(str(TooManyWords()), field="options")
    _check_labels(kept, [o for o in definition.options if o.id not in {row.id for row in rows}])
    used = option_usage(definition) if definition.id is not None else {}
    for row in rows:
        if row.instead and row.id is not None:
            _remove(definition, there[row.id], row.instead, used, {k.id for k in kept if k.id is not None})
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
    kept: set[int],
) -> None:
    if instead != DELETE:
        if instead not in map(str, kept):
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
    if definition.type not in WORD_TYPES:
        # its words are those of a type that it had: nobody has them
        return
    words = {option.id: option for option in definition.options}
    mine = equals(definition, words[old], values)
    other, owner = values.alias(), OWNER_COLUMNS[definition.applies_to]
    has_both = exists().where(other.c[owner] == values.c[owner], equals(definition, words[new], other))
    bulk.delete_rows(db.session(), values, and_(mine, has_both))
    bulk.update_rows(db.session(), values, mine, columns_of_value(definition, words[new]))
    forget_loaded()


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


def forget_loaded() -> None:
    """What the session has loaded of values is not true any more."""
    for item in list(db.session.identity_map.values()):
        if isinstance(item, AttributeValue):
            db.session.expunge(item)
        elif isinstance(item, Contact):
            db.session.expire(item, ["attribute_values"])
