"""What must not be told, on surfaces that no other test looks at."""

import time
from threading import Event, Thread

import pytest
from flask_appbuilder.security.sqla.models import Role, User
from sqlalchemy import delete, event, select, update
from sqlalchemy.orm import Session

from crm.extensions import db
from crm.models import Client, Contact, Note, Relationship, RelationshipType, Task, TimelineEntry
from crm.security.visibility import as_system, as_user
from crm.services.clients.tags import add_tag
from crm.services.merging.merge import merge
from crm.services.undo.operation import undo

SECRET = "anna.secret@example.org"


def json_of(answer):
    return answer.get_json()["result"]


@pytest.mark.parametrize(
    "columns",
    [{"email": SECRET}, {"email": "x@example.org", "phone": "+48 601 602 603"}],
    ids=["email", "phone"],
)
def test_the_name_of_a_sensitive_client_is_not_its_address(make_client, sign_in, columns):
    """A name that was made of an e-mail or a phone would say what is masked everywhere else."""
    made_of = columns.get("phone") or columns["email"]
    number = make_client(made_of, ["alice"], sensitive=True, **columns)
    browser = sign_in("alice")
    for page in ("list/", "kanban/", f"show/{number}", f"edit/{number}", f"timeline/{number}?show=all"):
        assert made_of not in browser.get(f"/crm/clients/{page}").text, page
    assert made_of not in browser.get(f"/api/v1/clients/{number}").text
    for q in ("anna.secret", "601602603"):
        assert browser.get(f"/api/v1/clients/?search={q}").get_json()["count"] == 0


def test_a_client_that_becomes_sensitive_loses_a_name_made_of_its_address(make_client, sign_in, system):
    number, other = make_client(SECRET, ["alice"], email=SECRET), make_client("Other", ["alice"])
    with system() as session:
        kind = session.scalars(select(RelationshipType)).first()
        session.add(Relationship(client_id=other, other_id=number, type=kind))
        session.commit()
    with system() as session:
        session.get(Client, number).sensitive = True
        session.commit()
    browser = sign_in("alice")
    for page in (
        f"show/{number}",
        f"timeline/{number}?show=all",
        f"show/{other}",
        f"timeline/{other}?show=all",
    ):
        assert SECRET not in browser.get(f"/crm/clients/{page}").text, page
    with system() as session:
        session.get(Client, number).sensitive = False
        session.commit()
    assert SECRET in browser.get(f"/crm/clients/show/{number}").text


def test_a_contact_does_not_leave_a_sensitive_client_for_one_that_shows_it(make_client, sign_in, system):
    hidden, open_one = make_client("Hidden", ["alice"], sensitive=True), make_client("Open", ["alice"])
    with system() as session:
        contact = Contact(client_id=hidden, last_name="Nowak", email=SECRET)
        session.add(contact)
        session.commit()
        number = contact.id
    browser = sign_in("alice")
    moved = browser.put(f"/api/v1/contacts/{number}", json={"client": open_one})
    assert moved.status_code == 400 or moved.status_code == 422
    assert "client" in moved.get_json()["errors"]
    browser.post(f"/crm/contacts/edit/{number}", data={"client": str(open_one), "last_name": "Nowak"})
    assert SECRET not in browser.get(f"/crm/contacts/show/{number}").text
    office = sign_in("office")
    assert office.put(f"/api/v1/contacts/{number}", json={"client": open_one}).status_code == 200


def test_what_is_masked_cannot_be_guessed_by_writing_it(make_client, sign_in, system):
    """Writing what stands there already would change nothing, and so tell that the guess was right."""
    number = make_client("Hidden", ["alice"], sensitive=True, email=SECRET, pesel="44051401359")
    with system() as session:
        contact = Contact(client_id=number, last_name="Nowak", email=SECRET)
        session.add(contact)
        session.commit()
        contact_id = contact.id
    browser = sign_in("alice")
    for guess in (SECRET, "wrong@example.org", None):
        for path in (f"/api/v1/clients/{number}", f"/api/v1/contacts/{contact_id}"):
            answer = browser.put(path, json={"email": guess})
            assert answer.status_code == 422 and "email" in answer.get_json()["errors"], (path, guess)
    masked = json_of(browser.get(f"/api/v1/clients/{number}"))["email"]
    assert browser.put(f"/api/v1/clients/{number}", json={"email": masked, "stars": 2}).status_code == 200
    with system() as session:
        assert session.get(Client, number).email == SECRET


