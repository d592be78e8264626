"""Duplicates with others at work: one tax ID given by two at once, and a search that is killed."""

import os
import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from crm.errors import RuleError
from crm.extensions import db
from crm.models import Client, DuplicatePair, DuplicateTodo
from crm.security.visibility import as_system
from crm.services.duplicates.keeping import look_at_all
from crm.services.duplicates.searching import look_at_portion
from crm.services.duplicates.tax_ids import set_unique
from tests.killing import alone, in_child

pytestmark = pytest.mark.both_engines


def test_of_six_who_give_one_tax_id_at_once_one_gets_it(app: Flask, system: Any) -> None:
    with system() as session:
        set_unique(True)
        session.commit()
    refused: list[str] = []
    ready = threading.Barrier(6)

    def add(number: int) -> None:
        with app.app_context(), as_system() as session:
            try:
                ready.wait()
                session.add(Client(name=f"Client {number}", email="a@a.example", tax_id="PL 123-456-32-18"))
                session.commit()
            except RuleError as error:
                refused.append(error.field or "")
            finally:
                session.remove()

    threads = [threading.Thread(target=add, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["tax_id"] * 5
    with system() as session:
        assert session.scalar(select(func.count(Client.id))) == 1


def test_a_search_that_is_killed_is_gone_on_with(app: Flask, system: Any) -> None:
    """Killed before each of its first statements, and then at each later one: nothing is lost or there twice."""
    with system() as session:
        # each number is that of two, first and last, so that most pairs lie in two portions
        session.add_all(
            Client(name=f"Firm {n % 12}", phone=f"601 202 {n % 12:03}", email=f"{n}@x.example")
            for n in range(24)
        )
        session.commit()
        alone()
    for last in (3, 6, 9, 13, 18, 24):
        pid = in_child(app, lambda: _search(portion=5), last)
        os.waitpid(pid, 0)
    with system():
        alone()
        _search(portion=5)
        assert _state() == (12, 0)
        look_at_all(db.session())
        db.session.commit()
        _search(portion=7)
        assert _state() == (12, 0)


def _search(portion: int) -> None:
    while look_at_portion(portion):
        pass


def _state() -> tuple[int | None, int | None]:
    """How many pairs are known, and how many clients wait."""
    return db.session.scalar(select(func.count(DuplicatePair.id))), db.session.scalar(
        select(func.count(DuplicateTodo.id))
    )
