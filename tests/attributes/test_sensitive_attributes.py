"""A sensitive text is ciphertext wherever it lies, and a mask for who may not see it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Text, cast, inspect, select, type_coerce

from crm.extensions import db
from crm.models import AttributeDefinition, AttributeOption, AttributeValue, Change, Client, Operation
from crm.security.masking import MASK
from crm.security.visibility import as_system
from crm.services.attributes.matching import equals
from crm.services.attributes.reading import read_value
from crm.services.attributes.reveals import SEEN
from crm.services.attributes.values import set_attributes, values_of_clients
from crm.services.clients.parts import lock
from crm.services.undo.operation import undo
from tests.filled_form import opened

SECRET = "ABA 300000"


@pytest.fixture
def client(app: Flask, make_client: Any) -> int:
    """A client of Alice's with an ID card number."""
    number = make_client("Acme", assignees=["alice"], email="a@example.com")
    with app.app_context(), as_system():
        db.session.add(AttributeDefinition(label="ID card", key="id_card", type="text", sensitive=True))
        db.session.commit()
        write(number, SECRET)
    return number


def write(client_id: int, value: str | None, key: str = "id_card") -> None:
    client = db.session.get(Client, client_id)
    lock(client)
    set_attributes(client, {key: value})
    db.session.commit()


def everything_stored() -> str:
    """All that the tables of values and of history hold, as the database has it."""
    values = AttributeValue.__table__
    found = [
        *db.session.connection().scalars(select(type_coerce(values.c.secret, Text))),
        *db.session.connection().scalars(select(values.c.text)),
        *db.session.connection().scalars(select(cast(Change.__table__.c.before, Text))),
        *db.session.connection().scalars(select(cast(Change.__table__.c.after, Text))),
    ]
    return "\n".join(filter(None, found))


@pytest.mark.both_engines
def test_it_lies_encrypted_and_can_be_undone(app: Flask, client: int) -> None:
    with app.app_context(), as_system():
        write(client, "XYZ 111111")
        assert db.session.scalars(select(AttributeValue.secret)).one() == "text:XYZ 111111"
        stored = everything_stored()
        assert SECRET not in stored
        assert "XYZ" not in stored
        operation = db.session.scalars(select(Change.operation_id).order_by(Change.id.desc())).first()
        undo(operation)
        db.session.commit()
        db.session.expire_all()
        assert db.session.scalars(select(AttributeValue.secret)).one() == f"text:{SECRET}"


@pytest.mark.both_engines
def test_a_text_that_becomes_sensitive_is_open_nowhere(app: Flask, make_client: Any) -> None:
    number = make_client("Acme", email="a@example.com")
    with app.app_context(), as_system():
        definition = AttributeDefinition(label="Passport", key="passport", type="text")
        db.session.add(definition)
        db.session.commit()
        write(number, "PP 123", key="passport")
        write(number, SECRET, key="passport")
        assert SECRET in everything_stored()
        definition.sensitive = True
        db.session.commit()
        db.session.expire_all()
        assert db.session.scalars(select(AttributeValue.secret)).one() == f"text:{SECRET}"
        assert SECRET not in everything_stored()
        assert "PP 123" not in everything_stored()


def test_who_may_not_see_it_sees_a_mask_everywhere(app: Flask, client: int, sign_in: Any) -> None:
    office, alice = sign_in("office"), sign_in("alice")
    card, api = f"/crm/clients/show/{client}", f"/api/v1/clients/{client}"
    assert SECRET not in office.get(card).text
    assert office.get(api).json["result"]["id_card"] == SECRET
    for url in (card, api, f"/crm/clients/edit/{client}", f"/crm/clients/timeline/{client}?all=1",
                "/crm/search?q=300000", "/crm/clients/list/?search=300000"):  # fmt: skip
        assert SECRET not in alice.get(url).text, url
    assert MASK in alice.get(card).text
    assert alice.get(api).json["result"]["id_card"] == MASK
    assert SECRET not in office.get(f"/crm/clients/timeline/{client}").text


