"""Rows made in memory and written set-based, with the search and timeline entries that a flush would write."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, func, insert, inspect, select

from crm.extensions import db
from crm.models import (
    AttributeValue,
    Call,
    Chat,
    Client,
    ClientAssignee,
    ClientExternalId,
    ClientTag,
    Contact,
    ContactExternalId,
    ContactTag,
    Deal,
    Document,
    Email,
    EmailClient,
    Event,
    EventAttendee,
    EventContact,
    IdImage,
    Invoice,
    InvoiceLine,
    Note,
    Operation,
    Product,
    Project,
    Relationship,
    Sale,
    SaleLine,
    SearchEntry,
    Task,
    TaskAssignee,
    TaskList,
    Ticket,
    TicketComment,
    TimelineEntry,
    Transaction,
    WorkTime,
)
from crm.models.base import Base
from crm.registry import registry
from crm.services.duplicates.facts import COLUMNS, facts_of
from crm.services.duplicates.keeping import look_at, write_keys
from crm.services.search.entries import entry_of
from crm.services.timeline.entries import entry_rows

#: Tables in an order in which no row names one that is not there yet.
ORDER = (Client, ClientAssignee, ClientTag, ClientExternalId, Contact, ContactTag, ContactExternalId,
         Note, Project, TaskList, Task, TaskAssignee, Deal, Event, EventAttendee, EventContact, WorkTime,
         Relationship, AttributeValue, Call, Chat, Email, EmailClient, Ticket, TicketComment,
         Product, Sale, SaleLine, Invoice, InvoiceLine, Transaction, Document, IdImage)  # fmt: skip


class Rows:
    """Rows of one portion of clients. They get their ids here, to name each other before they exist."""

    def __init__(self) -> None:
        numbered = (Client, Contact, Note, Project, TaskList, Task, Deal, Event, WorkTime, Relationship,
                    Call, Chat, Email, Ticket, TicketComment,
                    Product, Sale, Invoice, Transaction, Document)  # fmt: skip
        newest = {m: db.session.scalar(select(func.max(m.__table__.c.id))) or 0 for m in numbered}
        self.next_ids = {model: number + 1 for model, number in newest.items()}
        self.made: dict[type[Base], list[Any]] = {}

    def new(self, model: type[Base], **values: Any) -> Any:
        """A new row with the defaults of its columns, and an id where other rows may name it."""
        item = model()
        # past the attributes' events, of which a default needs none
        item.__dict__.update(_defaults(model))
        for name, value in values.items():
            setattr(item, name, value)
        if model in self.next_ids:
            item.id = self.next_ids[model]
            self.next_ids[model] += 1
        self.made.setdefault(model, []).append(item)
        return item

    def write(self) -> None:
        """Write all rows and what is derived from them, and begin anew. The caller commits."""
        operation = Operation(
            kind="demo", source="system", details={"clients": len(self.made.get(Client, ()))}
        )
        db.session.add(operation)
        db.session.flush()
        connection = db.session.connection()
        for model in ORDER:
            _write(connection, model.__table__, [_row(item) for item in self.made.get(model, ())])
        _write(connection, SearchEntry.__table__, list(self._search_entries()))
        _write(connection, TimelineEntry.__table__, list(self._timeline_entries(operation.id)))
        self._write_keys()
        for model in self.next_ids:
            _move_sequence(connection, model.__table__)
        self.made = {}

    def _write_keys(self) -> None:
        """What duplicates are found by, and that they are to be searched for."""
        made = {client.id: client for client in self.made.get(Client, ())}
        facts = {n: facts_of({name: getattr(one, name) for name in COLUMNS}) for n, one in made.items()}
        write_keys(db.session(), facts)
        look_at(db.session(), facts)

    def _search_entries(self) -> Iterator[dict[str, Any]]:
        for record in registry():
            if record.search:
                for item in self.made.get(record.model, ()):
                    yield entry_of(record, item)

    def _timeline_entries(self, operation: int) -> Iterator[dict[str, Any]]:
        for client in self.made.get(Client, ()):
            yield {"client_id": client.id, "at": client.created_at, "kind": "created", "table_name": None,
                   "row_id": None, "actor_id": client.created_by_id, "operation_id": operation,
                   "summary": ""}  # fmt: skip
        for record in registry():
            if record.when is not None:
                for item in self.made.get(record.model, ()):
                    yield from entry_rows(record, item, operation, {})


@cache
def _columns(model: type[Base]) -> list[tuple[str, str]]:
    """(column, attribute) of a model."""
    return [(prop.columns[0].name, prop.key) for prop in inspect(model).column_attrs]


@cache
def _defaults(model: type[Base]) -> dict[str, Any]:
    """The fixed defaults of a model's columns, by attribute."""
    defaults = ((prop.key, prop.columns[0].default) for prop in inspect(model).column_attrs)
    return {key: default.arg for key, default in defaults if default is not None and default.is_scalar}


def _row(item: Base) -> dict[str, Any]:
    stored = item.__dict__
    values = {column: stored.get(key) for column, key in _columns(type(item))}
    if values.get("id") is None:
        values.pop("id", None)
    return values


def _write(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _move_sequence(connection: Connection, table: Table) -> None:
    """PostgreSQL numbers rows by a sequence, which does not see the ids given here."""
    if connection.dialect.name == "postgresql":
        newest = select(func.max(table.c.id)).scalar_subquery()
        connection.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), newest)))
