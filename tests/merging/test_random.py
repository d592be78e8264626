"""Random clients with random things at them, merged in random ways: no row is lost, and undo restores exactly."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from crm.errors import RuleError, StateConflict
from crm.extensions import db
from crm.models import (
    AttributeDefinition,
    AttributeValue,
    Change,
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
    Tag,
)
from crm.models.base import Base
from crm.services.clients.redirects import followed
from crm.services.history.log import forget_operation
from crm.services.merging.merge import merge
from crm.services.merging.moves import references
from crm.services.undo import steps as undo_steps
from crm.services.undo.operation import undo
from tests.snapshots import differences, snapshot
from tests.users import user

CLIENTS, KINDS = 4, 3
which = st.integers(0, CLIENTS - 1)
kind = st.integers(0, KINDS - 1)
#: (client, its things): notes, contacts, tags, external IDs by app, values by definition, assignees, links;
#: of the contacts, counted as they are made, values by definition
graphs = st.fixed_dictionaries({
    "notes": st.lists(which, max_size=4),
    "contacts": st.lists(which, max_size=4),
    "tags": st.sets(st.tuples(which, kind), max_size=8),
    "external": st.sets(st.tuples(which, kind), max_size=6),
    "values": st.sets(st.tuples(which, kind), max_size=8),
    "values of contacts": st.sets(st.tuples(which, kind), max_size=8),
    "assignees": st.sets(st.tuples(which, st.sampled_from(["alice", "bob", "charlie"])), max_size=6),
    "links": st.sets(st.tuples(which, which, kind), max_size=10),
    "fields": st.lists(st.tuples(which, st.sampled_from(["email", "phone", "notes", "tax_id"])), max_size=8),
    "consent": st.lists(st.tuples(which, st.sampled_from([True, False])), max_size=3),
    "stars": st.lists(st.tuples(which, st.integers(0, 3)), max_size=4),
})  # fmt: skip
merges = st.lists(st.tuples(which, which), min_size=1, max_size=5)


def build(graph: dict[str, Any]) -> list[Client]:
    """The clients of a graph, with everything at them."""
    session = db.session
    clients = [Client(name=f"Client {n}") for n in range(CLIENTS)]
    session.add_all(clients)
    tags = [Tag(name=f"tag {n}") for n in range(KINDS)]
    definitions, of_contacts = (
        [AttributeDefinition(label=str(n), key=f"key{n}", type="text", applies_to=kind) for n in range(KINDS)]
        for kind in ("client", "contact")
    )
    types = session.scalars(select(RelationshipType).order_by(RelationshipType.id)).all()[:KINDS]
    session.add_all([*tags, *definitions, *of_contacts])
    for n in graph["notes"]:
        session.add(Note(client=clients[n], text="note"))
    primary: set[int] = set()
    contacts = []
    for n in graph["contacts"]:
        contact = Contact(client=clients[n], first_name="Jan", is_primary=n not in primary)
        primary.add(n)
        contacts.append(contact)
        session.add(contact)
        session.flush()
        session.add(Deal(client=clients[n], title="sale", contact=contact))
    for n, place in sorted(graph["external"]):
        clients[n].external_ids.append(ClientExternalId(app_code=f"app{place}", external_id=f"{n}"))
    session.add_all(ClientTag(client=clients[n], tag=tags[place]) for n, place in sorted(graph["tags"]))
    session.add_all(
        AttributeValue(client=clients[n], definition=definitions[place], text=f"{n}")
        for n, place in sorted(graph["values"])
    )
    session.add_all(
        AttributeValue(
            contact=contacts[n], client=contacts[n].client, definition=of_contacts[place], text=f"{n}"
        )
        for n, place in sorted(graph["values of contacts"])
        if n < len(contacts)
    )
    for n, name in sorted(graph["assignees"]):
        clients[n].assignees = [*clients[n].assignees, user(name)]
    session.add_all(
        Relationship(client=clients[a], other=clients[b], type=types[place])
        for a, b, place in sorted(graph["links"])
        if a != b
    )
    for n, name in graph["fields"]:
        setattr(clients[n], name, f"{n}22100203{n}")
    for n, value in graph["consent"]:
        clients[n].consent = value
    for n, value in graph["stars"]:
        clients[n].stars = value
    session.commit()
    return clients


def clear() -> None:
    """Empty what the examples fill; the database is made once for all of them."""
    db.session.rollback()
    connection = db.session.connection()
    connection.execute(update(Operation.__table__).values(undone_by_id=None))
    connection.execute(update(Client.__table__).values(merged_into_id=None))
    kept = {"relationship_type", "status", "setting"}
    for table in reversed(Base.metadata.sorted_tables):
        if not table.name.startswith("ab_") and table.name not in kept:
            connection.execute(delete(table))
    forget_operation(db.session())
    db.session.commit()
    db.session.expunge_all()


def check_consistent(clients: list[int]) -> None:
    """Nothing points at a client that went away, nothing is there twice, and every client has one primary."""
    connection = db.session.connection()
    table = Client.__table__
    gone = select(table.c.id).where(table.c.merged_into_id.is_not(None))
    for column in references():
        assert connection.scalar(select(func.count()).where(column.in_(gone))) == 0, column
    primaries = select(Contact.client_id, func.sum(Contact.is_primary.cast(db.Integer))).group_by(
        Contact.client_id
    )
    assert all(number == 1 for _client, number in db.session.execute(primaries))
    assert connection.scalar(select(func.count()).where(Relationship.client_id == Relationship.other_id)) == 0
    assert all(
        connection.scalar(select(table.c.merged_into_id).where(table.c.id == followed(n))) is None
        for n in clients
    )


def counts() -> dict[str, int]:
    connection = db.session.connection()
    models = (Note, Contact, Deal, ClientExternalId)
    return {m.__tablename__: connection.scalar(select(func.count()).select_from(m.__table__)) for m in models}


def values_of_contacts() -> set[Any]:
    """(contact, definition, value) of every value of a contact; each stands at its contact's client."""
    value, contact = AttributeValue.__table__.c, Contact.__table__.c
    asked = select(value.contact_id, value.definition_id, value.text, value.client_id == contact.client_id)
    rows = db.session.connection().execute(asked.where(value.contact_id == contact.id)).all()
    assert all(at_its_client for *_row, at_its_client in rows)
    return {tuple(row) for row in rows}


