"""Everything that points at one client made to point at another, each table by a few statements.

The tables are found by walking the metadata, so that a new one cannot be forgotten.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, exists, func, select

from crm.models import (
    Client,
    ClientAssignee,
    ClientExternalId,
    DuplicateKey,
    DuplicatePair,
    DuplicateTodo,
    Relationship,
    RelationshipType,
    SearchEntry,
    TimelineEntry,
)  # fmt: skip
from crm.models.base import Base, BetweenClients
from crm.services.flags import flags
from crm.services.history.bulk import update_rows
from crm.services.history.log import operation_id
from crm.services.merging.attributes import settle_attributes
from crm.services.merging.moving_rows import RowMoves
from crm.services.timeline.following import follow

#: Columns named client_id that a merge leaves as they are, and why.
STAYS = {
    ("operation", "client_id"): "the log of a client is its own and its tombstones'",
    ("change", "client_id"): "the log of a client is its own and its tombstones'",
    ("mailchimp_wanted", "client_id"): "made anew by each sync",
}
#: Derived from the rows that move, which they follow, or from the clients themselves.
DERIVED = frozenset(
    model.__tablename__ for model in (TimelineEntry, SearchEntry, DuplicateKey, DuplicatePair, DuplicateTodo)
)


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


class Move(RowMoves):
    """One merge's worth of moves."""

    def all(self, choices: Mapping[str, str]) -> None:
        """Move everything; choices: for attributes, `source`, `target` or `both` by `attr.<key>`."""
        self._external_ids()
        self._assignees()
        settle_attributes(self, "client", choices)
        self.rows()

    def rows(self, only: Mapping[str, ColumnElement[bool]] | None = None) -> None:
        """Move the rows of every table, and what the timeline says of the client.

        only: by the name of a table the condition of its rows that move, where not all do.
        """
        for column in references():
            if _is_between(column.table):
                self._self_links(column.table)
            which = (only or {}).get(column.table.name)
            for flag in flags(column.table, column.name):
                self._lower_flag(column, flag)
            step, number = self.move(column, which, raise_version=column.table is Client.__table__)
            if number:
                follow(self.session, operation_id(self.session), step, column.table, self.source, self.target)
        entries = TimelineEntry.__table__
        about_client = (entries.c.client_id == self.source) & entries.c.table_name.is_(None)
        update_rows(self.session, entries, about_client, {"client_id": self.target})

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

    # -- what the database would refuse

    def _self_links(self, table: Table) -> None:
        """A link between the two would be one from the target to itself."""
        pair, other = table.c.client_id, table.c.other_id
        one = (pair == self.source) & (other == self.target)
        self.drop(table, one | ((pair == self.target) & (other == self.source)))
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
            self.drop(table, (table.c[mine] == self.source) & table.c.type_id.in_(same) & there)

    def _lower_flag(self, column: Column[Any], flag: str) -> None:
        """Of what a client has one of (its primary contact), the target keeps its own."""
        table, twin = column.table, column.table.alias()
        there = exists().where(twin.c[column.name] == self.target, twin.c[flag])
        update_rows(self.session, table, (column == self.source) & table.c[flag] & there, {flag: False})


def _is_between(table: Table) -> bool:
    return any(m.local_table is table and issubclass(m.class_, BetweenClients) for m in Base.registry.mappers)