def test_each_look_is_written_down(app: Flask, client: int, sign_in: Any) -> None:
    office, alice = sign_in("office"), sign_in("alice")
    reveal = f"/crm/clients/reveal/{client}/id_card"

    def looks() -> list[Any]:
        with app.app_context(), as_system():
            asked = select(Operation).where(Operation.kind == SEEN).order_by(Operation.id)
            return [(o.client_id, o.source, o.details["attributes"]) for o in db.session.scalars(asked)]

    page = office.get(f"/crm/clients/show/{client}").text
    assert MASK in page and f'hx-post="{reveal}"' in page and "field=attr.id_card" in page
    assert reveal not in alice.get(f"/crm/clients/show/{client}").text
    office.get("/crm/clients/list/?columns=name,attr.id_card")
    alice.get(f"/api/v1/clients/{client}")
    assert [alice.post(reveal).status_code, office.post(reveal.replace("id_card", "none")).status_code] == [
        404,
        404,
    ]
    assert office.get(reveal).status_code == 405
    edit = "/crm/attributes/edit/1"
    refused = office.post(edit, data=opened(office, edit).change(type="integer"))
    assert refused.status_code == 422 and MASK in refused.text and SECRET not in refused.text
    assert looks() == []
    assert SECRET in office.post(reveal).text
    assert SECRET in office.get(f"/crm/clients/attribute/{client}/id_card").text
    assert SECRET in office.get("/api/v1/clients/").text
    assert SECRET in office.get("/crm/clients/export?format=csv&columns=name,attr.id_card").text
    assert office.put(f"/api/v1/clients/{client}", json={"notes": "x"}).status_code == 200
    one = (client, "web", ["id_card"])
    by_api = (client, "api", ["id_card"])
    assert looks() == [one, one, by_api, (None, "web", ["id_card"]), by_api]


def test_who_may_not_see_it_does_not_write_it(app: Flask, client: int, sign_in: Any) -> None:
    alice = sign_in("alice")
    place = f"/crm/clients/attribute/{client}/id_card"
    assert alice.get(place).status_code == 404
    assert alice.post(place, data={"attr.id_card": "x"}).status_code == 404
    api = f"/api/v1/clients/{client}"
    assert alice.put(api, json={"id_card": "x"}).status_code == 422
    assert alice.put(api, json=alice.get(api).json["result"]).status_code == 200
    alice.post(f"/crm/clients/edit/{client}", data={"notes": "hello", "attr.id_card": "x"})
    with app.app_context(), as_system():
        assert db.session.scalars(select(AttributeValue.secret)).one() == f"text:{SECRET}"


def test_a_default_would_lie_open(app: Flask, sign_in: Any) -> None:
    form = {"label": "Passport", "type": "text", "sensitive": "y", "default": "x", "active": "y"}
    assert (
        "A sensitive attribute has no default."
        in sign_in("office").post("/crm/attributes/add", data=form).text
    )
    with app.app_context():
        assert "secret" in inspect(AttributeValue).columns


#: Of each type a value as it is sent, and as it is read back.
SENT = {
    "text": ("Łódź 1", "Łódź 1"),
    "long_text": ("two\nlines", "two\nlines"),
    "number": ("1 234,5", Decimal("1234.5")),
    "integer": ("7", 7),
    "money": ("99,90 EUR", Decimal("99.90")),
    "date": ("2026-02-28", date(2026, 2, 28)),
    "date_time": ("2026-11-21T10:30:00+01:00", datetime(2026, 11, 21, 9, 30, tzinfo=UTC)),
    "yes_no": ("no", False),
    "word": ("Red", "Red"),
    "words": (["Red", "Blue"], ["Red", "Blue"]),
    "link": ("example.com/a?b=1", "https://example.com/a?b=1"),
}


@pytest.mark.both_engines
def test_every_type_is_sealed_found_and_opened(app: Flask, make_client: Any) -> None:
    number = make_client("Acme", email="a@example.com")
    with app.app_context(), as_system():
        for kind in SENT:
            words = [AttributeOption(label=label) for label in ("Red", "Blue")] if "word" in kind else []
            currency = "EUR" if kind == "money" else None
            db.session.add(
                AttributeDefinition(label=kind, key=f"a_{kind}", type=kind, options=words, currency=currency)
            )
        db.session.commit()
        client = db.session.get(Client, number)
        lock(client)
        set_attributes(client, {f"a_{kind}": sent for kind, (sent, _read) in SENT.items()})
        db.session.commit()
        expected = {f"a_{kind}": read for kind, (_sent, read) in SENT.items()}
        open_log = sides_of_values()
        definitions = list(db.session.scalars(select(AttributeDefinition)))
        for sensitive in (False, True, False):
            for definition in definitions:
                definition.sensitive = sensitive
            db.session.commit()
            assert values_of_clients([number])[number] == expected
            stored = everything_stored()
            assert [word in stored for word in ("dź 1", "2026-02-28", "/a?b=1")] == [not sensitive] * 3
            for definition in definitions:
                sent = SENT[definition.type][0]
                asked = select(AttributeValue.client_id).where(
                    equals(definition, read_value(definition, sent))
                )
                assert set(db.session.scalars(asked)) == {number}, definition.type
        assert sides_of_values() == open_log


def sides_of_values() -> list[Any]:
    """What the log keeps of values, in its order."""
    asked = select(Change.before, Change.after).where(Change.table_name == "attribute_value")
    return [
        {name: value for name, value in side.items() if value is not None}
        for row in db.session.execute(asked.order_by(Change.id)) for side in row if side
    ]  # fmt: skip
