"""A new key for sensitive values: everything is sealed under it, and `kill -9` at any point loses nothing."""

import os
import random
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Text, select, type_coerce

from crm.errors import KeyMissing
from crm.extensions import db
from crm.models import AttributeDefinition, AttributeOption, AttributeValue, Change, Client, Operation
from crm.models.sealing import key_file, ring
from crm.security.visibility import as_system
from crm.services import key_rotation
from crm.services.attributes import sealing as attribute_sealing
from crm.services.attributes.matching import equals
from crm.services.attributes.values import set_attributes, values_of
from crm.services.undo.operation import undo
from tests.killing import alone, in_child

SECRET = "ABA 300000"


@pytest.fixture
def client(app: Flask, make_client: Any, monkeypatch: pytest.MonkeyPatch) -> int:
    """A client with sealed values that have a past."""
    for module in (attribute_sealing, key_rotation):
        monkeypatch.setattr(module, "PORTION", 1)
    number = make_client("Acme")
    with app.app_context(), as_system() as session:
        words = [AttributeOption(label=label) for label in ("Nickel", "Latex")]
        session.add_all([
            AttributeDefinition(label="ID card", key="id_card", type="text", sensitive=True),
            AttributeDefinition(label="Allergies", key="allergies", type="words", sensitive=True, options=words),
            AttributeDefinition(label="Salary", key="salary", type="money", sensitive=True),
        ])  # fmt: skip
        session.commit()
        client = session.get(Client, number)
        for values in ({"id_card": "old", "allergies": ["Latex"], "salary": 1},
                       {"id_card": SECRET, "allergies": ["Nickel", "Latex"], "salary": None}):  # fmt: skip
            set_attributes(client, values)
            session.commit()
    return number


def sealed() -> list[str]:
    """Every ciphertext, in rows and history."""
    rows = db.session.scalars(select(type_coerce(AttributeValue.__table__.c.secret, Text))).all()
    log = db.session.execute(
        select(Change.before, Change.after).where(Change.table_name == "attribute_value")
    )
    return [*rows, *(side["secret"] for row in log for side in row if side and side.get("secret"))]


def check(client_id: int) -> None:
    """All values can be read, found and are sealed under keys of the ring."""
    client = db.session.get(Client, client_id, populate_existing=True)
    assert values_of(client) == {"id_card": SECRET, "allergies": ["Nickel", "Latex"]}
    definitions = {one.key: one for one in db.session.scalars(select(AttributeDefinition))}
    nickel = next(o for o in definitions["allergies"].options if o.label == "Nickel")
    for key, value in (("id_card", SECRET.lower()), ("allergies", [nickel])):
        asked = select(AttributeValue.client_id).where(equals(definitions[key], value))
        assert db.session.scalars(asked).all() == [client_id]


@pytest.mark.both_engines
def test_everything_is_sealed_under_the_new_key(app: Flask, client: int) -> None:
    with app.app_context(), as_system() as session:
        before = sealed()
        assert len(before) == 10
        for _again in range(2):
            assert key_rotation.rotate() == 4
            name = ring()[0].name
            assert [one.rpartition(".")[0] for one in sealed()] == [name] * 10
            assert len(key_file().read_text().split()) == 1
            check(client)
        assert not set(before) & set(sealed())
        last = session.scalar(select(Operation.id).order_by(Operation.id.desc()).limit(1))
        assert undo(last).left == []
        session.commit()
        assert values_of(session.get(Client, client)) == {
            "id_card": "old",
            "allergies": ["Latex"],
            "salary": 1,
        }
        # the file is lost: said so, and nothing is overwritten
        key_file().rename(key_file().with_suffix(".away"))
        with pytest.raises(KeyMissing):
            values_of(session.get(Client, client))


def test_keys_from_the_environment(app: Flask, client: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.app_context(), as_system():
        for keys in (("first key of sixteen",), ("second key of sixteen", "first key of sixteen")):
            monkeypatch.setitem(app.config, "CRM_ENCRYPTION_KEYS", keys)
            key_rotation.rotate()
        monkeypatch.setitem(app.config, "CRM_ENCRYPTION_KEYS", ("second key of sixteen",))
        check(client)
        assert key_rotation.rotate() == 0
        assert not key_file().exists()


@pytest.mark.both_engines
@pytest.mark.parametrize("runs", [8, pytest.param(60, marks=pytest.mark.slow)])
def test_killed_anywhere(app: Flask, client: int, runs: int) -> None:
    chance = random.Random(runs)
    for _run in range(runs):
        pid = in_child(app, lambda: key_rotation.rotate(), chance.randint(1, 40))
        os.waitpid(pid, 0)
        with app.app_context(), as_system():
            alone()
            check(client)
            db.session.remove()
    with app.app_context(), as_system():
        key_rotation.rotate()
        check(client)
        assert {one.rpartition(".")[0] for one in sealed()} == {ring()[0].name}
        assert len(key_file().read_text().split()) == 1
