"""What the API answers can be sent back as it is, whoever may write it; what is only shown cannot be changed."""

from typing import Any

import pytest
from flask import Flask
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select

from crm.extensions import db
from crm.models import Task
from crm.security.visibility import as_system
from crm.services.users import add_user
from tests.test_every_record import EVERY, make_row, two

__all__ = ["make_row", "two"]


@EVERY
def test_a_whole_answer(record: Any, api: Any, two: Any, make_row: Any) -> None:
    number, office = make_row(record, *two), api("office")
    url = f"/api/v1/{record.url_name}/{number}"
    before = office.get(url).json["result"]
    answer = office.put(url, before)
    assert answer.status_code == 200, answer.text
    assert answer.json["result"] == before
    for name, message in {"id": "This cannot be changed.", "nonsense": "There is no such field."}.items():
        refused = office.put(url, {**before, name: 0})
        assert refused.status_code == 422 and refused.json["errors"] == {name: [message]}


def test_columns_that_are_only_shown(api: Any, make_client: Any) -> None:
    acme, alice = make_client("Acme", assignees=["alice"]), api("alice")
    url = f"/api/v1/notes/{alice.post('/api/v1/notes/', {'text': 'x', 'client': acme}).json['id']}"
    answer = alice.put(url, {"created_at": "2020-01-01T00:00:00+00:00"})
    assert answer.status_code == 422 and answer.json["errors"] == {"created_at": ["This cannot be changed."]}


def test_people_who_left_and_hidden_clients_stay(api: Any, app: Flask, make_client: Any) -> None:
    acme, hidden = make_client("Acme", assignees=["alice"]), make_client("Hidden", assignees=["charlie"])
    with app.app_context(), as_system():
        add_user("left", "Sales rep", "a long password", "North")
        left, alice = (
            db.session.scalars(select(User).where(User.username == n)).one() for n in ("left", "alice")
        )
        tasks = [Task(client_id=acme, title="Call"), Task(client_id=hidden, title="Call Charlie's")]
        for task in tasks:
            task.assignees = [left, alice]
        db.session.add_all(tasks)
        db.session.commit()
        left.active = False
        db.session.commit()
        ids = [task.id for task in tasks]
        db.session.remove()
    caller = api("alice")
    for number, client in zip(ids, (acme, None), strict=True):
        url = f"/api/v1/tasks/{number}"
        before = caller.get(url).json["result"]
        assert before["assignees"] == ["left", "alice"] and before["client"] == client
        answer = caller.put(url, {**before, "title": "Call again"})
        assert answer.status_code == 200, answer.text
        assert answer.json["result"]["assignees"] == ["left", "alice"]
    with app.app_context(), as_system():
        assert [db.session.get(Task, number).client_id for number in ids] == [acme, hidden]


@pytest.mark.both_engines
def test_the_primary_contact(api: Any, make_client: Any) -> None:
    acme, other, alice = make_client("Acme", ["alice"]), make_client("Other", ["alice"]), api("alice")

    def add(name: str, **more: Any) -> str:
        answer = alice.post("/api/v1/contacts/", {"client": acme, "first_name": name, **more})
        assert answer.status_code == 201, answer.text
        return f"/api/v1/contacts/{answer.json['id']}"

    def primary() -> list[str]:
        rows = alice.get(f"/api/v1/contacts/?client={acme}").json["result"]
        return [row["first_name"] for row in rows if row["is_primary"]]

    ann, ben = add("Ann", is_primary=False), add("Ben")
    assert primary() == ["Ann"]
    assert alice.put(ben, {"is_primary": False}).status_code == 200
    made = alice.put(ben, {"is_primary": True, "position": "CEO"})
    assert made.json["result"]["is_primary"] is True and made.json["result"]["position"] == "CEO"
    assert primary() == ["Ben"]
    refused = alice.put(ben, {"is_primary": False, "position": "none"})
    assert refused.status_code == 422 and list(refused.json["errors"]) == ["is_primary"]
    assert alice.get(ben).json["result"]["position"] == "CEO" and primary() == ["Ben"]
    add("Cyd", is_primary=True)
    assert primary() == ["Cyd"]
    moved = alice.put(ann, {"client": other, "is_primary": True})
    assert moved.json["result"]["client"] == other and moved.json["result"]["is_primary"] is True
    for wrong in (None, 2, "perhaps", []):
        assert list(alice.put(ann, {"is_primary": wrong}).json["errors"]) == ["is_primary"], wrong


def test_an_external_id_is_told_by_its_app_code(api: Any, make_client: Any) -> None:
    acme, alice = make_client("Acme", assignees=["alice"], email="a@b.example"), api("alice")
    contact = alice.post("/api/v1/contacts/", {"client": acme, "first_name": "Ann"}).json["id"]
    for url in (f"/api/v1/clients/{acme}", f"/api/v1/contacts/{contact}"):
        assert alice.put(url, {"external_id": "7"}).json["result"]["external_id"] == "7"
        assert alice.put(url, {"external_id": "7", "app_code": "shop"}).status_code == 200
        assert alice.put(url, {"external_id": None}).json["result"]["external_id"] is None
    assert alice.get("/crm/clients/e/shop/7.json").status_code == 200
