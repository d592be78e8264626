"""Clients with all that belongs to them, one after the other."""

import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select

from crm.demo import people, twins, words
from crm.demo.attribute_values import random_value
from crm.demo.basics import REPS, USERS
from crm.demo.billing import Billing
from crm.demo.contacts import ContactMaker
from crm.demo.documents import DocumentMaker
from crm.demo.rows import Rows
from crm.demo.selling import Selling
from crm.demo.talk import Talk
from crm.demo.work import WorkMaker
from crm.extensions import db
from crm.models import (
    AttributeDefinition,
    AttributeValue,
    Client,
    ClientAssignee,
    ClientExternalId,
    ClientTag,
    Contact,
    Deal,
    Document,
    Note,
    Relationship,
    RelationshipType,
    Status,
    Tag,
    Task,
    TaskAssignee,
)
from crm.models.base import Base
from crm.models.deal import ENDS, STAGES
from crm.models.folding import fold
from crm.models.types import utc_now


class ClientMaker:
    """Makes clients into `rows`, as chance will have it."""

    def __init__(self, chance: random.Random, rows: Rows):
        self.chance, self.rows = chance, rows
        self.now = utc_now()
        self.work = WorkMaker(self)
        session = db.session
        self.users = {u.username: u.id for u in session.scalars(select(User).where(User.username.in_(USERS)))}
        self.statuses = {s.code: s.id for s in session.scalars(select(Status))}
        names = [fold(name) for name, _colour in words.TAGS]
        self.tags = list(session.scalars(select(Tag.id).where(Tag.name_key.in_(names)).order_by(Tag.id)))
        self.kinds = list(session.scalars(select(RelationshipType).order_by(RelationshipType.id)))
        asked = select(AttributeDefinition).where(AttributeDefinition.applies_to == "client")
        self.attributes = {
            one: [option.id for option in one.options]
            for one in session.scalars(asked.order_by(AttributeDefinition.id))
        }
        self.contacts = ContactMaker(chance, rows)
        self.talk = Talk(self)
        self.selling = Selling(self)
        self.billing = Billing(self)
        self.documents = DocumentMaker(chance, rows)

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
        client.phone = people.phone(chance, country)
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
        known = self.rows.made[Client]
        if len(known) > 1 and chance.random() < twins.SHARE:
            twins.enter_again(chance, client, known[chance.randrange(len(known) - 1)])
        if chance.random() < 0.03:
            client.archived_at = client.changed_at
        elif chance.random() < 0.005:
            client.deleted_at = client.changed_at
        client.before_save(db.session)
        self.belongings(client, is_company)

    def person(self, country: str) -> Client:
        first, last = people.full_name(self.chance, country)
        number = self.rows.next_ids[Client]
        client = self.rows.new(
            Client, kind="person", first_name=first, last_name=last, name=f"{first} {last}"
        )
        client.email = f"{fold(first)}.{fold(last)}{number}@mail.example"
        return client

    def company(self, country: str) -> Client:
        chance, number = self.chance, self.rows.next_ids[Client]
        brand = f"{chance.choice(words.COMPANY_KINDS[country])} {chance.choice(words.COMPANY_WORDS[country])}"
        owner = chance.choice(words.LAST_NAMES[country])
        client = self.rows.new(
            Client, kind="company", name=f"{brand} {owner} {chance.choice(words.LEGAL_FORMS[country])}"
        )
        client.short_name = brand
        domain = f"{fold(brand).replace(' ', '-')}-{number}.example"
        client.website, client.domain, client.email = f"https://www.{domain}", domain, f"info@{domain}"
        client.tax_id = people.tax_id(chance, country)
        if chance.random() < 0.3:
            self.rows.new(
                ClientExternalId,
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
            self.rows.new(
                ClientAssignee,
                client_id=client.id,
                user_id=self.users[rep],
                position=position,
            )
        for tag in chance.sample(self.tags, chance.choices((0, 1, 2, 3), (4, 4, 2, 1))[0]):
            self.rows.new(ClientTag, client_id=client.id, tag_id=tag)
        for number in range(chance.randint(1, 3) if is_company else 0):
            contact = self.record(Contact, client, is_primary=number == 0)
            self.contacts.fill(contact, client)
            if chance.random() < 0.03:
                self.contacts.repeat(self.record(Contact, client, is_primary=False), contact)
        for _ in range(chance.choices((0, 1, 2), (5, 4, 1))[0]):
            self.record(Note, client, text=chance.choice(words.NOTES), pinned=chance.random() < 0.1)
        for _ in range(chance.choices((0, 1, 2), (14, 5, 1))[0]):
            self.record(Document, client, **self.documents.values(client))
        if not is_company and chance.random() < 0.03:
            self.documents.id_card(client)
        if chance.random() < 0.4:
            self.task(client, reps)
        if chance.random() < 0.35:
            self.deal(client, reps)
        self.work.fill(client, [self.users[rep] for rep in reps], is_company)
        earlier = self.rows.made[Client][:-1]
        if earlier and chance.random() < 0.05:
            other, kind = chance.choice(earlier), chance.choice(self.kinds)
            self.record(Relationship, client, other_id=other.id, other=other, type_id=kind.id, type=kind)
        self.talk.with_client(client, reps)
        self.selling.with_client(client)
        self.billing.with_client(client)
        for definition, options in self.attributes.items():
            values = random_value(chance, definition, options) if chance.random() < 0.25 else {}
            if values:
                values = {"slot": 0, **values}
                self.rows.new(AttributeValue, client_id=client.id, definition_id=definition.id, **values)

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
            self.rows.new(TaskAssignee, task_id=task.id, user_id=self.users[rep])

    def deal(self, client: Client, reps: list[str]) -> None:
        chance = self.chance
        stage = chance.choice(STAGES)
        deal = self.record(Deal, client, title=chance.choice(words.DEALS), stage=stage,
                    amount=Decimal(chance.randint(20, 900) * 10), currency=client.billing_currency,
                    probability={"won": 100, "lost": 0}.get(stage, chance.randint(1, 9) * 10),
                    expected_close=(self.now + timedelta(days=chance.randint(-30, 90))).date(),
                    responsible_id=self.users[reps[0]] if reps else None)  # fmt: skip
        deal.stage_changed_at = self.between(deal.created_at)
        deal.won_at, deal.lost_at = (deal.stage_changed_at if stage == end else None for end in ENDS)

    def between(self, start: datetime) -> datetime:
        """Some moment from start until now."""
        return start + (self.now - start) * self.chance.random()

    def record(self, model: type[Base], client: Client, **values: Any) -> Any:
        """A record of a client, made some time after the client."""
        item = self.rows.new(model, **values)
        item.client_id, item.client = client.id, client
        item.created_at = item.changed_at = self.between(client.created_at)
        item.created_by_id = item.changed_by_id = client.created_by_id
        return item
