"""What webhooks are told, of whatever is done in the CRM, and what each sees of it."""

import pytest
from sqlalchemy import delete, func, select

from crm.extensions import db
from crm.integrations.webhooks import subscriptions
from crm.integrations.webhooks.expanding import _written_by, expand
from crm.integrations.webhooks.payload import payloads
from crm.models import (
    AttributeDefinition,
    Client,
    Contact,
    Invoice,
    Note,
    Task,
    Webhook,
    WebhookDelivery,
    WebhookOutbox,
)  # fmt: skip
from crm.models.sensitive import MASK
from crm.models.types import utc_now
from crm.models.webhook import DELETE, SKIPPED
from crm.security.visibility import as_system, as_user, including_hidden
from crm.services.attributes import values as attributes
from crm.services.bulk.change import change_many
from crm.services.clients import archiving
from crm.services.history import log as history
from crm.services.merging import merge
from crm.services.modules import switch_modules
from crm.services.sales.invoicing import correct
from crm.services.undo import operation as undo
from tests import invoices
from tests.users import user

EVERY = [
    f"{kind}.{action}" for kind in ("client", "contact", "note") for action in ("create", "update", "delete")
]


@pytest.mark.both_engines
def test_whatever_is_done_is_told_once_as_the_api_answers_it(
    app, receiver, subscribe, deliver, make_client, sign_in
) -> None:
    make_client("Before there was a webhook")
    with app.app_context(), as_system():
        assert db.session.scalar(select(func.count(WebhookOutbox.id))) == 0
    subscribe(*EVERY)
    one = make_client("One", email="one@example.com", assignees=["alice"])
    other = make_client("Other", assignees=["charlie"])
    deliver()
    bodies = sorted(receiver.bodies, key=lambda body: body["id"])
    assert [(body["event"], body["id"]) for body in bodies] == [
        ("client.create", one),
        ("client.create", other),
    ]
    headers = receiver.told[0][0]
    assert headers["content-type"] == "application/json" and headers["webhook-id"].startswith("delivery_")
    answered = sign_in("admin").get(f"/api/v1/clients/{one}").json["result"]
    assert bodies[0]["data"] == answered
    assert bodies[0]["url"] == f"/api/v1/clients/{one}"
    receiver.take()

    with app.app_context(), as_system():
        # many at once, by statements: one for each client, whatever the pieces
        number = change_many([one, other], "add_tag", ["new", "newer"]).operation_id
        db.session.commit()
        deliver()
        assert receiver.take() == [("client.update", one), ("client.update", other)]
        undo.undo(number)
        db.session.commit()
        deliver()
        assert receiver.take() == [("client.update", one), ("client.update", other)]
        # a row that is gone before anybody was told is not told of as if it were there
        note = Note(client_id=one, text="Short-lived")
        db.session.add(note)
        db.session.commit()
        gone = note.id
        db.session.delete(note)
        db.session.commit()
        deliver()
        assert receiver.take() == [("note.delete", gone)]
        # merge: the source goes, its rows are the target's; and back
        contact = Contact(client_id=one, first_name="Cora")
        db.session.add(contact)
        db.session.commit()
        deliver()
        assert receiver.take() == [("contact.create", contact.id)]
        number = merge.merge(one, other)
        db.session.commit()
        deliver()
        moved = {("client.update", other), ("contact.update", contact.id)}
        assert set(receiver.take()) == {*moved, ("client.delete", one)}
        undo.undo(number)
        db.session.commit()
        deliver()
        assert set(receiver.take()) == {*moved, ("client.create", one)}
        archiving.move_to_trash(db.session.get_one(Client, other))
        db.session.commit()
        deliver()
        assert receiver.bodies[0]["data"] is None
        trashed = select(WebhookDelivery).order_by(WebhookDelivery.id.desc()).limit(1)
        trashed = trashed.where(WebhookDelivery.action == DELETE)
        assert receiver.take() == [("client.delete", other)]
        with including_hidden():
            archiving.restore_from_trash(db.session.get_one(Client, other))
            db.session.commit()
        deliver()
        assert receiver.take() == [("client.create", other)]
        # sent again, it would take away there what is here
        subscriptions.send_again(db.session.scalars(trashed).one())
        db.session.commit()
        deliver()
        assert receiver.take() == [] and db.session.scalars(trashed).one().state == SKIPPED
        assert db.session.scalar(select(func.count(WebhookOutbox.id))) == 0


