"""Merges and undos while others work on the same clients: what was acknowledged is there, at a client that lives."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm.exc import StaleDataError

from crm.errors import RuleError, StateConflict
from crm.extensions import db
from crm.models import Client, Contact, Note
from crm.security.visibility import as_system
from crm.services.clients.redirects import followed
from crm.services.merging.merge import merge
from crm.services.undo.operation import undo

ROUNDS, EDITORS = 6, 4


@pytest.mark.both_engines
def test_editors_lose_nothing(app: Flask, make_client: Callable[..., int], system: Callable[[], Any]) -> None:
    source, target = make_client("Source"), make_client("Target")
    with system() as session:
        for number in (source, target):
            client = session.get(Client, number)
            session.add_all(Note(client=client, text="0") for _ in range(5))
            session.add(Contact(client=client, first_name="Jan", position="0", is_primary=True))
        session.commit()
        notes = list(session.scalars(select(Note.id)))
    stop, lock = threading.Event(), threading.Lock()
    added: list[str] = []
    edited: dict[int, str] = {}
    failures: list[BaseException] = []

    def edit(number: int) -> None:
        # notes of its own, so that what it was told last is what must be there
        own, turn = notes[number - 1 :: EDITORS - 1], 0
        with app.app_context(), as_system():
            while not stop.is_set():
                turn += 1
                text = f"{number}-{turn}"
                try:
                    if turn % 2:
                        client = (source, target)[turn // 2 % 2]
                        db.session.add(Note(client_id=client, text=text))
                        db.session.commit()
                        with lock:
                            added.append(text)
                    else:
                        mine = own[turn // 2 % len(own)]
                        note = db.session.get(Note, mine)
                        db.session.refresh(note, with_for_update={"of": Note})
                        note.text = text
                        db.session.commit()
                        with lock:
                            edited[mine] = text
                except (StateConflict, StaleDataError, RuleError):
                    db.session.rollback()
                except BaseException as error:
                    db.session.rollback()
                    failures.append(error)
                    return
                time.sleep(0.002)
            db.session.remove()

    threads = [threading.Thread(target=edit, args=(n,)) for n in range(1, EDITORS)]
    for thread in threads:
        thread.start()
    try:
        with app.app_context(), as_system():
            for _ in range(ROUNDS):
                number = merge(source, target)
                db.session.commit()
                time.sleep(0.02)
                undo(number)
                db.session.commit()
                time.sleep(0.02)
            merge(source, target)
            db.session.commit()
            db.session.remove()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert added
    assert edited
    with system() as session:
        assert followed(source) == target
        texts = {note.id: (note.text, note.client_id) for note in session.scalars(select(Note))}
        assert set(added) <= {text for text, _client in texts.values()}
        assert {number: texts[number][0] for number in edited} == edited
        assert {client for _text, client in texts.values()} == {target}
