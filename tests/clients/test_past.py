"""The card of a client as of a date: what the log gives back is what stood there."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select, update

from crm.models import (
    AttributeDefinition,
    AttributeOption,
    AttributeValue,
    Client,
    ClientExternalId,
    ClientTag,
    Contact,
    ContactTag,
    Operation,
    Status,
    Tag,
    TimelineEntry,
)
from crm.security.masking import MASK
from crm.services.attributes.values import set_attributes
from crm.services.bulk.change import change_clients
from crm.services.clients.past import Past, past_of
from crm.services.contacts import primary as contacts
from crm.services.contacts.merge import merge_contacts
from crm.services.history.log import BOOKKEEPING
from crm.services.merging.merge import merge
from crm.services.undo.operation import undo

BEGIN = datetime(2026, 1, 1, 12, tzinfo=UTC)
#: Columns of which the log says nothing, or which are there for others to be found.
LEFT_OUT = BOOKKEEPING | {"last_activity_at"}
VALUES = ("text", "number", "option_id")


def now_at(session: Any, client_id: int) -> dict[str, Any]:
    """What stands at a client, asked for row by row."""
    session.expire_all()

    def rows(model: Any, *names: str, where: Any = True) -> set[Any]:
        table = model.__table__
        asked = select(*(table.c[name] for name in names)).where(table.c.client_id == client_id, where)
        return {tuple(row) for row in session.connection().execute(asked)}

    client = Client.__table__
    row = session.connection().execute(select(client).where(client.c.id == client_id)).mappings().one()
    names = [c.name for c in Contact.__table__.c if c.name not in LEFT_OUT]
    return {
        "client": {name: value for name, value in row.items() if name not in LEFT_OUT},
        "tags": sorted(one for _, one in rows(ClientTag, "id", "tag_id")),
        "users": [user.id for user in session.get(Client, client_id, populate_existing=True).assignees]
        if row["merged_into_id"] is None else [],
        "external": rows(ClientExternalId, "app_code", "external_id", "alias"),
        "values": rows(AttributeValue, "definition_id", *VALUES, where=AttributeValue.__table__.c.contact_id.is_(None)),
        "contacts": rows(Contact, *names),
        "contact_tags": rows(ContactTag, "contact_id", "tag_id"),
    }  # fmt: skip


def as_told(past: Past) -> dict[str, Any]:
    """The same of a client's past."""
    names = [c.name for c in Contact.__table__.c if c.name not in LEFT_OUT]
    client = Client.__table__
    return {
        "client": {c.name: getattr(past.client, c.name) for c in client.c if c.name not in LEFT_OUT},
        "tags": sorted(past.tags),
        "users": past.users,
        "external": {(e.app_code, e.external_id, e.alias) for e in past.client.external_ids},
        "values": {
            (definition, row.get("text"), None if row.get("number") is None else Decimal(row["number"]).scaleb(-6),
             row.get("option_id"))
            for definition, rows in past.values.items() for row in rows
        },
        "contacts": {tuple(getattr(one, name) for name in names) for one in past.contacts},
        "contact_tags": {(contact, tag) for contact, tags in past.contact_tags.items() for tag in tags},
    }  # fmt: skip


def set_back(session: Any, number: int, at: datetime) -> None:
    """Let what was done last have been done at another time."""
    session.connection().execute(update(Operation.__table__).where(Operation.id >= number).values(at=at))
    session.connection().execute(
        update(TimelineEntry.__table__).where(TimelineEntry.operation_id >= number).values(at=at)
    )
    session.commit()