def test_each_webhook_tells_what_its_user_sees(
    app, receiver, subscribe, deliver, make_client, sign_in
) -> None:
    everything = [*EVERY, "task.create", "task.delete", "relationship.delete"]
    with app.app_context(), as_system():
        definition = AttributeDefinition(label="Blood group", key="blood", type="text", sensitive=True)
        db.session.add_all([definition, AttributeDefinition(label="Size", key="size", type="text")])
        db.session.commit()
    subscribe(*everything, user="charlie")
    hers = make_client("Alice's", assignees=["alice"])
    his = make_client("Charlie's", assignees=["charlie"], sensitive=True, email="secret@example.com")
    with app.app_context(), as_system():
        attributes.set_attributes(db.session.get_one(Client, his), {"blood": "AB", "size": "XL"})
        db.session.commit()
        for client in (hers, his):
            db.session.add(Note(client_id=client, text="A note"))
        db.session.commit()
    deliver()
    # of hers nothing; his as the API answers him, masks and all, without the sensitive attribute
    told = {body["event"]: body["data"] for body in receiver.bodies}
    assert sorted(told) == ["client.create", "client.update", "note.create"]
    answered = sign_in("charlie").get(f"/api/v1/clients/{his}").json["result"]
    assert told["client.update"] == {name: value for name, value in answered.items() if name != "blood"}
    assert (told["client.update"]["size"], told["client.update"]["email"]) == ("XL", MASK)
    receiver.take()
    # nor does an admin's webhook tell the sensitive attribute, though the API shows it to an admin
    admins, _ = subscribe("client.update", user="admin")
    with app.app_context(), as_system():
        db.session.get_one(Client, his).stars = 3
        db.session.commit()
    deliver()
    assert not any("blood" in body["data"] for body in receiver.bodies)
    assert {body["data"]["email"] for body in receiver.bodies} == {MASK, "secret@example.com"}
    receiver.take()
    with app.app_context(), as_system():
        db.session.execute(delete(Webhook).where(Webhook.id == admins))
        # deletes: of what he saw, be it gone for good, in the trash or merged away
        people = {name: user(name) for name in ("alice", "charlie")}
        notes = dict(db.session.execute(select(Note.client_id, Note.id)).all())
        db.session.delete(db.session.get_one(Note, notes[hers]))
        db.session.delete(db.session.get_one(Note, notes[his]))
        for name, one in people.items():
            with as_user(one):
                db.session.add(Task(title=name))
                db.session.commit()
        tasks = dict(db.session.execute(select(Task.title, Task.id)).all())
        for task in db.session.scalars(select(Task)):
            db.session.delete(task)
        db.session.commit()
        deliver()
        assert receiver.take() == [("note.delete", notes[his]), ("task.delete", tasks["charlie"])]
        merge.merge(his, hers)
        db.session.commit()
        deliver()
        assert receiver.take() == [("client.delete", his), ("client.update", hers)]
        with as_user(people["charlie"]):
            archiving.move_to_trash(db.session.get_one(Client, hers))
            db.session.commit()
        deliver()
        assert receiver.take() == [("client.delete", hers)]
        # the module off: nothing of it is told, as there is nothing of it in the API
        switch_modules(["sales"])
        db.session.commit()
        with as_user(people["charlie"]):
            db.session.add(Task(title="Unheard of"))
            db.session.commit()
        deliver()
        assert receiver.take() == []


@pytest.mark.both_engines
def test_portions_of_one_operation_and_savepoints_are_told_once(
    app, receiver, subscribe, deliver, make_client
) -> None:
    """Between the portions and after them; what a savepoint took back is not told."""
    subscribe("client.create", "client.update")
    first, second = make_client("First"), make_client("Second")
    deliver()
    receiver.take()

    def portion(number: int | None, client: int) -> int:
        number = history.begin_portion(db.session(), "import", number)
        db.session.get_one(Client, client).notes = f"a portion at {utc_now()}"
        db.session.flush()
        db.session.commit()
        return number

    with app.app_context(), as_system():
        number = portion(None, first)
        portion(number, second)
        portion(number, first)
        assert db.session.scalar(select(func.count(WebhookOutbox.id))) == 3
        deliver()
        assert receiver.take() == [("client.update", first), ("client.update", second)]
        portion(number, second)
        deliver()
        assert receiver.take() == [("client.update", second)]
        with db.session.begin_nested():
            db.session.add(Client(name="Kept"))
        savepoint = db.session.begin_nested()
        db.session.add(Client(name="Taken back"))
        db.session.flush()
        savepoint.rollback()
        db.session.get_one(Client, first).notes = "afterwards"
        db.session.commit()
        deliver()
        assert sorted(body["data"]["name"] for body in receiver.bodies) == ["First", "Kept"]
        receiver.take()
        db.session.get_one(Client, first).notes = "not for good"
        db.session.flush()
        db.session.rollback()
        assert db.session.scalar(select(func.count(WebhookOutbox.id))) == 0


