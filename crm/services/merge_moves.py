"""Everything that points at one client made to point at another, each table by a few statements.

The tables are found by walking the metadata, so that a new one cannot be forgotten.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    Column,
    ColumnClause,
    ColumnElement,
    Index,
    Table,
    UniqueConstraint,
    and_,
    exists,
    func,
    or_,
    select,
)  # fmt: skip
from sqlalchemy.orm import Session
from sqlalchemy.sql.visitors import replacement_traverse

from crm.models import (
    AttributeDefinition,
    AttributeValue,
    Client,
    ClientAssignee,
    ClientExternalId,
    Relationship,
    RelationshipType,
    SearchEntry,
    TimelineEntry,
)  # fmt: skip
from crm.models.attribute import VALUE_COLUMNS
from crm.models.base import Base, BetweenClients
from crm.services.bulk import delete_rows, update_rows
from crm.services.change_values import can_be_logged
from crm.services.flags import flags, predicate
from crm.services.following import drop_entries, follow
from crm.services.history import operation_id
from crm.services.merge_fields import SOURCE, TARGET

#: Columns named client_id that a merge leaves as they are, and why.
STAYS = {
    ("operation", "client_id"): "the log of a client is its own and its tombstones'",
    ("change", "client_id"): "the log of a client is its own and its tombstones'",
    ("mailchimp_wanted", "client_id"): "made anew by each sync",
}
#: Derived from the rows that move, which they follow.
DERIVED = frozenset({TimelineEntry.__tablename__, SearchEntry.__tablename__})


def references() -> list[Column[Any]]:
    """Every column of every table that holds a client's id, by foreign key or by name, without the derived ones."""
    client_id = Client.__table__.c.id
    found = []
    for table in sorted(Base.metadata.tables.values(), key=lambda t: t.name):
        for column in table.c:
            points = any(key.column is client_id for key in column.foreign_keys) or column.name == "client_id"
            if points and table.name not in DERIVED and (table.name, column.name) not in STAYS:
                if "id" not in table.c:
                    raise LookupError(
                        f"{table.name} refers to clients, but its rows have no id to be logged by."
                    )
                found.append(column)
    return found