def pairs(model: Any, name: str, lead: dict[int, int]) -> set[Any]:
    """(client that it leads to, what) of every row of a link table."""
    table = model.__table__
    rows = db.session.connection().execute(select(table.c.client_id, table.c[name]))
    return {(lead.get(client, client), what) for client, what in rows}


@pytest.mark.both_engines
@pytest.mark.parametrize("row_by_row", [0, 300])
def test_no_row_is_lost_and_undo_restores_exactly(
    system: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, engine: str, row_by_row: int
) -> None:
    monkeypatch.setattr(undo_steps, "ROW_BY_ROW", row_by_row)
    examples = 12 if engine == "sqlite" else 6

    @settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=(Phase.explicit, Phase.generate),
    )
    @given(graph=graphs, plan=merges)
    def run(graph: dict[str, Any], plan: list[tuple[int, int]]) -> None:
        clear()
        ids = [client.id for client in build(graph)]
        links = ((ClientTag, "tag_id"), (ClientAssignee, "user_id"), (AttributeValue, "definition_id"))
        states, done, rows, kept = [snapshot()], [], counts(), values_of_contacts()
        had = {model: pairs(model, name, {}) for model, name in links}
        for source, target in plan:
            try:
                number = merge(ids[source], ids[target])
            except (RuleError, StateConflict):
                db.session.rollback()
                continue
            db.session.commit()
            done.append(number)
            states.append(snapshot())
            check_consistent(ids)
            assert counts() == rows
            assert values_of_contacts() == kept
            lead = {n: followed(n) for n in ids}
            for model, name in links:
                assert pairs(model, name, {}) == {(lead[client], what) for client, what in had[model]}
        for number in reversed(done):
            after = states.pop()
            assert not differences(after, snapshot())
            assert undo(number).left == []
            db.session.commit()
        assert not differences(states.pop(), snapshot())
        logged = db.session.scalar(select(func.count(Change.id)))
        assert logged

    with system():
        run()
        db.session.rollback()
