"""Tasks: what they are called, who does them, what is late, and ticking them off."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from crm.models import Change, Task, TaskAssignee
from crm.models.types import utc_now
from tests.filled_form import opened


def test_title_from_description(make_client: Any, sign_in: Any, system: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    alice = sign_in("alice")
    data = {"client": acme, "title": "", "description": "Send the offer\nwith prices"}
    assert alice.post("/crm/tasks/add", data=data).status_code == 302
    with system() as session:
        assert session.get(Task, 1).title == "Send the offer"
    refused = alice.post("/crm/tasks/add", data={"client": acme, "title": " ", "description": ""})
    assert refused.status_code == 422
    assert "Say what is to be done." in refused.text


def test_new_tasks_are_offered_to_oneself(make_client: Any, sign_in: Any, people: dict[str, int]) -> None:
    acme = make_client("Acme", assignees=["alice"])
    page = sign_in("alice").get(f"/crm/tasks/add?client={acme}").text
    assert f'<option selected value="{people["alice"]}">' in page


def test_the_form_as_it_is_offered_can_be_saved(
    make_client: Any, sign_in: Any, system: Any, people: Any
) -> None:
    acme, alice = make_client("Acme", assignees=["alice"]), sign_in("alice")
    form = opened(alice, f"/crm/tasks/add?client={acme}")
    assert alice.post("/crm/tasks/add", data=form.change(title="Call")).status_code == 302
    with system() as session:
        assert [user.id for user in session.get(Task, 1).assignees] == [people["alice"]]


def test_tick_and_untick(make_client: Any, sign_in: Any, system: Any, people: dict[str, int]) -> None:
    acme = make_client("Acme", assignees=["alice"])
    with system() as session:
        session.add(Task(client_id=acme, title="Call"))
        session.commit()
    alice = sign_in("alice")
    answer = alice.post("/crm/tasks/done/1", data={"done": "yes"})
    assert answer.status_code == 302
    assert answer.location.endswith(f"/crm/clients/show/{acme}")
    with system() as session:
        task = session.get(Task, 1)
        assert task.done and task.done_at is not None
        change = session.scalars(select(Change).where(Change.table_name == "task", Change.action == "update"))
        assert change.one().after["done"] is True
    row = alice.post("/crm/tasks/done/1", data={"done": "no"}, headers={"HX-Request": "true"}).text
    assert 'aria-checked="false"' in row
    with system() as session:
        assert session.get(Task, 1).done_at is None
    assert alice.post("/crm/tasks/done/1", data={"done": "x"}).status_code == 400
    assert sign_in("charlie").post("/crm/tasks/done/1", data={"done": "yes"}).status_code == 404
    assert sign_in("vera").post("/crm/tasks/done/1", data={"done": "yes"}).status_code == 403


def test_ticking_leaves_an_open_form_alone(make_client: Any, sign_in: Any, system: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    alice, bob = sign_in("alice"), sign_in("bob")
    alice.post("/crm/tasks/add", data={"client": acme, "title": "Call"})
    page = alice.get("/crm/tasks/edit/1").text
    base = page.split('name="base"')[1].split('value="')[1].split('"')[0].replace("&#34;", '"')
    bob.post("/crm/tasks/done/1", data={"done": "yes"})
    saved = alice.post("/crm/tasks/edit/1", data={"base": base, "client": acme, "title": "Call them"})
    assert saved.status_code == 302
    with system() as session:
        task = session.get(Task, 1)
        assert (task.title, task.done) == ("Call them", True)


def test_overdue(make_client: Any, sign_in: Any, system: Any) -> None:
    acme = make_client("Acme", assignees=["alice"])
    with system() as session:
        session.add(Task(client_id=acme, title="Late", due=utc_now() - timedelta(hours=1)))
        session.commit()
    alice = sign_in("alice")
    assert "overdue" in alice.get(f"/crm/clients/show/{acme}").text
    assert "overdue" in alice.get(f"/crm/clients/show/{acme}?tab=tasks").text
    assert "overdue" in alice.get("/crm/tasks/list/").text
    alice.post("/crm/tasks/done/1", data={"done": "yes"})
    assert "overdue" not in alice.get(f"/crm/clients/show/{acme}").text


def test_at_a_hidden_client(make_client: Any, sign_in: Any, system: Any, people: dict[str, int]) -> None:
    hidden = make_client("Hidden Ltd", assignees=["charlie"], email="hush@hidden.example")
    with system() as session:
        task = Task(client_id=hidden, title="Help")
        task.assignee_links = [TaskAssignee(user_id=people["alice"])]
        session.add(task)
        session.commit()
    alice = sign_in("alice")
    for path in ("/crm/tasks/show/1", "/crm/tasks/list/", "/"):
        page = alice.get(path).text
        assert "Help" in page, path
        assert "Hidden Ltd" in page, path
        assert "hush" not in page
        assert f"/crm/clients/show/{hidden}" not in page
    assert sign_in("bob").get("/crm/tasks/show/1").status_code == 404
    edited = alice.post("/crm/tasks/edit/1", data={"title": "Help more"})
    assert edited.status_code == 302
    with system() as session:
        assert (session.get(Task, 1).title, session.get(Task, 1).client_id) == ("Help more", hidden)