def test_the_merge_page_does_not_say_whether_a_masked_value_is_the_same(make_client, sign_in):
    hidden = make_client("Hidden", ["alice"], sensitive=True, email=SECRET)
    same, other = (
        make_client(name, ["alice"], email=email)
        for name, email in (("Guess", SECRET), ("Guess", "b@example.org"))
    )
    browser = sign_in("alice")
    pages = [
        browser.get(f"/crm/clients/merge/?source={guess}&target={hidden}").text.count("choice.email")
        for guess in (same, other)
    ]
    assert pages[0] == pages[1] > 0


def test_after_an_unmerge_the_timeline_does_not_name_a_client_out_of_sight(make_client, sign_in, app, people):
    source, target = make_client("Foreignsource", ["charlie"]), make_client("Mine", ["alice"])

    with app.app_context(), as_user(db.session.get(User, people["office"])):
        number = merge(source, target)
        db.session.commit()
    alice = sign_in("alice")
    assert "Foreignsource" in alice.get(f"/crm/clients/timeline/{target}").text
    with app.app_context(), as_user(db.session.get(User, people["office"])):
        undo(number)
        db.session.commit()
    assert "Foreignsource" not in alice.get(f"/crm/clients/timeline/{target}?show=all").text
    assert "Foreignsource" in sign_in("office").get(f"/crm/clients/timeline/{target}").text


def test_after_saving_a_task_at_a_hidden_client_the_page_is_there(make_client, sign_in, system):
    number = make_client("Foreign", ["charlie"])
    with system() as session:
        task = Task(title="Call them", client_id=number)
        task.assignees = [session.scalars(select(User).where(User.username == "alice")).one()]
        session.add(task)
        session.commit()
        task_id = task.id
    alice = sign_in("alice")
    for path, data in (
        (f"/crm/tasks/edit/{task_id}", {"title": "Call them soon", "priority": "normal"}),
        (f"/crm/tasks/done/{task_id}", {"done": "yes"}),
    ):
        answer = alice.post(path, data=data)
        assert answer.status_code == 302, path
        assert alice.get(answer.location).status_code == 200, (path, answer.location)
    assert f"/crm/clients/show/{number}" not in alice.get(f"/crm/tasks/show/{task_id}").text


def test_counts_on_the_card_leave_out_links_to_hidden_clients(make_client, sign_in, system):
    mine, foreign = make_client("Mine", ["alice"]), make_client("Foreign", ["charlie"])
    with system() as session:
        kind = session.scalars(select(RelationshipType)).first()
        session.add(Relationship(client_id=mine, other_id=foreign, type=kind, notes="zzlinked"))
        session.commit()
    alice = sign_in("alice")
    page = alice.get(f"/crm/clients/show/{mine}").text
    assert "zzlinked" not in page and "Foreign" not in page
    with system() as session:
        assert (
            session.scalar(select(TimelineEntry.id).where(TimelineEntry.kind == "relationship")) is not None
        )
    assert "Foreign" not in alice.get(f"/crm/clients/timeline/{mine}?show=all").text
    assert alice.get("/api/v1/relationships/").get_json()["count"] == 0
    assert alice.get(f"/crm/clients/merge/?source={mine}").status_code == 200


def test_a_contact_added_by_its_clients_id_has_no_telling_title(make_client, sign_in, system):
    number = make_client("Hidden", ["alice"], sensitive=True)
    with system() as session:
        session.add(Contact(client_id=number, position="Foreman", email=SECRET))
        session.commit()
    alice = sign_in("alice")
    assert "Hidden" in alice.get("/crm/search?q=foreman").text
    for page in (
        "/crm/search?q=foreman",
        "/crm/clients/list/?search=foreman",
        "/crm/contacts/choices?q=foreman",
    ):
        assert SECRET not in alice.get(page).text, page


def test_a_rep_who_may_only_read_besides_sees_no_more(make_client, sign_in, app, system):
    """Read-only users without a group see all clients; a second role must not turn that into editing all."""
    foreign = make_client("Foreign", ["charlie"])
    with system() as session:
        dora = User(username="dora", first_name="D", last_name="D", email="d@example.org", active=True)
        dora.password = session.scalars(select(User).where(User.username == "vera")).one().password
        dora.roles = list(session.scalars(select(Role).where(Role.name.in_(["Sales rep", "Read-only"]))))
        session.add(dora)
        session.commit()
    assert sign_in("vera").get(f"/crm/clients/show/{foreign}").status_code == 200
    assert sign_in("dora").get(f"/crm/clients/show/{foreign}").status_code == 404