class Story:
    """Random things done to a client and those beside it, each with what stood there afterwards."""

    def __init__(self, session: Any, seed: int, client_id: int, others: list[int]):
        self.session, self.random = session, random.Random(seed)
        self.client_id, self.others = client_id, others
        self.tags = list(session.scalars(select(Tag)))
        self.users = list(session.scalars(select(User)))
        self.undoable: list[int] = []

    def step(self) -> None:
        done = self.random.choice(
            [self.fields, self.fields, self.tag, self.people, self.attribute, self.contact, self.contact, self.move,
             self.external, self.merge, self.undo, self.bulk, self.join]
        )  # fmt: skip
        done()
        self.session.commit()

    def client(self) -> Client:
        return self.session.get(Client, self.client_id, populate_existing=True)

    def fields(self) -> None:
        client, n = self.client(), self.random.randrange(100)
        client.phone, client.notes = f"600 100 {n:03}", f"note {n}"
        client.billing_amount = Decimal(n) if n % 3 else None
        client.status = self.random.choice(list(self.session.scalars(select(Status))))
        client.archived_at = BEGIN if n % 7 == 0 else None

    def tag(self) -> None:
        self.client().tags = self.random.sample(self.tags, self.random.randrange(4))

    def people(self) -> None:
        self.client().assignees = self.random.sample(self.users, 1 + self.random.randrange(3))

    def attribute(self) -> None:
        values = [{"note": f"v{self.random.randrange(9)}"}, {"note": None}, {"size": ["S", "L"]}, {"size": ["M"]},
                  {"price": "1.25"}]  # fmt: skip
        set_attributes(self.client(), self.random.choice(values))

    def _contacts(self, client_id: int) -> list[Contact]:
        return list(self.session.scalars(select(Contact).where(Contact.client_id == client_id)))

    def contact(self) -> None:
        found, n = self._contacts(self.client_id), self.random.randrange(100)
        if len(found) < 2 or n < 30:
            self.session.add(Contact(client_id=self.client_id, first_name=f"C{n}", tags=[self.tags[0]]))
        elif n < 45:
            contacts.delete_contact(self.random.choice(found))
        else:
            one = self.random.choice(found)
            one.position, one.tags = f"p{n}", self.random.sample(self.tags, 2)

    def move(self) -> None:
        here, there = self.client_id, self.random.choice(self.others)
        if self.random.random() < 0.5:
            here, there = there, here
        if self.session.get(Client, there) is not None and (found := self._contacts(here)):
            contacts.move_contact(self.random.choice(found), there)

    def join(self) -> None:
        found = self._contacts(self.client_id)
        if len(found) > 2:
            merge_contacts(found[0].id, found[1].id, {})

    def external(self) -> None:
        n = self.random.randrange(10_000)
        self.session.add(ClientExternalId(client_id=self.client_id, app_code=f"a{n}", external_id=f"x{n}"))

    def merge(self) -> None:
        left = [one for one in self.others if self.session.get(Client, one) is not None]
        if len(left) > 1:
            self.undoable.append(merge(left[0], self.client_id, {}))

    def bulk(self) -> None:
        change_clients([self.client_id], "add_tag", self.tags[-1].name)

    def undo(self) -> None:
        if self.undoable:
            undo(self.undoable.pop())


@pytest.mark.both_engines
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_moment_is_given_back(seed: int, make_client: Any, system: Any) -> None:
    first = make_client("Acme", assignees=["alice"], email="a@example.com")
    others = [make_client(f"Other {n}", assignees=["bob"], email=f"o{n}@example.com") for n in range(3)]
    with system() as session:
        size = AttributeDefinition(label="Size", key="size", type="words")
        size.options = [AttributeOption(label=one) for one in "SML"]
        session.add_all([size, AttributeDefinition(label="Note", key="note", type="text"),
                         AttributeDefinition(label="Price", key="price", type="number")])  # fmt: skip
        session.add_all([Tag(name=name) for name in ("Gold", "Silver", "Bronze", "Tin")])
        session.add_all([Contact(client_id=one, first_name=f"Of {one}") for one in (first, *others)])
        session.commit()
        session.connection().execute(update(Client.__table__).values(created_at=BEGIN - timedelta(days=1)))
        set_back(session, 0, BEGIN)
        story, remembered, last = Story(session, seed, first, others), [], 0
        for n in range(1, 41):
            last = session.scalar(select(Operation.id).order_by(Operation.id.desc()).limit(1))
            story.step()
            set_back(session, last + 1, BEGIN + timedelta(days=n))
            remembered.append((BEGIN + timedelta(days=n, hours=1), now_at(session, first)))
        session.rollback()
        for at, wanted in remembered:
            past = past_of(first, at)
            assert past is not None
            assert as_told(past) == wanted, at
        session.rollback()


