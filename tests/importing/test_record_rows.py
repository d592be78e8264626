"""Rows of contacts, notes, deals, tasks and products written: whose they are, what is found, what is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from crm.extensions import db
from crm.models import Client, Contact, Deal, Note, Product, Tag, Task
from crm.models.types import utc_now
from crm.registry import registry
from crm.services.importing.plan import CREATE, KEYS, SKIP, Plan
from crm.services.importing.records import RecordRows
from crm.services.importing.rows import Result, Row
from crm.services.importing.writing import write_rows
from tests.importing.test_client_rows import verdicts, working


def put(key: str, *rows: dict[str, Any], **plan: Any) -> list[Result]:
    made = Plan(registry()[key], {}, **{"keys": tuple(KEYS[key]), **plan})
    found, _items = write_rows([Row(n, row) for n, row in enumerate(rows, 2)], RecordRows(made))
    db.session.commit()
    return found


@pytest.mark.both_engines
def test_whose_a_record_is(app: Flask, make_client: Callable[..., int], system: Callable[..., Any]) -> None:
    acme = make_client("Acme", email="a@x.example", tax_id="1234563218", assignees=["alice"])
    hidden = make_client("Hidden", email="h@x.example", assignees=["charlie"])
    gone = make_client("Gone", email="g@x.example")
    make_client("Twin")
    make_client("Twin")
    with system() as session:
        session.get(Client, gone).deleted_at = utc_now()
        session.commit()
    with working(app, "alice"):
        ways = [
            {"client_id": acme},
            {"client_tax_id": "PL1234563218"},
            {"client_email": "A@X.example"},
            {"client": "acme"},
        ]
        found = put("note", *({"text": f"note {n}", **way} for n, way in enumerate(ways)))
        assert verdicts(found) == ["created"] * 4
        lost = [
            {"client_id": hidden},
            {"client_email": "g@x.example"},
            {"client": "Twin"},
            {"client": "Nobody"},
            {},
        ]
        refused = put("note", *({"text": "lost", **way} for way in lost))
        assert [one.details for one in refused] == [
            {"client_id": ["There is no such client."]},
            {"client_email": ["There is no such client."]},
            {"client": ["There is no such client."]},
            {"client": ["There is no such client."]},
            {"client": ["Please fill this in."]},
        ]
    with working(app):
        assert put("note", {"text": "x", "client": "Twin"})[0].details == {
            "client": ["Several clients have this."]
        }
        # the same note twice is one
        again = put("note", *({"text": f"note {n}", "client_id": acme} for n in range(3)), strategy=SKIP)
        assert verdicts(again) == ["skipped"] * 3


@pytest.mark.both_engines
def test_what_is_found(app: Flask, make_client: Callable[..., int]) -> None:
    acme, other = make_client("Acme"), make_client("Other")
    with working(app) as session:
        rows = [
            {
                "first_name": "Jan",
                "email": "j@x.example",
                "client_id": acme,
                "external_id": "7",
                "tags": "Fair",
            },
            {"first_name": "Ola", "phone": "600100200", "client_id": acme},
            {"first_name": "Jan", "email": "J@x.example", "client_id": acme, "position": "boss"},
            {"first_name": "Jan", "email": "j@x.example", "client_id": other},
        ]
        found = put("contact", *rows, presets={"tags": ["New"]})
        assert verdicts(found) == ["created", "created", "updated", "created"]
        jan = session.get(Contact, found[0].record_id)
        assert (
            sorted(tag.name for tag in jan.tags) == ["Fair", "New"]
            and jan.position == "boss"
            and jan.is_primary
        )
        assert put("contact", {"email": "j@x.example"})[0].details == {
            "email": ["Several records have this."]
        }
        assert verdicts(put("contact", {"external_id": "7", "description": "x"})) == ["updated"]
        taken = put("contact", {"external_id": "7", "first_name": "X", "client_id": other}, strategy=CREATE)
        assert taken[0].details == {"external_id": ["Another contact has this external ID."]}
        products = [{"name": "Ring", "sku": "R1", "currency": "PLN", "vat_rate": "23", "sale_price": 100}]
        assert verdicts(put("product", *products)) == ["created"]
        assert verdicts(put("product", *products)) == ["unchanged"]
        assert put("product", {"sku": "R1", "sale_price": 120})[0].details == ["sale_price"]
        assert session.scalars(select(Product.sale_price)).all() == [120]
        deal = {"client": "Acme", "title": "Rings", "amount": "1000.50", "currency": "EUR", "stage": "new"}
        made = put("deal", deal, {**deal, "stage": "nonsense", "title": "Other"}, {**deal, "stage": "won"})
        assert verdicts(made) == ["created", "refused", "updated"]
        assert session.scalars(select(Deal.stage)).all() == ["won"]
        deal |= {"title": "With Jan", "contact": "jan"}
        assert verdicts(put("deal", deal, {**deal, "title": "X", "contact": "Ola K"})) == [
            "created",
            "refused",
        ]
        assert session.scalars(select(Deal.contact_id)).all()[-1] == found[0].record_id
        task = {"title": "Call", "client_id": acme, "done": True}
        made = put("task", task, {"title": "Own"}, presets={"assignees": ["bob"]})
        assert verdicts(made) == ["created", "created"]
        assert {user.username for one in session.scalars(select(Task)) for user in one.assignees} == {"bob"}
        number = made[0].record_id
        assert put("task", {"id": number, "title": "Call again"})[0].details == ["title"]
        assert put("task", {"id": 10**6, "title": "x"})[0].details == {"id": ["There is no such record."]}
        assert {tag.name for tag in session.scalars(select(Tag))} == {"Fair", "New"}


def test_only_ones_own(app: Flask, make_client: Callable[..., int]) -> None:
    acme = make_client("Acme", assignees=["alice"])
    with working(app, "bob"):
        note = put("note", {"text": "Bob's", "client_id": acme})[0].record_id
    with working(app, "alice") as session:
        assert put("note", {"id": note, "text": "mine"})[0].details == {"": ["You may not do this."]}
        assert session.get(Note, note).text == "Bob's"
    with working(app, "bob"):
        assert verdicts(put("note", {"id": note, "text": "better"})) == ["updated"]
    with working(app, "vera"):
        assert put("note", {"text": "no", "client_id": acme})[0].details == {"": ["You may not do this."]}
