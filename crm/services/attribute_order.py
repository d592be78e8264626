"""Clients or contacts in the order of an attribute: those that have a value first, then the others by name.

The first come as an index has them, by value and then by client, so a page costs no more than its rows. Words come in
the order of their list, several words by the first of them. Sensitive attributes give no order.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, and_, case, exists, func, or_, select
from werkzeug.datastructures import MultiDict

from crm.errors import UnknownFilter
from crm.extensions import db
from crm.models import AttributeDefinition, AttributeOption, AttributeValue
from crm.models.attribute import OWNER_COLUMNS, OWNERS, VALUE_COLUMNS
from crm.services.attribute_filters import PREFIX, is_name
from crm.services.attribute_reading import WORD_TYPES
from crm.services.attributes import definitions

values = AttributeValue.__table__
options = AttributeOption.__table__


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
        model: Any = OWNERS[self.definition.applies_to]
        first = self._with_value(found)
        ids = list(db.session.scalars(first.limit(limit).offset(offset)))
        if limit is not None and len(ids) == limit:
            return ids
        known = offset + len(ids)
        if not ids and offset:
            known = db.session.scalar(select(func.count()).select_from(first.order_by(None).subquery())) or 0
        mine = exists().where(self._of(values.c), values.c[self._owner] == model.id)
        rest = (
            found.with_only_columns(model.id).where(~mine).order_by(None).order_by(model.name_key, model.id)
        )
        wanted = None if limit is None else limit - len(ids)
        return ids + list(db.session.scalars(rest.limit(wanted).offset(max(offset - known, 0))))

    @property
    def _owner(self) -> str:
        return OWNER_COLUMNS[self.definition.applies_to]

    def _of(self, columns: Any) -> Any:
        return columns.definition_id == self.definition.id

    def _with_value(self, found: Select[Any]) -> Select[Any]:
        model: Any = OWNERS[self.definition.applies_to]
        row = values.alias()
        kind = VALUE_COLUMNS[self.definition.type]
        column = row.c.text_key if kind == "text" else row.c[kind]
        asked = found.with_only_columns(model.id).join(row, row.c[self._owner] == model.id)
        asked = asked.where(self._of(row.c), column.is_not(None))
        by = [column]
        if self.definition.type in WORD_TYPES:
            option = options.alias()
            asked = asked.join(option, option.c.id == row.c.option_id)
            asked = asked.where(option.c.definition_id == self.definition.id, ~self._earlier(row, option))
            by = [option.c.position, option.c.id]
        by += [row.c.client_id, row.c.contact_id][: 2 if self._owner == "contact_id" else 1]
        return asked.order_by(None).order_by(*(one.desc() if self.direction == "desc" else one for one in by))

    def _earlier(self, row: Any, option: Any) -> Any:
        """The condition that the owner of a row has a word that stands before that of the row."""
        other, word = values.alias(), options.alias()
        before = or_(
            word.c.position < option.c.position,
            and_(word.c.position == option.c.position, word.c.id < option.c.id),
        )
        return exists().where(
            self._of(other.c),
            other.c[self._owner] == row.c[self._owner],
            word.c.id == other.c.option_id,
            before,
        )


def order_asked(kind: str, args: MultiDict[str, str]) -> AttributeOrder | None:
    """The order by an attribute that query parameters ask for; None for another order. Raises UnknownFilter."""
    sort, direction = args.get("sort", "").strip(), args.get("dir", "").strip() or "asc"
    if not is_name(sort):
        return None
    found = definitions(kind, options=False, keys=[sort.removeprefix(PREFIX)])
    if not found or not sort_of(found[0]):
        raise UnknownFilter(_("The list cannot be sorted by “%(name)s”.", name=sort[:60]), field="sort")
    if direction not in ("asc", "desc"):
        raise UnknownFilter(_("A list is sorted “asc” or “desc”."), field="dir")
    return AttributeOrder(found[0], direction)
