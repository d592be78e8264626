"""What a page costs is a fixed number of queries, the same for two rows and for two hundred.

The numbers stand in query_counts.json, beyond the request's own look-ups. After a change that is meant,
write them anew: `python -m pytest tests/test_query_counts.py --write-query-counts`.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_appbuilder import BaseView, expose, has_access
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import Date, select

from crm.extensions import db
from crm.models import (
    AttributeDefinition,
    AttributeValue,
    Client,
    ClientTag,
    Contact,
    ContactTag,
    Deal,
    Document,
    Event,
    EventAttendee,
    Invoice,
    InvoiceLine,
    Note,
    Project,
    Relationship,
    RelationshipType,
    Sale,
    SaleLine,
    Status,
    StoredFile,
    Tag,
    Task,
    TaskList,
    Ticket,
    TicketComment,
    Transaction,
    WorkTime,
)
from crm.models.types import utc_now
from crm.records import RECORDS
from crm.registry import RecordType, registry
from crm.security.visibility import as_system
from tests.rows import row_of

MARCH = datetime(2026, 3, 2, 9, tzinfo=UTC)
FILE = Path(__file__).with_name("query_counts.json")
#: page -> (address, the most it may cost)
PAGES = {
    "list": ("/crm/clients/list/", 12),
    "list, filtered and sorted": (
        "/crm/clients/list/?search=acme&status=new&tags=tag&sort=name&dir=desc",
        12,
    ),
    "board": ("/crm/clients/kanban/", 12 + 5),
    "card": ("/crm/clients/show/{client}", 20),
    "boxes": ("/crm/clients/boxes/{client}", 40),
    "tab": ("/crm/clients/tab/{client}/tasks", 20),
    "timeline": ("/crm/clients/timeline/{client}", 4),
    "search": ("/crm/search?q=acme", 4),
    "start": ("/", 12),
    "notes": ("/crm/notes/list/", 12),
    "tasks": ("/crm/tasks/list/", 12),
    "task lists": ("/crm/task-lists/list/", 12),
    "a task list": ("/crm/task-lists/show/1", 12),
    "projects": ("/crm/projects/list/", 12),
    "a project": ("/crm/projects/show/1", 14),
    "events": ("/crm/events/list/", 12),
    "work time": ("/crm/work-times/list/", 12),
    "hours of the month": ("/crm/work-times/billing?month=2026-03", 12),
    "contacts": ("/crm/contacts/list/", 12),
    "contact": ("/crm/contacts/show/1", 20),
    "deals": ("/crm/deals/list/", 12),
    "deals board": ("/crm/deals/kanban/", 12 + 5),
    "relationships": ("/crm/relationships/list/", 12),
    "e-mails": ("/crm/emails/list/", 12),
    "calls": ("/crm/calls/list/", 12),
    "chats": ("/crm/chats/list/", 12),
    "tickets": ("/crm/tickets/list/", 12),
    "a ticket": ("/crm/tickets/show/1", 12),
    "sales": ("/crm/sales/list/", 12),
    "a sale": ("/crm/sales/show/1", 12),
    "a sale's form": ("/crm/sales/edit/1", 20),
    "invoices": ("/crm/invoices/list/", 12),
    "an invoice": ("/crm/invoices/show/1", 12),
    "transactions": ("/crm/transactions/list/", 12),
    "products": ("/crm/products/list/", 12),
    "tab of e-mails": ("/crm/clients/tab/{client}/emails", 20),
    "tab of sales": ("/crm/clients/tab/{client}/sales", 20),
    "tab of invoices": ("/crm/clients/tab/{client}/invoices", 20),
    "tab of transactions": ("/crm/clients/tab/{client}/transactions", 20),
    "documents": ("/crm/documents/list/", 12),
    "tab of files": ("/crm/clients/tab/{client}/files", 20),
    "API": ("/api/v1/clients/", 12),
}
MOST_LOOKUPS = 7
#: Types whose records need no others beside them here.
PLAIN = ("email", "call", "chat", "ticket", "product", "sale", "invoice", "transaction")


class BarePage(BaseView):
    """Costs the look-ups of every request, and one query."""

    route_base = "/bare"
    class_permission_name = "client"
    method_permission_name = {"bare": "list"}

    @expose("/")
    @has_access
    def bare(self) -> str:
        return str(db.session.scalar(select(Client.id).limit(1)))


def fill(app: Flask, count: int, user_id: int) -> int:
    """As many clients, and as many records of each kind at the first of them, whose id is returned."""
    with app.app_context(), as_system():
        session = db.session
        statuses, kind = (
            list(session.scalars(select(Status))),
            session.scalars(select(RelationshipType)).first(),
        )
        tag, size = (
            Tag(name="tag"),
            AttributeDefinition(label="Size", key="size", type="integer", in_list=True),
        )
        file = StoredFile(place="x", digest="0" * 64, size=1, type="image/png")
        session.add_all([tag, size, file])
        clients = [
            Client(name=f"Acme {n}", status=statuses[n % 4], email=f"a{n}@example.com") for n in range(count)
        ]
        session.add_all(clients)
        session.flush()
        alice = session.get(User, user_id)
        for client in clients:
            client.assignees = [alice]
            session.add(ClientTag(client_id=client.id, tag=tag))
            session.add(AttributeValue(client_id=client.id, definition=size, integer=client.id))
        first = clients[0]
        project = Project(name="Acme", client_id=first.id, responsible_id=user_id)
        steps = TaskList(name="Steps", client_id=first.id, project=project)
        session.add_all([project, steps])
        session.flush()
        for n, client in enumerate(clients):
            start = MARCH + n * timedelta(hours=1)
            rows = [
                Note(client_id=first.id, text=f"acme note {n}"),
                Contact(
                    client_id=first.id, first_name="Acme", last_name=str(n), tag_links=[ContactTag(tag=tag)]
                ),
                Deal(client_id=first.id, title=f"acme deal {n}"),
                Document(client_id=first.id, name=f"acme document {n}", stored_file=file),
                Task(client_id=first.id, title=f"acme task {n}", task_list=steps, project=project),
                TaskList(name=f"List {n}", client_id=first.id, project=project),
                Project(name=f"Project {n}", client_id=first.id, parent=project, responsible_id=user_id),
                Event(
                    title=f"Event {n}",
                    client_id=first.id,
                    start=start,
                    end=start,
                    attendee_links=[EventAttendee(user_id=user_id)],
                ),
                WorkTime(
                    user_id=user_id,
                    client_id=first.id,
                    project=project,
                    start=start,
                    end=start + timedelta(hours=1),
                ),
            ]
            for key in PLAIN:
                row = row_of(registry()[key], first.id, client.id, session, f"acme {n}")
                rows.append(row if n else newest(registry()[key], row))
            if n:
                rows.append(Relationship(client_id=first.id, other_id=client.id, type=kind))
            session.add_all(rows)
            for row in rows:
                row.created_by_id = user_id
                if isinstance(row, Task):
                    row.assignees = [alice]
            session.commit()
        sale, invoice = session.get(Sale, 1), session.get(Invoice, 1)
        session.get(Ticket, 1).comments = [TicketComment(body=f"comment {n}") for n in range(count)]
        sale.lines = [
            SaleLine(description=f"line {n}", quantity=1, price=2, vat_rate="23") for n in range(count)
        ]
        invoice.lines = [
            InvoiceLine(description=f"line {n}", quantity=1, price=2, vat_rate="23") for n in range(count)
        ]
        for payment in session.scalars(select(Transaction)):
            payment.invoice = invoice
        session.commit()
        number = first.id
        session.remove()
        return number


def newest(record: RecordType, row: Any) -> Any:
    """The row, on top of the timeline: so its first page has one of each type, however many rows there are."""
    if record.when is not None:
        tomorrow = utc_now() + timedelta(days=1)
        is_day = isinstance(record.mapper.columns[record.when.key].type, Date)
        setattr(row, record.when.key, tomorrow.date() if is_day else tomorrow)
    return row


@pytest.fixture
def measure(
    app: Flask, make_app: Any, sign_in: Any, people: Any, count_queries: Any
) -> Callable[[int], dict[str, int]]:
    def measured(count: int) -> dict[str, int]:
        measured_app = make_app(records=RECORDS)  # its own: it gets a page more
        with measured_app.app_context():
            measured_app.appbuilder.add_view_no_menu(BarePage)
        client = fill(measured_app, count, people["alice"])
        alice = sign_in("alice", measured_app)

        def cost(url: str) -> int:
            assert alice.get(url).status_code == 200, url
            with measured_app.app_context():
                engine = db.engine
            with count_queries(engine) as statements:
                alice.get(url)
            return len(statements)

        lookups = cost("/bare/") - 1
        found = {name: cost(url.format(client=client)) - lookups for name, (url, _most) in PAGES.items()}
        return {"look-ups": lookups, **found}

    return measured


@pytest.mark.parametrize("count", [2, 200])
def test_counts(count: int, measure: Any, request: pytest.FixtureRequest) -> None:
    found = measure(count)
    if request.config.getoption("--write-query-counts"):
        FILE.write_text(json.dumps(found, indent=2) + "\n")
    assert found == json.loads(FILE.read_text())


def test_the_numbers_are_small() -> None:
    known = json.loads(FILE.read_text())
    assert known["look-ups"] <= MOST_LOOKUPS
    for name, (_url, most) in PAGES.items():
        assert known[name] <= most, name
