"""Demo data, made in portions and written set-based: a thousand clients in about a second.

The same number and seed give the same data, but for the moments, which count back from now.
"""

import random
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import DDL, Connection, Table, func, insert, inspect, select
from stdnum.pl import nip

from crm.demo import words
from crm.extensions import db
from crm.models import (
    AttributeDefinition,
    AttributeOption,
    AttributeValue,
    Client,
    ClientAssignee,
    ClientExternalId,
    ClientTag,
    Contact,
    Deal,
    Note,
    Operation,
    Relationship,
    RelationshipType,
    SearchEntry,
    Status,
    Tag,
    Task,
    TaskAssignee,
    TimelineEntry,
)  # fmt: skip
from crm.models.base import Base
from crm.models.deal import STAGES
from crm.models.folding import fold
from crm.models.types import utc_now
from crm.registry import registry
from crm.services.search import entry_of
from crm.services.timeline import entry_rows
from crm.services.users import add_user

PASSWORD = "demo"
#: name -> (role, team, full name)
USERS = {
    "admin": ("Admin", None, "Ada Admin"),
    "office": ("Office admin", None, "Olga Office"),
    "alice": ("Sales rep", "North", "Alice Adams"),
    "bob": ("Sales rep", "North", "Bob Baker"),
    "charlie": ("Sales rep", "South", "Charlie Clark"),
    "vera": ("Read-only", None, "Vera Viewer"),
}
REPS = ("alice", "bob", "charlie")
PORTION = 1_000
#: Tables in an order in which no row names one that is not there yet.
ORDER = (Client, ClientAssignee, ClientTag, ClientExternalId, Contact, Note, Task, TaskAssignee, Deal,
         Relationship, AttributeValue)  # fmt: skip


def make_demo(count: int, seed: int, progress: Callable[[int], None] = lambda done: None) -> None:
    """Add the demo users, tags and attributes where they are missing, and `count` clients with their records.

    progress is told how many clients are done. Commits after each portion; call it as the system.
    """
    chance = random.Random(seed)
    _add_users()
    _add_tags_and_attributes()
    _add_alerts_and_own_tasks()
    db.session.commit()
    maker = _Maker(chance)
    for start in range(0, count, PORTION):
        maker.add(min(PORTION, count - start))
        db.session.commit()
        progress(min(start + PORTION, count))
    _analyze()


def _add_users() -> None:
    for name, (role, team, full_name) in USERS.items():
        if db.session.scalar(select(User.id).where(User.username == name)) is None:
            add_user(name, role, PASSWORD, team, full_name)


def _add_tags_and_attributes() -> None:
    for name, colour in words.TAGS:
        if db.session.scalar(select(Tag.id).where(Tag.name_key == fold(name))) is None:
            db.session.add(Tag(name=name, colour=colour))
    for position, (label, key, kind, group, options) in enumerate(words.ATTRIBUTES):
        if db.session.scalar(select(AttributeDefinition.id).where(AttributeDefinition.key == key)) is None:
            listed = [AttributeOption(label=o, position=n) for n, o in enumerate(options)]
            definition = AttributeDefinition(label=label, key=key, type=kind, group=group, options=listed)
            definition.position, definition.in_list = position, position == 0
            db.session.add(definition)


def _add_alerts_and_own_tasks() -> None:
    """Make the start page of a first look show what it is for."""
    new = db.session.scalar(select(Status).where(Status.code == "new"))
    if new is not None and new.alert_days is None:
        new.alert_days = 30
    titles = ("Order new ring boxes", "Check the insurance papers", "Plan the autumn trade fair")
    if db.session.scalar(select(func.count(Task.id)).where(Task.title.in_(titles))) == 0:
        for name in ("admin", "office"):
            person = db.session.scalars(select(User).where(User.username == name)).one()
            for days, title in enumerate(titles, start=-1):
                task = Task(title=title, due=utc_now() + timedelta(days=3 * days, hours=2))
                task.assignees = [person]
                db.session.add(task)