@dataclass
class Move:
    """One merge's worth of moves. moved: how many rows of each table now are the target's."""

    session: Session
    source: int
    target: int
    moved: dict[str, int] = field(default_factory=dict)

    def all(self, choices: Mapping[str, str]) -> None:
        """Move everything; choices: for attributes, `source`, `target` or `both` by `attr.<key>`."""
        self._external_ids()
        self._assignees()
        self._attributes(choices)
        for column in references():
            if _is_between(column.table):
                self._self_links(column.table)
            for flag in flags(column.table, column.name):
                self._lower_flag(column, flag)
            kept = self._without_doubles(column)
            step, number = update_rows(
                self.session, column.table, (column == self.source) & kept, {column.name: self.target},
                raise_version=column.table is Client.__table__,
            )  # fmt: skip
            if number:
                self.moved[column.table.name] = self.moved.get(column.table.name, 0) + number
                follow(self.session, operation_id(self.session), step, column.table, self.source, self.target)
        entries = TimelineEntry.__table__
        about_client = (entries.c.client_id == self.source) & entries.c.table_name.is_(None)
        update_rows(self.session, entries, about_client, {"client_id": self.target})

    def _drop(self, table: Table, condition: ColumnElement[bool]) -> None:
        step, number = delete_rows(self.session, table, condition)
        if number:
            drop_entries(self.session, operation_id(self.session), step, table)

    # -- what a rule decides

    def _external_ids(self) -> None:
        """The target keeps its own ID per app code; the source's goes on leading here as an alias."""
        table = ClientExternalId.__table__
        own = select(table.c.app_code).where(table.c.client_id == self.target, ~table.c.alias)
        theirs = (table.c.client_id == self.source) & table.c.app_code.in_(own)
        update_rows(self.session, table, theirs, {"alias": True})

    def _assignees(self) -> None:
        """The source's assignees come after the target's own, so that the responsible one stays."""
        table = ClientAssignee.__table__
        last = select(func.max(table.c.position)).where(table.c.client_id == self.target)
        after = (self.session.connection().scalar(last) or 0) + 1
        update_rows(
            self.session, table, table.c.client_id == self.source, {"position": table.c.position + after}
        )

    def _attributes(self, choices: Mapping[str, str]) -> None:
        """Blank values of the target give way; chosen ones stay alone; several words are kept from both.

        This is about what the clients have themselves; their contacts keep what they have.
        """
        table = AttributeValue.__table__
        own = table.c.contact_id.is_(None)
        columns = sorted(set(VALUE_COLUMNS.values()))
        blank = and_(*(table.c[name].is_(None) for name in columns if name != "text"))
        blank &= func.coalesce(table.c.text, "") == ""
        self._drop(table, (table.c.client_id == self.target) & own & blank)
        definitions = AttributeDefinition.__table__
        both = self._definitions_with_both()
        for name, choice in sorted(choices.items()):
            if not name.startswith("attr.") or choice not in (SOURCE, TARGET):
                continue
            loser = self.target if choice == SOURCE else self.source
            chosen = select(definitions.c.id).where(
                definitions.c.applies_to == "client", definitions.c.key == name.removeprefix("attr.")
            )
            mine = table.c.definition_id.in_(chosen) & table.c.definition_id.in_(both)
            self._drop(table, (table.c.client_id == loser) & own & mine)

    def _definitions_with_both(self) -> list[int]:
        table = AttributeValue.__table__
        own = table.c.contact_id.is_(None)
        mine = select(table.c.definition_id).where(table.c.client_id == self.target, own)
        theirs = select(table.c.definition_id).where(table.c.client_id == self.source, own)
        return list(self.session.connection().scalars(mine.intersect(theirs)))

    # -- what the database would refuse

    def _self_links(self, table: Table) -> None:
        """A link between the two would be one from the target to itself."""
        pair, other = table.c.client_id, table.c.other_id
        one = (pair == self.source) & (other == self.target)
        self._drop(table, one | ((pair == self.target) & (other == self.source)))
        if table is Relationship.__table__:
            self._mirrored_links(table)

    def _mirrored_links(self, table: Table) -> None:
        """Partner of and partnered by are one link where the words of both sides are the same."""
        types, twin = RelationshipType.__table__, table.alias()
        same = select(types.c.id).where(types.c.label == types.c.inverse_label)
        for mine, theirs in (("client_id", "other_id"), ("other_id", "client_id")):
            there = exists().where(
                twin.c[theirs] == self.target,
                twin.c[mine] == table.c[theirs],
                twin.c.type_id == table.c.type_id,
            )
            self._drop(table, (table.c[mine] == self.source) & table.c.type_id.in_(same) & there)

    def _lower_flag(self, column: Column[Any], flag: str) -> None:
        """Of what a client has one of (its primary contact), the target keeps its own."""
        table, twin = column.table, column.table.alias()
        there = exists().where(twin.c[column.name] == self.target, twin.c[flag])
        update_rows(self.session, table, (column == self.source) & table.c[flag] & there, {flag: False})

    def _without_doubles(self, column: Column[Any]) -> ColumnElement[bool]:
        """Delete the source's rows that a unique key would not let the target have twice.

        Rows that the log cannot hold, or that others refer to, stay with the source: gives the condition of
        those that may move.
        """
        table = column.table
        doubles = [self._is_double(column, *key) for key in _unique_keys(column)]
        if not doubles:
            return column.is_not(None)
        if can_be_logged(table) and not _is_referred_to(table):
            self._drop(table, (column == self.source) & or_(*doubles))
            return column.is_not(None)
        return ~or_(*doubles)

    def _is_double(self, column: Column[Any], key: list[str], condition: Any) -> ColumnElement[bool]:
        table, twin = column.table, column.table.alias()
        same = [twin.c[name] == table.c[name] for name in key if name != column.name]
        both = [] if condition is None else [_of(side, condition) for side in (table, twin)]
        return exists().where(twin.c[column.name] == self.target, *same, *both)


def _is_between(table: Table) -> bool:
    return any(m.local_table is table and issubclass(m.class_, BetweenClients) for m in Base.registry.mappers)


def _is_referred_to(table: Table) -> bool:
    return any(
        key.column.table is table for other in Base.metadata.tables.values() for key in other.foreign_keys
    )


def _unique_keys(column: Column[Any]) -> Iterator[tuple[list[str], Any]]:
    """(columns, condition of the rows it is about, or None) of the unique keys with a column; flags are not meant."""
    for key in (*column.table.constraints, *column.table.indexes):
        is_unique = isinstance(key, UniqueConstraint) or (isinstance(key, Index) and key.unique)
        names, condition = [c.name for c in key.columns] if is_unique else [], predicate(key)
        if column.name in names and (condition is None or names != [column.name]):
            yield names, condition


def _of(side: Any, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The condition of a partial index, said of an alias of its table."""

    def instead(element: Any, **_kw: Any) -> Any:
        return side.c[element.name] if isinstance(element, ColumnClause) else None

    return replacement_traverse(condition, {}, instead)
