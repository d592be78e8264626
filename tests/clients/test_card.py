"""The card of a client: its head, its tabs, its boxes, and what it costs."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from crm.extensions import db
from crm.models import (
    Change,
    Client,
    ClientExternalId,
    Contact,
    Deal,
    Note,
    Relationship,
    RelationshipType,
    Task,
    TaskAssignee,
    TimelineEntry,
)
from crm.models.types import utc_now
from crm.records import RECORDS
from crm.services.setup import initialise
from tests.ring import RING

#: Beyond the look-ups of the request: user, roles, groups, permissions, visibility.
LOOK_UPS = 7
MOST_QUERIES = 20


def fill(session: Any, client_id: int, number: int, other_id: int, user_id: int) -> None:
    """Give a client so many records of each type."""
    kind = session.scalar(select(RelationshipType))
    for n in range(number):
        session.add(
            Contact(client_id=client_id, first_name="Anna", last_name=f"No{n}", email=f"a{n}@x.example")
        )
        session.add(Deal(client_id=client_id, title=f"Deal {n}", responsible_id=user_id))
        session.add(Note(client_id=client_id, text=f"Note {n}"))
        task = Task(client_id=client_id, title=f"Task {n}")
        task.assignee_links = [TaskAssignee(user_id=user_id)]
        session.add(task)
    session.add(Relationship(client_id=client_id, other_id=other_id, type=kind))
    session.commit()


def test_head_and_details(make_client: Any, sign_in: Any, system: Any) -> None:
    acme = make_client(
        "Acme", assignees=["alice", "bob"], email="info@acme.example", phone="+48 22 123 45 67",
        website="acme.example", tax_id="5261040828", billing_city="Warszawa", billing_country="PL",
        payment_period=14, description="**bold** <script>alert(1)</script>", notes="internal", stars=2,
    )  # fmt: skip
    with system() as session:
        for code, number in (("", "c-1"), ("shop", "S/9")):
            session.add(ClientExternalId(client_id=acme, app_code=code, external_id=number))
        session.commit()
    page = sign_in("alice").get(f"/crm/clients/show/{acme}").text
    for words in ("Acme", "mailto:info@acme.example", "tel:+48221234567", "Warszawa", "Poland", "14 days", "c-1",
                  "S/9", "<strong>bold</strong>", "internal", "Alice", "https://acme.example"):  # fmt: skip
        assert words in page, words
    assert "<script>alert" not in page
    assert f"/crm/contacts/add?client={acme}" in page
    assert f"/crm/clients/edit/{acme}" in page


def test_add_menu_follows_the_permissions(make_client: Any, sign_in: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    page = sign_in("vera").get(f"/crm/clients/show/{acme}").text
    for gone in (
        "/add?client=",
        f"/crm/clients/edit/{acme}",
        "/crm/clients/archive/",
        "/crm/clients/delete/",
    ):
        assert gone not in page, gone
    assert f"/crm/clients/delete/{acme}" not in sign_in("alice").get(f"/crm/clients/show/{acme}").text
    assert f"/crm/clients/delete/{acme}" in sign_in("office").get(f"/crm/clients/show/{acme}").text


def test_sensitive_data_is_masked(make_client: Any, sign_in: Any) -> None:
    acme = make_client("Acme", assignees=["alice"], email="secret@acme.example", phone="601 202 303",
                       tax_id="5261040828", sensitive=True)  # fmt: skip
    seen = sign_in("alice").get(f"/crm/clients/show/{acme}").text
    for secret in ("secret@acme", "601 202 303", "48601202303", "5261040828"):
        assert secret not in seen
    assert "Sensitive" in seen
    assert "secret@acme.example" in sign_in("office").get(f"/crm/clients/show/{acme}").text


def test_boxes_are_there_when_there_is_something(make_client: Any, sign_in: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    alice = sign_in("alice")
    page = alice.get(f"/crm/clients/show/{acme}").text
    assert 'id="box-note"' not in page
    assert 'id="box-relationship"' in page
    assert 'id="box-relationship"' not in sign_in("vera").get(f"/crm/clients/show/{acme}").text
    saved = alice.post(f"/crm/notes/add?client={acme}", data={"client": acme, "text": "First words"})
    assert saved.location.endswith(f"/crm/clients/show/{acme}")
    page = alice.get(f"/crm/clients/show/{acme}").text
    assert 'id="box-note"' in page
    assert "First words" in page
    assert f"/crm/notes/list/?client={acme}" in page


def test_rows_of_boxes(make_client: Any, sign_in: Any, system: Any, people: dict[str, int]) -> None:
    acme, beta = make_client("Acme", assignees=["alice"]), make_client("Beta", assignees=["alice"])
    with system() as session:
        parent = session.scalars(
            select(RelationshipType).where(RelationshipType.label == "Parent company")
        ).one()
        session.add(Relationship(client_id=acme, other_id=beta, type=parent))
        session.add(Contact(client_id=acme, first_name="Jan", phone="22 123 45 67", is_primary=True))
        session.add(Task(client_id=acme, title="Late", due=utc_now() - timedelta(days=1)))
        for n in range(6):
            session.add(Note(client_id=acme, text=f"words {n}", pinned=n == 0))
            session.commit()
        note = session.scalars(select(Note).where(Note.text == "words 5")).one()
        note.text = "words 5, better"
        session.commit()
    alice = sign_in("alice")
    page = alice.get(f"/crm/clients/show/{acme}").text
    assert "Primary" in page
    assert "tel:22 123 45 67" in page
    assert "overdue" in page
    assert page.index("words 0") < page.index("words 5, better")
    assert "edited" in page
    assert "words 1" not in page
    notes = page[page.index('id="box-note"') :]
    assert '<span class="crm-count">6</span>' in notes
    assert "Parent company" in page[page.index('id="box-relationship"') :]
    assert "Subsidiary" in alice.get(f"/crm/clients/show/{beta}").text


def test_tabs_come_from_the_declaration(make_client: Any, sign_in: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    alice = sign_in("alice")
    part = alice.get(f"/crm/clients/tab/{acme}/tasks").text
    assert "<html" not in part
    assert f"/crm/tasks/add?client={acme}" in part
    assert "A task is something to be done" in alice.get(f"/crm/clients/show/{acme}?tab=tasks").text
    assert alice.get(f"/crm/clients/tab/{acme}/nonsense").status_code == 404
    assert alice.get(f"/crm/clients/show/{acme}?tab=products").status_code == 404
    assert sign_in("charlie").get(f"/crm/clients/tab/{acme}/tasks").status_code == 404


def test_a_tab_may_need_a_switch_of_the_client(make_client: Any, sign_in: Any, make_app: Any) -> None:
    """As Products appear with the supplier toggle, and go with it."""
    with_products = make_app(records=(*RECORDS, replace(RING, tab="products")))
    with with_products.app_context():
        initialise()
    acme = make_client("Acme", assignees=["alice"])
    alice = sign_in("alice", with_products)
    tab = f"/crm/clients/tab/{acme}/products"
    assert tab not in alice.get(f"/crm/clients/show/{acme}").text
    assert alice.get(tab).status_code == 404
    as_htmx = {"HX-Request": "true", "HX-Current-URL": f"http://localhost/crm/clients/show/{acme}?tab=tasks"}
    switched = alice.post(
        f"/crm/clients/role/{acme}", data={"role": "is_supplier", "on": "yes"}, headers=as_htmx
    )
    assert tab in switched.text
    assert f'tab/{acme}/tasks" hx-target="#card-tab" hx-swap="outerHTML"' in switched.text
    assert switched.text.count("aria-current=page") == 1
    assert "Rings" in alice.get(tab).text


def test_buttons_in_the_head_come_from_the_declaration(make_client: Any, sign_in: Any, make_app: Any) -> None:
    with_rings = make_app(records=(*RECORDS, replace(RING, quick={"add": "Take in a ring"})))
    with with_rings.app_context():
        initialise()
    acme = make_client("Acme", assignees=["alice"])
    head = sign_in("alice", with_rings).get(f"/crm/clients/show/{acme}").text.split("</header>")
    assert any("Take in a ring" in part and f"/crm/rings/add?client={acme}" in part for part in head)
    assert "Take in a ring" not in sign_in("vera", with_rings).get(f"/crm/clients/show/{acme}").text


def test_roles_are_saved_at_once_and_logged(make_client: Any, sign_in: Any, system: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    alice = sign_in("alice")
    answer = alice.post(
        f"/crm/clients/role/{acme}", data={"role": "is_supplier", "on": "yes"}, headers={"HX-Request": "true"}
    )
    assert 'aria-pressed="true"' in answer.text
    with system() as session:
        client = session.get(Client, acme)
        assert client.is_supplier and not client.is_buyer
        changes = session.scalars(
            select(Change).where(Change.table_name == "client", Change.action == "update")
        )
        assert changes.one().after["is_supplier"] is True
    assert "Supplier" in alice.get(f"/crm/clients/timeline/{acme}?show=all").text
    assert alice.post(f"/crm/clients/role/{acme}", data={"role": "stars", "on": "yes"}).status_code == 400
    refused = sign_in("charlie").post(f"/crm/clients/role/{acme}", data={"role": "is_buyer", "on": "yes"})
    assert refused.status_code == 404
    assert (
        sign_in("vera").post(f"/crm/clients/role/{acme}", data={"role": "is_buyer", "on": "yes"}).status_code
        == 403
    )


def test_a_merged_client_leads_to_its_target(make_client: Any, sign_in: Any, system: Any) -> None:
    source, middle = make_client("Source", assignees=["alice"]), make_client("Middle", assignees=["alice"])
    target = make_client("Target", assignees=["alice"])
    with system() as session:
        clients = Client.__table__
        for old, new in ((source, middle), (middle, target)):
            session.connection().execute(
                clients.update().where(clients.c.id == old).values(merged_into_id=new)
            )
        session.commit()
    answer = sign_in("alice").get(f"/crm/clients/show/{source}")
    assert answer.status_code == 301
    assert answer.location.endswith(f"/crm/clients/show/{target}")
    assert sign_in("charlie").get(f"/crm/clients/show/{source}").status_code == 404


@pytest.mark.both_engines
@pytest.mark.parametrize("user", ["alice", "admin"])
def test_queries_stay_few(
    make_client: Any, sign_in: Any, system: Any, people: dict[str, int], count_queries: Any, user: str
) -> None:
    few, many = make_client("Few", assignees=["alice"]), make_client("Many", assignees=["alice", "bob"])
    other = make_client("Other", assignees=["alice"])
    with system() as session:
        fill(session, few, 2, other, people["alice"])
        fill(session, many, 60, other, people["bob"])
    browser = sign_in(user)
    numbers = []
    for client_id in (few, many):
        with count_queries() as statements:
            assert browser.get(f"/crm/clients/show/{client_id}").status_code == 200
        numbers.append(len(statements))
    assert numbers[0] == numbers[1]
    assert numbers[1] <= MOST_QUERIES + LOOK_UPS, "\n".join(statements)


def test_counts_are_capped_and_foreign_records_are_not_counted(
    make_client: Any, sign_in: Any, system: Any
) -> None:
    acme, foreign = make_client("Acme", assignees=["alice"]), make_client("Foreign", assignees=["charlie"])
    with system() as session:
        kind = session.scalar(select(RelationshipType.id))
        session.add(Relationship(client_id=acme, other_id=foreign, type_id=kind))
        session.commit()
        stamp = {"created_at": utc_now(), "changed_at": utc_now(), "version": 1, "pinned": False}
        rows = [{"client_id": acme, "text": f"n{n}", **stamp} for n in range(10_050)]
        session.connection().execute(insert(Note.__table__), rows)
        session.commit()
    page = sign_in("alice").get(f"/crm/clients/show/{acme}").text
    assert "10,000+" in page
    assert "Foreign" not in page
    box = page[page.index('id="box-relationship"') :]
    assert '<span class="crm-count">0</span>' in box


def test_activity_is_noted(make_client: Any, sign_in: Any, system: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    with system() as session:
        before = session.get(Client, acme).last_activity_at
    sign_in("alice").post(f"/crm/notes/add?client={acme}", data={"client": acme, "text": "x"})
    with system() as session:
        client = session.get(Client, acme)
        assert client.last_activity_at > before
        assert client.version == 1
        assert db.session.scalar(select(TimelineEntry.id).where(TimelineEntry.kind == "note"))


def test_a_link_is_there_once_from_either_side(make_client: Any, sign_in: Any, system: Any) -> None:
    acme, other = make_client("Acme"), make_client("Other")
    with system() as session:
        kinds = {kind.label: kind.id for kind in session.scalars(select(RelationshipType))}
    office = sign_in("office")

    def link(client: int, to: int, label: str) -> int:
        data = {"client": client, "other": to, "type": kinds[label]}
        return office.post("/crm/relationships/add", data=data).status_code

    assert link(acme, other, "Partner") == 302
    assert link(acme, other, "Partner") == link(other, acme, "Partner") == link(acme, acme, "Partner") == 422
    assert link(acme, other, "Referral") == link(other, acme, "Referral") == 302, "each told of the other"
    turned = {"client": other, "other": acme, "type": kinds["Partner"]}
    assert office.post("/crm/relationships/edit/1", data=turned).status_code == 302, "it is itself"
    assert office.post("/crm/relationships/add", data={"client": acme, "other": 999}).status_code == 422
