"""`kill -9` at any moment of an import, again and again: begun anew it ends in exactly what the file says."""

import os
import random

import pytest
from flask import Flask
from sqlalchemy import func, select

from crm.extensions import db
from crm.models import Change, Client, Contact, ImportRow, ImportRun, Operation, Tag
from crm.security.visibility import as_system
from crm.services.importing import running, starting
from tests.importing.test_running import Quiet, begin, csv_of
from tests.killing import alone, in_child

ROWS = 16
FILE = [
    ["Name", "E-mail", "Tags", "Internal notes", "Contact: Last name"],
    *(
        # every fourth row names the client of the one before it once more
        [f"Client {n}", f"c{n - (n % 4 == 3)}@x.example", f"Tag {n % 3}", f"note {n}", f"Nowak {n}"]
        for n in range(ROWS)
    ),
]


def expected() -> dict[str, tuple[str, set[str], set[str]]]:
    """E-mail -> notes, tags and contacts that a client has in the end."""
    found: dict[str, tuple[str, set[str], set[str]]] = {}
    for _name, email, tag, notes, contact in FILE[1:]:
        _old, tags, contacts = found.get(email, ("", set(), set()))
        found[email] = (notes, tags | {tag}, contacts | {contact})
    return found


@pytest.mark.both_engines
@pytest.mark.parametrize("kills", [6, pytest.param(50, marks=pytest.mark.slow)])
def test_killed_and_begun_anew(app: Flask, monkeypatch: pytest.MonkeyPatch, kills: int) -> None:
    monkeypatch.setattr(running, "PORTION", 3)
    chance = random.Random(kills)
    with app.app_context(), as_system():
        run = begin(csv_of(*FILE), keys=["email"])
        starting.ask_run(run)
        db.session.commit()
        number = run.id
        db.session.remove()
    reached = set()
    for _kill in range(kills):
        pid = in_child(app, lambda: running.work_off(Quiet()), chance.randint(5, 160))

        os.waitpid(pid, 0)
        with app.app_context(), as_system():
            alone()
            one = db.session.get_one(ImportRun, number)
            reached.add((one.state, one.cursor))
            assert db.session.scalar(select(func.count(ImportRow.id))) == one.cursor
            db.session.remove()
    assert len(reached) > 1
    with app.app_context(), as_system():
        running.work_off(Quiet())
        db.session.expire_all()
        one = db.session.get_one(ImportRun, number)
        clients = db.session.scalars(select(Client)).all()
        contacts = db.session.scalars(select(Contact)).all()
        there = {
            client.email: (
                client.notes, {tag.name for tag in client.tags},
                {contact.last_name for contact in contacts if contact.client_id == client.id},
            )
            for client in clients
        }  # fmt: skip
        assert (one.state, one.cursor, len(clients)) == ("done", ROWS, len(expected()))
        assert there == expected()
        assert len(contacts) == ROWS
        assert db.session.scalar(select(func.count(Tag.id))) == 3
        assert sorted(db.session.scalars(select(ImportRow.line))) == list(range(2, ROWS + 2))
        # all of it is one operation, and goes as one
        operations = db.session.scalars(select(Operation.id).where(Operation.kind == "import")).all()
        of_clients = select(Change.operation_id).where(Change.table_name == "client").distinct()
        assert operations == [one.operation_id] == db.session.scalars(of_clients).all()
        starting.ask_revert(one)
        db.session.commit()
        running.work_off(Quiet())
        assert db.session.scalar(select(func.count(Client.id))) == 0
        db.session.remove()
