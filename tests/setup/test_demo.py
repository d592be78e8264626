"""Demo data: the same for the same seed, whole on both engines, and refused where others could sign in."""

import random
from typing import Any

import pytest
import stdnum.be.vat
import stdnum.pl.nip
from flask import Flask
from sqlalchemy import func, select, update

from crm.demo import people
from crm.demo.generate import make_demo
from crm.extensions import db
from crm.models import (
    AttributeDefinition,
    AttributeValue,
    Client,
    Contact,
    ContactExternalId,
    ContactTag,
    Deal,
    Invoice,
    InvoiceLine,
    Note,
    Relationship,
    SearchEntry,
    Task,
    TimelineEntry,
    Transaction,
    WorkTime,
)
from crm.models.types import utc_now
from crm.security.visibility import as_system, including_hidden

KINDS = (
    Client,
    Contact,
    ContactTag,
    ContactExternalId,
    Note,
    Task,
    Deal,
    Invoice,
    InvoiceLine,
    Transaction,
    Relationship,
    AttributeValue,
    SearchEntry,
    TimelineEntry,
)


def contents() -> dict[str, Any]:
    """What was made, without the moments."""
    with including_hidden():
        names = list(db.session.scalars(select(Client.name).order_by(Client.id)))
        counts = {model.__tablename__: db.session.scalar(select(func.count(model.id))) for model in KINDS}
    return {"names": names, **counts}


@pytest.mark.both_engines
def test_every_kind_is_there_and_consistent(app: Flask, sign_in: Any) -> None:
    with app.app_context(), as_system():
        make_demo(120, seed=7)
        found = contents()
        assert len(found["names"]) == 120
        assert all(found.values())
        per_client = select(func.count(Contact.id)).where(Contact.is_primary).group_by(Contact.client_id)
        assert set(db.session.scalars(per_client)) == {1}
        with_contacts = select(func.count(Contact.client_id.distinct()))
        primaries = select(func.count(Contact.id)).where(Contact.is_primary)
        assert db.session.scalar(with_contacts) == db.session.scalar(primaries)
        applies_to = select(AttributeDefinition.applies_to).join_from(AttributeValue, AttributeDefinition)
        assert set(db.session.scalars(applies_to)) == {"client", "contact"}
        make_demo(1, seed=8)
        db.session.remove()
    admin = sign_in("admin")
    assert admin.post("/crm/notes/add", data={"client": 1, "text": "numbers go on"}).status_code == 302
    assert admin.get("/crm/clients/show/1").status_code == 200


def test_the_same_seed_gives_the_same_data(make_app: Any, app: Flask, prepared: Any) -> None:
    found = []
    for _ in range(2):
        prepared("sqlite").refresh()
        with app.app_context(), as_system():
            make_demo(40, seed=3)
            found.append(contents())
            db.session.remove()
    assert found[0] == found[1]


def test_it_is_refused_where_others_could_sign_in(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "CRM_LOOPBACK", False)
    answer = app.test_cli_runner().invoke(args=["crm", "demo", "--clients", "1"])
    assert answer.exit_code == 1
    assert "CRM_HOST" in str(answer.exception) or "CRM_HOST" in answer.output


def test_tax_ids_are_right() -> None:
    chance = random.Random(1)
    for country, check in (("PL", stdnum.pl.nip), ("BE", stdnum.be.vat)):
        for number in (people.tax_id(chance, country) for _ in range(200)):
            assert check.is_valid(number.removeprefix(country).strip()), number


def test_more_of_it_beside_what_lies_in_the_trash(app: Flask) -> None:
    """The same seed would give the same hours once more: those that are taken stay taken."""
    with app.app_context(), as_system():
        make_demo(120, 3)
        clients, hours = Client.__table__, WorkTime.__table__
        connection = db.session.connection()
        connection.execute(update(clients).values(deleted_at=utc_now()))
        db.session.commit()
        before = db.session.connection().scalar(select(func.count(hours.c.id)))
        make_demo(120, 3)
        assert db.session.connection().scalar(select(func.count(hours.c.id))) > before > 0