def test_the_page(make_client: Any, sign_in: Any, system: Any) -> None:
    acme = make_client("Acme", assignees=["alice"], email="new@example.com", phone="600 100 200")
    twin = make_client("Twin", assignees=["alice"], email="twin@example.com")
    foreign = make_client("Foreign", assignees=["charlie"], email="f@example.com")
    with system() as session:
        session.connection().execute(update(Client.__table__).values(created_at=BEGIN - timedelta(days=1)))
        session.add(AttributeDefinition(label="Card", key="card", type="text", sensitive=True))
        jan, zofia = (
            Contact(client_id=acme, first_name=name, email=f"{name}@example.com") for name in ("Jan", "Zofia")
        )
        session.add_all([jan, zofia])
        session.commit()
        set_attributes(session.get(Client, acme), {"card": "ABA 300000"})
        session.commit()
        set_back(session, 0, BEGIN)
        last = session.scalar(select(Operation.id).order_by(Operation.id.desc()).limit(1))
        client = session.get(Client, acme)
        client.email, client.tags = "later@example.com", [Tag(name="Gold")]
        session.commit()
        contacts.move_contact(session.get(Contact, zofia.id), foreign)
        session.commit()
        merge(twin, acme, {})
        session.commit()
        set_back(session, last + 1, BEGIN + timedelta(days=3))
    alice, page = sign_in("alice"), f"/crm/clients/show/{acme}?as_of="
    then = alice.get(f"{page}2026-01-02").text
    assert "As it stood at the end of 2 Jan 2026" in then
    assert "new@example.com" in then and "later@example.com" in then and "today:" in then
    # whoever went to a client that one does not see is not told of
    assert "Jan" in then and "Zofia" not in then and "Foreign" not in then
    assert "“Twin”, merged into it later" in then
    assert MASK in then and "ABA" not in then
    assert "<button" not in then.split("<main")[1].split("crm-columns")[1]
    of_twin = alice.get(f"/crm/clients/show/{twin}?as_of=2026-01-02").text
    assert "twin@example.com" in of_twin and "merged into another client since" in of_twin
    assert alice.get(f"/crm/clients/show/{twin}?as_of=2026-02-02").location.endswith(
        f"{acme}?as_of=2026-02-02"
    )
    assert "Zofia" in sign_in("office").get(f"{page}2026-01-02").text
    assert "It was not there yet" in alice.get(f"{page}2020-01-01").text
    assert alice.get(f"{page}2999-01-01").status_code == 302
    for text in ("x", "2026-02-31", "9999-12-31", "0001-01-01"):
        assert alice.get(page + text).status_code in (200, 302, 400), text
    assert sign_in("charlie").get(f"{page}2026-01-02").status_code == 404
    assert sign_in("charlie").get(f"/crm/clients/show/{twin}?as_of=2026-01-02").status_code == 404
    with system() as session:
        session.get(Client, acme).sensitive = True
        session.commit()
    hidden = alice.get(f"{page}2026-01-02").text
    assert "new@example.com" not in hidden and "Jan@example.com" not in hidden
    # nor by what was merged into it, nor of contacts that are at a sensitive client by now
    assert "twin@example.com" not in alice.get(f"/crm/clients/show/{twin}?as_of=2026-01-02").text
    with system() as session:
        session.get(Client, acme).sensitive = False
        session.get(Client, foreign).sensitive = True
        session.get(Client, foreign).assignees = session.get(Client, acme).assignees
        session.commit()
    shown = alice.get(f"{page}2026-01-02").text
    assert "new@example.com" in shown and "Zofia" in shown and "Zofia@example.com" not in shown
