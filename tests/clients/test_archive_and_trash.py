"""Out of the way, into the trash, and gone for good."""

from typing import Any

import pytest
from sqlalchemy import func, select

from crm.models import (
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
    SearchEntry,
    Tag,
    Task,
    TaskAssignee,
    TimelineEntry,
)
from crm.models.base import Base
from crm.security.visibility import including_hidden


def test_archive_and_restore(make_client: Any, sign_in: Any, system: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    alice = sign_in("alice")
    answer = alice.post(f"/crm/clients/archive/{acme}")
    assert answer.location.endswith(f"/crm/clients/show/{acme}")
    card = alice.get(f"/crm/clients/show/{acme}").text
    assert "Archived" in card
    assert f"/crm/clients/restore/{acme}" in card
    assert f"/crm/clients/show/{acme}" not in alice.get("/crm/clients/list/").text
    assert f"/crm/clients/show/{acme}" in alice.get("/crm/clients/list/?archived=yes").text
    assert alice.get("/crm/clients/choices?q=acm").json["results"] == []
    assert "Archived" in alice.get("/crm/search?q=acm").text
    with system() as session:
        operation = session.scalars(select(Operation).order_by(Operation.id.desc())).first()
        assert (operation.kind, operation.client_id) == ("archive", acme)
    alice.post(f"/crm/clients/restore/{acme}")
    assert f"/crm/clients/show/{acme}" in alice.get("/crm/clients/list/").text
    timeline = alice.get(f"/crm/clients/timeline/{acme}").text
    assert "Archived" in timeline and "Restored" in timeline


def test_who_may(make_client: Any, sign_in: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    assert sign_in("charlie").post(f"/crm/clients/archive/{acme}").status_code == 404
    vera = sign_in("vera")
    assert vera.post(f"/crm/clients/archive/{acme}").status_code == 403
    alice = sign_in("alice")
    for path in (f"/crm/clients/delete/{acme}", "/crm/clients/trash/", f"/crm/clients/trash/purge/{acme}"):
        assert alice.get(path).status_code == 403, path
        assert vera.get(path).status_code == 403, path
    for path in (f"delete/{acme}", f"trash/restore/{acme}", f"trash/purge/{acme}"):
        assert alice.post(f"/crm/clients/{path}").status_code == 403, path
    office = sign_in("office")
    assert office.get("/crm/clients/trash/").status_code == 200
    assert office.get(f"/crm/clients/trash/purge/{acme}").status_code == 403
    # what is not in the trash is neither restored from it nor purged
    assert office.post(f"/crm/clients/trash/restore/{acme}").status_code == 404
    assert sign_in("admin").post(f"/crm/clients/trash/purge/{acme}").status_code == 404


def test_delete_says_what_goes_and_comes_back(make_client: Any, sign_in: Any, system: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    with system() as session:
        session.add_all([Note(client_id=acme, text="a"), Note(client_id=acme, text="b")])
        session.add(Contact(client_id=acme, first_name="Jan"))
        session.commit()
    office = sign_in("office")
    page = office.get(f"/crm/clients/delete/{acme}").text
    assert "Notes" in page and "Contacts" in page
    assert '<span class="crm-row-end">2</span>' in page
    office.post(f"/crm/clients/delete/{acme}")
    for path in (f"/crm/clients/show/{acme}", "/crm/notes/show/1", f"/crm/clients/timeline/{acme}"):
        assert office.get(path).status_code == 404, path
    for path in ("/crm/clients/list/?archived=all", "/crm/notes/list/", "/crm/search?q=jan", "/"):
        assert f"/crm/clients/show/{acme}" not in office.get(path).text, path
    trash = office.get("/crm/clients/trash/").text
    assert "Acme" in trash
    assert "/trash/purge/" not in trash
    answer = office.post(f"/crm/clients/trash/restore/{acme}")
    assert answer.location.endswith(f"/crm/clients/show/{acme}")
    assert office.get("/crm/notes/show/1").status_code == 200
    assert "The trash is empty" in office.get("/crm/clients/trash/").text
    timeline = office.get(f"/crm/clients/timeline/{acme}").text
    assert "Moved to the trash" in timeline and "Restored" in timeline


@pytest.mark.both_engines
def test_purge_leaves_nothing(make_client: Any, sign_in: Any, system: Any, people: dict[str, int]) -> None:
    acme, kept = make_client("Acme", assignees=["alice"]), make_client("Kept", assignees=["alice"])
    merged, older = make_client("Merged"), make_client("Older")
    with system() as session:
        jan = Contact(client_id=acme, first_name="Jan")
        session.add(jan)
        session.flush()
        deal = Deal(client_id=acme, title="d", contact_id=jan.id)
        session.add_all([deal, Note(client_id=acme, text="a"), Note(client_id=kept, text="stays")])
        session.flush()
        session.add(Deal(client_id=kept, title="follows", next_deal_id=deal.id))
        task = Task(client_id=acme, title="t")
        task.assignee_links = [TaskAssignee(user_id=people["alice"])]
        kind = session.scalar(select(RelationshipType.id))
        session.add_all([
            task, Relationship(client_id=kept, other_id=acme, type_id=kind),
            ClientTag(client_id=acme, tag=Tag(name="x")), ClientExternalId(client_id=acme, external_id="1"),
            ClientExternalId(client_id=merged, app_code="old", external_id="1"),
        ])  # fmt: skip
        session.commit()
        clients = Client.__table__
        for source, target in ((merged, acme), (older, merged)):
            session.connection().execute(
                clients.update().where(clients.c.id == source).values(merged_into_id=target)
            )
        session.commit()
    admin = sign_in("admin")
    admin.post(f"/crm/clients/delete/{acme}")
    page = admin.get(f"/crm/clients/trash/purge/{acme}").text
    assert "Relationships" in page and "Tasks" in page
    # it is asked for by name
    for typed in ("", "Kept"):
        refused = admin.post(f"/crm/clients/trash/purge/{acme}", data={"name": typed})
        assert refused.status_code == 422 and "This is not its name." in refused.text
    assert admin.post(f"/crm/clients/trash/purge/{acme}", data={"name": " acme"}).status_code == 302
    gone = {acme, merged, older}
    with system() as session, including_hidden():
        for mapper in Base.registry.mappers:
            table = mapper.local_table
            for key in table.foreign_keys if table is not None else ():
                if key.column.table is Client.__table__:
                    rows = session.connection().scalar(select(func.count()).where(key.parent.in_(gone)))
                    assert rows == 0, key
        assert set(session.scalars(select(Client.id))) == {kept}
        assert session.scalar(select(Deal.next_deal_id).where(Deal.title == "follows")) is None
        assert session.scalars(select(Note.text)).all() == ["stays"]
        assert not session.scalars(select(TaskAssignee.id)).all()
        assert session.scalar(select(func.count(SearchEntry.id)).where(SearchEntry.client_id.in_(gone))) == 0
        assert (
            session.scalar(select(func.count(TimelineEntry.id)).where(TimelineEntry.client_id == kept)) >= 2
        )
        purged = session.scalars(select(Operation).where(Operation.kind == "purge")).one()
        assert (purged.client_id, purged.user_id, purged.details["name"]) == (acme, people["admin"], "Acme")
        assert session.scalar(select(func.count(Change.id)).where(Change.operation_id == purged.id)) == 0
        assert session.scalars(select(ClientAssignee.client_id)).all() == [kept]
    assert admin.get("/crm/clients/trash/").text.count("Acme") <= 1
    assert "Acme" in admin.get("/crm/operations/?kind=purge").text


@pytest.mark.both_engines
def test_the_trash_is_searched(make_client: Any, sign_in: Any) -> None:
    office, admin = sign_in("office"), sign_in("admin")
    for who, name in ((office, "Żółty Sklep"), (admin, "Acme 100%")):
        who.post(f"/crm/clients/delete/{make_client(name)}")
    page = office.get("/crm/clients/trash/").text.split("<tbody>")[1]
    assert page.index("Acme") < page.index("Żółty") and "Office" in page and "Admin" in page
    for text, found in (("zolt", "Żółty"), ("sklep", "Żółty"), ("100%25", "Acme")):
        page = office.get(f"/crm/clients/trash/?search={text}").text
        assert [name for name in ("Żółty", "Acme") if name in page] == [found], text
    assert "Nothing in the trash is called so" in office.get("/crm/clients/trash/?search=%25x").text