@pytest.mark.parametrize("path", ["archive/{}", "role/{}", "delete/{}"])
def test_a_change_by_somebody_else_in_the_same_moment_is_said(make_client, sign_in, app, path):
    """On PostgreSQL another request can write between reading and writing: played by a statement between."""
    number = make_client("Acme", ["alice"])
    table = Client.__table__

    def meanwhile(session, *_args):
        if session.dirty:
            raised = update(table).where(table.c.id == number).values(version=table.c.version + 1)
            session.connection().execute(raised)

    office = sign_in("office")
    event.listen(Session, "before_flush", meanwhile)
    try:
        answer = office.post(f"/crm/clients/{path.format(number)}", data={"role": "is_buyer", "on": "yes"})
    finally:
        event.remove(Session, "before_flush", meanwhile)
    assert answer.status_code == 409, answer.text
    assert "Somebody else has just changed this." in answer.text


@pytest.mark.both_engines
def test_one_new_tag_typed_by_two_at_once(make_client, app, system):
    ids, ready, failures = [make_client("One"), make_client("Two")], Event(), []

    def first():
        with app.app_context(), as_system():
            add_tag(db.session.get(Client, ids[0]), "Brand new", may_create=True)
            ready.set()
            time.sleep(0.5)
            db.session.commit()
            db.session.remove()

    def second():
        ready.wait(5)
        with app.app_context(), as_system():
            try:
                add_tag(db.session.get(Client, ids[1]), "brand NEW", may_create=True)
                db.session.commit()
            except Exception as error:
                failures.append(error)
            db.session.remove()

    threads = [Thread(target=work) for work in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    with system() as session:
        assert [[tag.name for tag in session.get(Client, i).tags] for i in ids] == [
            ["Brand new"],
            ["Brand new"],
        ]


@pytest.mark.parametrize("kind", ["page", "api"])
def test_saving_what_somebody_deletes_in_the_same_moment_is_said(make_client, sign_in, system, kind):
    number = make_client("Acme", ["alice"])
    with system() as session:
        note = Note(client_id=number, text="old")
        session.add(note)
        session.commit()
        note_id = note.id
    table = Note.__table__

    def meanwhile(state):
        if state.is_select and any(m.class_ is Note for m in state.all_mappers):
            if state.statement._for_update_arg is not None:
                state.session.connection().execute(delete(table).where(table.c.id == note_id))

    office = sign_in("office")
    event.listen(Session, "do_orm_execute", meanwhile)
    try:
        if kind == "page":
            answer = office.post(f"/crm/notes/edit/{note_id}", data={"text": "new", "client": str(number)})
        else:
            answer = office.put(f"/api/v1/notes/{note_id}", json={"text": "new"})
    finally:
        event.remove(Session, "do_orm_execute", meanwhile)
    assert answer.status_code in (404, 409), answer.text


def test_a_task_is_not_taken_away_from_a_hidden_client(make_client, sign_in, system):
    foreign, own = make_client("Foreign", ["charlie"]), make_client("Own", ["alice"])
    with system() as session:
        task = Task(title="Call them", client_id=foreign)
        task.assignees = [session.scalars(select(User).where(User.username == "alice")).one()]
        session.add(task)
        session.commit()
        number = task.id
    alice = sign_in("alice")
    answer = alice.put(f"/api/v1/tasks/{number}", json={"client": own})
    assert answer.status_code == 422 and "client" in answer.get_json()["errors"], answer.text
    data = {"title": "Mine now", "client": str(own), "priority": "normal"}
    assert alice.post(f"/crm/tasks/edit/{number}", data=data).status_code == 422
    assert alice.put(f"/api/v1/tasks/{number}", json={"title": "Call them soon"}).status_code == 200
    with system() as session:
        assert session.get(Task, number).client_id == foreign


def test_merging_and_taking_it_back_does_not_tell_what_was_masked(make_client, sign_in):
    hidden = make_client(
        "Hidden", ["alice"], sensitive=True, email=SECRET, phone="601602603", pesel="44051401359"
    )
    mine = make_client("Mine", ["alice"], mobile="600700800")
    alice = sign_in("alice")
    merged = alice.post("/crm/clients/merge_clients.json", json={"source_id": hidden, "target_id": mine})
    number = merged.get_json()["operation_id"]
    assert alice.post(f"/crm/operations/undo/{number}").status_code == 302
    assert json_of(alice.get(f"/api/v1/clients/{mine}"))["sensitive"] is False
    for name, told in (("alice", False), ("office", True)):
        page = sign_in(name).get(f"/crm/clients/timeline/{mine}?show=all").text
        assert [secret in page for secret in (SECRET, "601602603", "44051401359")] == [told] * 3, name