@pytest.mark.both_engines
def test_many_rows_cost_no_more_statements_than_few(
    app, receiver, subscribe, deliver, make_client, count_queries
) -> None:
    subscribe(*EVERY)
    clients = [make_client(f"Client {n}", email=f"c{n}@example.com") for n in range(30)]
    deliver()
    receiver.take()
    costs = []
    with app.app_context(), as_system():
        for number, stars in ((3, 1), (30, 2)):
            change_many(clients[:number], "stars", stars)
            with count_queries() as written:
                db.session.commit()
            with count_queries() as statements:
                while expand(db.session()):
                    pass
            with count_queries() as loaded:
                rows = db.session.scalars(select(WebhookDelivery).filter_by(state="waiting")).all()
                assert len(payloads(user("admin"), rows)) == number
            costs.append((len(written), len(statements), len(loaded)))
            deliver()
    assert costs[0] == costs[1]


def test_only_what_was_just_written_is_read_of_the_log(app, subscribe, make_client) -> None:
    """However long the history is, and without statistics of the tables."""
    subscribe(*EVERY)
    make_client("Acme")
    with app.app_context(), as_system():
        connection = db.session.connection()
        written = _written_by([1])
        asked = select(written.c.row_id).where(written.c.table_name == "client")
        compiled = asked.compile(connection, compile_kwargs={"literal_binds": True})
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}")]
        assert any("change USING INDEX" in line and "(operation_id=?" in line for line in plan), plan
        db.session.rollback()


def test_clients_written_by_a_program_are_told_together(app, receiver, subscribe, deliver, sign_in) -> None:
    subscribe("client.create", "client.update")
    office = sign_in("office")
    rows = [
        {
            "external_id": f"c-{n}",
            "client": {"name": f"Client {n}", "tags": "new, shop", "stars": 9 if n == 4 else 1},
        }
        for n in range(20)
    ]
    answer = office.post("/crm/clients/upsert.json", json={"clients": rows})
    ids = [one["id"] for one in answer.json["results"] if "id" in one]
    assert (answer.status_code, len(ids)) == (200, 19)
    with app.app_context(), as_system():
        assert db.session.scalar(select(func.count(WebhookOutbox.id))) == 1
    deliver()
    assert {(body["event"], body["id"]) for body in receiver.bodies} == {("client.create", i) for i in ids}
    assert {tuple(body["data"]["tags"]) for body in receiver.bodies} == {("new", "shop")}
    assert {body["source"] for body in receiver.bodies} == {"api"}
    receiver.take()
    rows[0]["client"]["name"] = "Renamed"
    office.post("/crm/clients/upsert.json", json={"clients": rows})
    deliver()
    # what was so already is no change
    assert receiver.take() == [("client.update", ids[0])]


@pytest.mark.both_engines
def test_an_invoice_that_is_paid_or_corrected_has_changed(
    app, receiver, subscribe, deliver, make_client, sign_in
) -> None:
    """Nobody edited it, its version stays; but programs that follow invoices hear of it."""
    client = make_client("Acme")
    with app.app_context(), as_system():
        invoice, other = invoices.issued(client).id, invoices.issued(client).id
    subscribe("invoice.create", "invoice.update")
    admin = sign_in("admin")
    began = utc_now().isoformat()

    def told() -> list[tuple[str, int, str]]:
        db.session.rollback()
        deliver()
        found = sorted((body["event"], body["id"], body["data"]["status"]) for body in receiver.bodies)
        receiver.told.clear()
        return found

    def changed_since(moment: str) -> list[int]:
        return sorted(admin.get("/api/v1/invoices/", query_string={"updated_since": moment}).json["ids"])

    assert changed_since(began) == []
    with app.app_context(), as_system():
        payment = invoices.pay(db.session.get_one(Invoice, invoice), "123")
        assert told() == [("invoice.update", invoice, "paid")]
        assert changed_since(began) == [invoice]
        payment.amount = 100
        db.session.commit()
        assert told() == [("invoice.update", invoice, "part_paid")]
        payment.invoice = db.session.get_one(Invoice, other)
        db.session.commit()
        assert told() == [("invoice.update", invoice, "issued"), ("invoice.update", other, "part_paid")]
        later = utc_now().isoformat()
        db.session.delete(payment)
        db.session.commit()
        assert told() == [("invoice.update", other, "issued")]
        assert (changed_since(began), changed_since(later)) == ([invoice, other], [other])
        correction = correct(db.session.get_one(Invoice, invoice), "Too much").id
        db.session.commit()
        assert {row[:2] for row in told()} == {("invoice.create", correction), ("invoice.update", invoice)}