def _analyze() -> None:
    """Let the database look at its tables, so that its plans fit them."""
    db.session.execute(DDL("ANALYZE"))
    db.session.commit()


class _Maker:
    """Makes portions of clients. Rows get their ids here, to name each other before they exist."""

    def __init__(self, chance: random.Random):
        self.chance = chance
        self.now = utc_now()
        session = db.session
        self.users = {u.username: u.id for u in session.scalars(select(User).where(User.username.in_(USERS)))}
        self.statuses = {s.code: s.id for s in session.scalars(select(Status))}
        self.tags = list(session.scalars(select(Tag.id).order_by(Tag.id)))
        self.kinds = list(session.scalars(select(RelationshipType).order_by(RelationshipType.id)))
        self.attributes = list(session.scalars(select(AttributeDefinition).order_by(AttributeDefinition.id)))
        self.options = {a.id: [o.id for o in a.options] for a in self.attributes}
        models = (Client, Contact, Note, Task, Deal, Relationship)
        self.next_ids = {m: (session.scalar(select(func.max(m.__table__.c.id))) or 0) + 1 for m in models}
        self.rows: dict[type[Base], list[Base]] = {}

    def add(self, count: int) -> None:
        """Write this many clients with all that belongs to them."""
        self.rows = {}
        for _ in range(count):
            self.client()
        operation = Operation(kind="demo", source="system", details={"clients": count})
        db.session.add(operation)
        db.session.flush()
        connection = db.session.connection()
        for model in ORDER:
            _write(connection, model.__table__, [_row(item) for item in self.rows.get(model, ())])
        _write(connection, SearchEntry.__table__, list(self.search_entries()))
        _write(connection, TimelineEntry.__table__, list(self.timeline_entries(operation.id)))
        for model in self.next_ids:
            _move_sequence(connection, model.__table__)

    # -- one client

    def client(self) -> None:
        """One client, with contacts, records, tags, values."""
        chance, country = self.chance, self.chance.choice(("PL", "PL", "BE"))
        is_company = chance.random() < 0.45
        client = self.company(country) if is_company else self.person(country)
        city, code = chance.choice(words.CITIES[country])
        client.billing_street = f"{chance.choice(words.STREETS[country])} {chance.randint(1, 140)}"
        client.billing_postal_code, client.billing_city = code % chance.randint(0, 99), city
        client.billing_country, client.language = (
            country,
            {"PL": "pl", "BE": chance.choice(("nl", "fr"))}[country],
        )
        client.billing_currency = {"PL": "PLN", "BE": "EUR"}[country]
        client.payment_period = chance.choice((0, 7, 14, 30)) if is_company else 0
        client.phone = self.phone(country)
        client.status_id = self.statuses.get(
            chance.choices(("new", "active", "vip", "inactive"), (4, 9, 2, 2))[0]
        )
        client.stars = chance.choices((0, 1, 2, 3), (6, 3, 2, 1))[0]
        client.is_buyer, client.is_supplier = True, is_company and chance.random() < 0.15
        client.is_workshop = is_company and chance.random() < 0.05
        client.notes = chance.choice(words.INTERNAL_NOTES)
        self.moments(client)
        if chance.random() < 0.7:
            client.consent = chance.random() < 0.8
            client.consent_at, client.consent_source = client.created_at, "Form"
        client.sensitive = chance.random() < 0.01
        if chance.random() < 0.03:
            client.archived_at = client.changed_at
        elif chance.random() < 0.005:
            client.deleted_at = client.changed_at
        client.before_save(db.session)
        self.belongings(client, is_company)

    def person(self, country: str) -> Client:
        first, last = self.full_name(country)
        number = self.next_ids[Client]
        client = self.new(Client, kind="person", first_name=first, last_name=last, name=f"{first} {last}")
        client.email = f"{fold(first)}.{fold(last)}{number}@mail.example"
        return client

    def company(self, country: str) -> Client:
        chance, number = self.chance, self.next_ids[Client]
        brand = f"{chance.choice(words.COMPANY_KINDS[country])} {chance.choice(words.COMPANY_WORDS[country])}"
        owner = chance.choice(words.LAST_NAMES[country])
        client = self.new(
            Client, kind="company", name=f"{brand} {owner} {chance.choice(words.LEGAL_FORMS[country])}"
        )
        client.short_name = brand
        domain = f"{fold(brand).replace(' ', '-')}-{number}.example"
        client.website, client.domain, client.email = f"https://www.{domain}", domain, f"info@{domain}"
        client.tax_id = self.tax_id(country)
        if chance.random() < 0.3:
            self.new(
                ClientExternalId,
                numbered=False,
                client_id=client.id,
                app_code="shop",
                external_id=f"s-{number}",
            )
        return client

    def moments(self, client: Client) -> None:
        created = self.now - timedelta(
            days=self.chance.expovariate(1 / 240), minutes=self.chance.randint(5, 900)
        )
        client.created_at = created
        client.changed_at = client.status_changed_at = self.between(created)
        client.created_by_id = client.changed_by_id = self.users[self.chance.choice(REPS)]
        client.last_activity_at = client.changed_at

    def belongings(self, client: Client, is_company: bool) -> None:
        chance = self.chance
        reps = chance.sample(REPS, chance.choices((0, 1, 2), (1, 12, 2))[0])
        for position, rep in enumerate(reps):
            self.new(
                ClientAssignee,
                numbered=False,
                client_id=client.id,
                user_id=self.users[rep],
                position=position,
            )
        for tag in chance.sample(self.tags, chance.choices((0, 1, 2, 3), (4, 4, 2, 1))[0]):
            self.new(ClientTag, numbered=False, client_id=client.id, tag_id=tag)
        for number in range(chance.randint(1, 3) if is_company else 0):
            self.contact(client, is_primary=number == 0)
        for _ in range(chance.choices((0, 1, 2), (5, 4, 1))[0]):
            self.record(Note, client, text=chance.choice(words.NOTES), pinned=chance.random() < 0.1)
        if chance.random() < 0.4:
            self.task(client, reps)
        if chance.random() < 0.35:
            self.deal(client, reps)
        earlier = self.rows[Client][:-1]
        if earlier and chance.random() < 0.05:
            other, kind = chance.choice(earlier), chance.choice(self.kinds)
            self.record(Relationship, client, other_id=other.id, other=other, type_id=kind.id, type=kind)
        for definition in self.attributes:
            if chance.random() < 0.25:
                self.value(client, definition)

    def contact(self, client: Client, is_primary: bool) -> None:
        chance, country = self.chance, client.billing_country or "PL"
        first, last = self.full_name(country)
        contact = self.record(Contact, client, first_name=first, last_name=last, is_primary=is_primary,
                              position=chance.choice(words.POSITIONS), phone=self.phone(country),
                              email=f"{fold(first)}.{fold(last)}@{client.domain}")  # fmt: skip
        contact.before_save(db.session)

    def task(self, client: Client, reps: list[str]) -> None:
        chance = self.chance
        done = chance.random() < 0.5
        task = self.record(
            Task,
            client,
            title=chance.choice(words.TASKS),
            priority=chance.choice(("low", "normal", "normal", "high")),
        )
        task.due = self.now + timedelta(days=chance.randint(-60, -1) if done else chance.randint(-4, 40))
        if done:
            task.done = True
            task.done_at = self.between(task.created_at)
        for rep in reps[:1]:
            self.new(TaskAssignee, numbered=False, task_id=task.id, user_id=self.users[rep])

    def deal(self, client: Client, reps: list[str]) -> None:
        chance = self.chance
        stage = chance.choice(STAGES)
        self.record(Deal, client, title=chance.choice(words.DEALS), stage=stage,
                    amount=Decimal(chance.randint(20, 900) * 10), currency=client.billing_currency,
                    probability={"won": 100, "lost": 0}.get(stage, chance.randint(1, 9) * 10),
                    expected_close=(self.now + timedelta(days=chance.randint(-30, 90))).date(),
                    responsible_id=self.users[reps[0]] if reps else None)  # fmt: skip

    def value(self, client: Client, definition: AttributeDefinition) -> None:
        chance, values = self.chance, {}
        if definition.key == "ring_size":
            values = {"number": Decimal(chance.randint(46, 66))}
        elif definition.type == "word":
            values = {"option_id": chance.choice(self.options[definition.id])}
        elif definition.type == "words":
            option = chance.choice(self.options[definition.id])
            values = {"option_id": option, "slot": option}
        elif definition.type == "date":
            values = {"day": date(1950, 1, 1) + timedelta(days=chance.randint(0, 20_000))}
        elif definition.type == "integer":
            values = {"integer": chance.randint(1, 30)}
        elif definition.type == "yes_no":
            values = {"yes": chance.random() < 0.5}
        elif definition.key == "loyalty_number":
            values = {"text": f"L{chance.randint(10_000, 99_999)}"}
        elif definition.type == "long_text":
            values = {"text": chance.choice(words.NOTES)}
        if values:
            self.new(AttributeValue, numbered=False, client_id=client.id, definition_id=definition.id,
                     **{"slot": 0, **values})  # fmt: skip

    # -- pieces

    def full_name(self, country: str) -> tuple[str, str]:
        """A first and a last name that go together: in Polish a woman's ends in -ska."""
        woman = self.chance.random() < 0.5
        first = self.chance.choice((words.WOMEN if woman else words.MEN)[country])
        last = self.chance.choice(words.LAST_NAMES[country])
        if woman and last.endswith(("ski", "cki")):
            last = last[:-1] + "a"
        return first, last

    def phone(self, country: str) -> str:
        digits = "".join(str(self.chance.randint(0, 9)) for _ in range(6))
        if country == "PL":
            return f"+48 60{self.chance.randint(0, 9)} {digits[:3]} {digits[3:]}"
        return f"+32 47{self.chance.randint(0, 9)} {digits[:2]} {digits[2:4]} {digits[4:]}"

    def tax_id(self, country: str) -> str:
        """A tax ID that its country's rule accepts."""
        if country == "BE":
            number = self.chance.randint(4_000_000, 9_999_999)
            return f"BE 0{number}{97 - number % 97:02d}"
        while True:
            number = f"{self.chance.randint(101, 999)}{self.chance.randint(0, 9_999_999):07d}"
            if nip.is_valid(number):
                return f"PL {number}"

    def between(self, start: datetime) -> datetime:
        """Some moment from start until now."""
        return start + (self.now - start) * self.chance.random()

    def new(self, model: type[Base], numbered: bool = True, **values: Any) -> Any:
        item = model(**values)
        if numbered:
            item.id = self.next_ids[model]
            self.next_ids[model] += 1
        for prop in inspect(model).column_attrs:
            default = prop.columns[0].default
            if default is not None and default.is_scalar and getattr(item, prop.key) is None:
                setattr(item, prop.key, default.arg)
        self.rows.setdefault(model, []).append(item)
        return item

    def record(self, model: type[Base], client: Client, **values: Any) -> Any:
        """A record of a client, made some time after the client."""
        item = self.new(model, **values)
        item.client_id, item.client = client.id, client
        item.created_at = item.changed_at = self.between(client.created_at)
        item.created_by_id = item.changed_by_id = client.created_by_id
        return item

    def search_entries(self) -> Iterator[dict[str, Any]]:
        for record in registry():
            if record.search:
                for item in self.rows.get(record.model, ()):
                    yield entry_of(record, item)

    def timeline_entries(self, operation: int) -> Iterator[dict[str, Any]]:
        for client in self.rows.get(Client, ()):
            yield {"client_id": client.id, "at": client.created_at, "kind": "created", "table_name": None,
                   "row_id": None, "actor_id": client.created_by_id, "operation_id": operation,
                   "summary": ""}  # fmt: skip
        for record in registry():
            if record.when is not None:
                for item in self.rows.get(record.model, ()):
                    yield from entry_rows(record, item, operation, {})


def _row(item: Base) -> dict[str, Any]:
    values = {prop.columns[0].name: getattr(item, prop.key) for prop in inspect(type(item)).column_attrs}
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
