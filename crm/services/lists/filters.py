"""The filters that a record type declares: by a closed list of choices, by yes or no, by a user, and others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Date, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from crm.errors import UnknownFilter
from crm.extensions import db
from crm.models.types import UtcDateTime
from crm.registry import RecordType
from crm.security.visibility import viewer
from crm.services.lists.bounds import DayFilter, RelatedFilter, bounds_of, unreadable

ME, NOBODY = "me", "none"
YES_NO = (("yes", _l("Yes")), ("no", _l("No")))
#: So many users are offered by name.
MOST_USERS = 200


@dataclass(frozen=True)
class RecordFilter:
    """One filter of a list. name: its parameter, which may be given several times."""

    record: RecordType
    attribute: InstrumentedAttribute[Any]
    shape: ClassVar[str] = "choice"

    @property
    def name(self) -> str:
        return self.attribute.key.removesuffix("_links")

    @property
    def label(self) -> Any:
        return self.record.label_of(self.attribute.key)

    @property
    def is_of_users(self) -> bool:
        return self.attribute.key in self.record.mapper.relationships

    def options(self) -> Sequence[tuple[str, Any]]:
        """(value, words) of what is offered."""
        if not self.is_of_users:
            return self._choices()
        users = select(User).where(User.active).order_by(User.first_name, User.last_name, User.id)
        people = [(u.username, u.get_full_name()) for u in db.session.scalars(users.limit(MOST_USERS))]
        return [(ME, _("Me")), (NOBODY, _("Nobody")), *people]

    def _choices(self) -> Sequence[tuple[str, Any]]:
        return self.record.choices.get(self.attribute.key, YES_NO)

    def words(self) -> str:
        """What the parameter takes."""
        if self.is_of_users:
            return _("%(label)s: a user name, me or none.", label=self.label)
        return f"{self.label}: {', '.join(value for value, _words in self._choices())}."

    def condition(self, given: Sequence[str]) -> ColumnElement[bool]:
        """What these values of the parameter leave. Raises UnknownFilter."""
        values = [value for value in given if value]
        if self.is_of_users:
            return self._of_users(values)
        known = [value for value, _words in self._choices()]
        if unknown := next((value for value in values if value not in known), None):
            raise self.unreadable(unknown)
        if self.attribute.key in self.record.choices:
            return self.attribute.in_(values)
        return self.attribute.in_([value == "yes" for value in values])

    def _of_users(self, values: Sequence[str]) -> ColumnElement[bool]:
        names = [value for value in values if value not in (ME, NOBODY)]
        asked = select(User.username, User.id).where(User.username.in_(names))
        found = {row.username: row.id for row in db.session.execute(asked)}
        if unknown := next((name for name in names if name not in found), None):
            raise self.unreadable(unknown)
        ids = set(found.values())
        if ME in values:
            if (me := viewer().user_id) is None:
                raise self.unreadable(ME)
            ids.add(me)
        either = [self._has_user(ids)] if ids else []
        return or_(*either, *([self._has_nobody()] if NOBODY in values else []))

    def _has_user(self, ids: set[int]) -> ColumnElement[bool]:
        relation = self.attribute.property
        if not relation.uselist:
            return next(iter(relation.local_columns)).in_(ids)
        links = relation.mapper.local_table
        return self._links_to(select(next(iter(relation.remote_side))).where(links.c.user_id.in_(ids)))

    def _has_nobody(self) -> ColumnElement[bool]:
        relation = self.attribute.property
        if not relation.uselist:
            return next(iter(relation.local_columns)).is_(None)
        return ~self._links_to(select(next(iter(relation.remote_side))))

    def _links_to(self, records: Any) -> ColumnElement[bool]:
        model: Any = self.record.model
        return model.id.in_(records)

    def unreadable(self, value: str) -> UnknownFilter:
        return unreadable(self.name, value)


def filters_of(record: RecordType) -> dict[str, RecordFilter | DayFilter | RelatedFilter]:
    """Name -> filter, of those that a record type declares, in order."""
    found: list[RecordFilter | DayFilter | RelatedFilter] = []
    for attribute in record.filters:
        relation, column = (
            record.mapper.relationships.get(attribute.key),
            record.mapper.columns.get(attribute.key),
        )
        is_other = relation is not None and not relation.uselist and relation.mapper.class_ is not User
        if is_other or (column is not None and isinstance(column.type, Date | UtcDateTime)):
            found += bounds_of(record, attribute)
        else:
            found.append(RecordFilter(record, attribute))
    return {one.name: one for one in found}
