"""Personal values can be taken out of history, and what is left can still be undone in its order."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import String, cast, select

from crm.extensions import db
from crm.models import Change, Client, Note, Operation
from crm.security.visibility import as_system
from crm.services.clients.trash import find_trashed, purge
from crm.services.history.erasing import blank_history
from crm.services.undo.operation import undo

MARK = "Quixotic"


def last_operation() -> int:
    return db.session.scalars(select(Operation.id).order_by(Operation.id.desc())).first()


@pytest.mark.both_engines
def test_blanked_history_names_nobody_and_can_be_undone(app: Flask, make_client: Any) -> None:
    number = make_client(f"{MARK} Ltd", email="q@example.com", phone="601234567")
    other = make_client(f"{MARK} Other")
    with app.app_context(), as_system():
        session = db.session
        client = session.get(Client, number)
        client.name, client.stars = f"{MARK} Limited", 3
        session.commit()
        changed = last_operation()
        session.add(Note(client_id=number, text=f"{MARK} called"))
        session.commit()
        added = last_operation()

        before = list(session.execute(select(Change.id, Change.step, Change.action).order_by(Change.id)))
        assert blank_history([number]) >= 3
        session.commit()
        assert (
            list(session.execute(select(Change.id, Change.step, Change.action).order_by(Change.id))) == before
        )
        texts = [
            *session.scalars(select(cast(Change.before, String)).where(Change.client_id == number)),
            *session.scalars(select(cast(Change.after, String)).where(Change.client_id == number)),
        ]
        assert not any(
            text and (MARK in text or "601234567" in text or "example.com" in text) for text in texts
        )
        kept = select(cast(Change.after, String)).where(
            Change.client_id == other, Change.table_name == "client"
        )
        assert MARK in session.scalars(kept).one()

        session.expire_all()
        undo(changed)
        session.commit()
        client = session.get(Client, number)
        assert client.name == f"{MARK} Limited", "a value that nobody knows any more is left alone"
        assert client.stars == 0
        undo(added)
        session.commit()


def test_a_purged_client_leaves_no_name_in_the_log(app: Flask, make_client: Any, sign_in: Any) -> None:
    number = make_client(f"{MARK} Ltd", notes=MARK)
    admin = sign_in("admin")
    admin.post(f"/crm/clients/delete/{number}")
    with app.app_context(), as_system():
        purge(find_trashed(number))
        db.session.commit()
        logged = [c.after for c in db.session.scalars(select(Change).where(Change.client_id == number))]
        assert logged
        assert MARK not in str(logged)
