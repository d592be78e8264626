"""Clients or contacts in the order of an attribute: those that have a value first, then the others by name.

The first come as an index has them, by value and then by client, so a page costs no more than its rows. Words come in
the order of their list, of several words the first counts. Sensitive attributes give no order.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, case, exists, func, select
from werkzeug.datastructures import MultiDict

from crm.errors import UnknownFilter
from crm.extensions import db
from crm.models import AttributeDefinition, AttributeValue, Contact
from crm.models.attribute import OWNER_COLUMNS, OWNERS, VALUE_COLUMNS
from crm.services.attributes.filters import PREFIX, is_name
from crm.services.attributes.reading import WORD_TYPES
from crm.services.attributes.values import definitions

#: Under a name of its own: filters by attributes ask the same table.
ordered = AttributeValue.__table__.alias("ordered")
rows = ordered.c


def sort_of(definition: AttributeDefinition) -> str:
    """The name by which a list is sorted by an attribute; blank where it gives no order."""
    return "" if definition.sensitive else f"{PREFIX}{definition.key}"


def sorts(kind: str) -> Collection[str]:
    """The names by which lists of clients or contacts can be sorted."""
    return [name for one in definitions(kind, options=False) if (name := sort_of(one))]


@dataclass(frozen=True)
class AttributeOrder:
    """The order by one attribute; as an `Order`."""

    definition: AttributeDefinition
    direction: str = "asc"

    @property
    def sort(self) -> str:
        return sort_of(self.definition)

    def page(self, found: Select[Any], limit: int, offset: int = 0) -> Select[Any]:
        """The statement of one page of what was found, in this order."""
        places = {number: place for place, number in enumerate(self.ids(found, limit, offset))}
        model = OWNERS[self.definition.applies_to]
        asked = select(model).where(model.id.in_(list(places)))
        return asked.order_by(case(places, value=model.id)) if places else asked

    def ids(self, found: Select[Any], limit: int | None = None, offset: int = 0) -> list[int]:
        """The ids of what was found, in this order."""
        ids: list[int] = []
        for part in self._parts(found):
            wanted = None if limit is None else limit - len(ids)
            some = list(db.session.scalars(part.limit(wanted).offset(offset)))
            ids += some
            if len(ids) == limit:
                break
            if offset and not some:
                offset -= (
                    db.session.scalar(select(func.count()).select_from(part.order_by(None).subquery())) or 0
                )
            else:
                offset = 0
        return ids

    def _parts(self, found: Select[Any]) -> Iterator[Select[Any]]:
        """Statements of ids that follow each other: of each word or of all values, and of those without one."""
        if self.definition.type in WORD_TYPES:
            yield from self._of_each_word(found)
        else:
            kind = VALUE_COLUMNS[self.definition.type]
            column = rows.text_key if kind == "text" else rows[kind]
            yield self._with_value(found, column, column.is_not(None))
        model: Any = OWNERS[self.definition.applies_to]
        mine = exists().where(rows.definition_id == self.definition.id, self._owner == model.id)
        rest = found.with_only_columns(model.id).where(~mine)
        yield rest.order_by(None).order_by(model.name_key, model.id)

    def _of_each_word(self, found: Select[Any]) -> Iterator[Select[Any]]:
        asked = select(rows.option_id).where(rows.definition_id == self.definition.id).distinct()
        used = set(db.session.connection().scalars(asked))
        words = [option.id for option in self.definition.options if option.id in used]
        for word in words if self.direction == "asc" else reversed(words):
            other, earlier = AttributeValue.__table__.alias().c, words[: words.index(word)]
            has_earlier = exists().where(
                other.definition_id == self.definition.id,
                other[OWNER_COLUMNS[self.definition.applies_to]] == self._owner,
                other.option_id.in_(earlier),
            )
            yield self._with_value(found, None, rows.option_id == word, *([~has_earlier] if earlier else []))

    def _with_value(self, found: Select[Any], column: Any, *wanted: Any) -> Select[Any]:
        model: Any = OWNERS[self.definition.applies_to]
        asked = found.with_only_columns(model.id).join(ordered, self._owner == model.id)
        by = [*([] if column is None else [column]), rows.client_id]
        by += [rows.contact_id] if model is Contact else []
        order = (one.desc() if self.direction == "desc" else one for one in by)
        asked = asked.where(rows.definition_id == self.definition.id, *wanted)
        return asked.order_by(None).order_by(*order)

    @property
    def _owner(self) -> Any:
        return rows[OWNER_COLUMNS[self.definition.applies_to]]


def order_asked(kind: str, args: MultiDict[str, str]) -> AttributeOrder | None:
    """The order by an attribute that query parameters ask for; None for another order. Raises UnknownFilter."""
    sort, direction = args.get("sort", "").strip(), args.get("dir", "").strip() or "asc"
    if not is_name(sort):
        return None
    found = definitions(kind, keys=[sort.removeprefix(PREFIX)])
    if not found or not sort_of(found[0]):
        raise UnknownFilter(_("The list cannot be sorted by “%(name)s”.", name=sort[:60]), field="sort")
    if direction not in ("asc", "desc"):
        raise UnknownFilter(_("A list is sorted “asc” or “desc”."), field="dir")
    return AttributeOrder(found[0], direction)
