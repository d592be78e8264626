"""A record type is a model, about ten lines and a migration: everything else comes out of them."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from crm.declaration_check import DeclarationError
from crm.extensions import db
from crm.models import Change, Client, Note, TimelineEntry
from crm.records import RECORDS
from crm.registry import Kind, RecordType
from crm.security.visibility import as_system
from crm.services.merging.merge import merge
from crm.services.setup import initialise
from tests.ring import RING, Ring


@pytest.fixture
def product(app: Flask, make_app: Any) -> Flask:
    """The product with rings, set up as `flask crm init` does."""
    with_rings = make_app(records=(*RECORDS, RING))
    with with_rings.app_context():
        initialise()
    return with_rings


def test_a_declared_type_is_everywhere(product: Flask, sign_in: Any, make_client: Any) -> None:
    acme, other = make_client("Acme", assignees=["alice"]), make_client("Other", assignees=["alice"])
    alice = sign_in("alice", product)

    # add, from the card's + Add
    assert f"/crm/rings/add?client={acme}" in alice.get(f"/crm/clients/show/{acme}").text
    saved = alice.post(f"/crm/rings/add?client={acme}", data={"client": acme, "engraving": "Forever"})
    assert saved.status_code == 302
    assert saved.location.endswith(f"/crm/clients/show/{acme}")

    # list, show, box, timeline, search
    assert "Forever" in alice.get("/crm/rings/list/").text
    assert "Forever" in alice.get("/crm/rings/show/1").text
    assert "Forever" in alice.get(f"/crm/clients/show/{acme}").text
    assert "Forever" in alice.get(f"/crm/clients/timeline/{acme}").text
    assert "Forever" in alice.get("/crm/search?q=forev").text
    assert "Rings" in alice.get("/").text

    # API, edit, permissions
    assert alice.get("/api/v1/rings/").json["result"][0]["engraving"] == "Forever"
    assert alice.post("/crm/rings/edit/1", data={"engraving": "For ever"}).status_code == 302
    vera = sign_in("vera", product)
    assert vera.get("/crm/rings/list/").status_code == 200
    assert vera.get("/crm/rings/add").status_code == 403
    assert vera.post("/api/v1/rings/", json={"engraving": "x", "client": acme}).status_code == 403

    # history, merge
    with product.app_context(), as_system():
        assert db.session.scalar(
            select(Change.id).where(Change.table_name == "ring", Change.client_id == acme)
        )
        merge(acme, other)
        db.session.commit()
        assert db.session.get(Ring, 1).client_id == other
        moved = select(TimelineEntry.client_id).where(TimelineEntry.kind == "ring")
        assert list(db.session.scalars(moved)) == [other]

    # delete
    assert alice.post("/crm/rings/delete/1").status_code == 302
    assert alice.get("/crm/rings/show/1").status_code == 404


def test_foreign_rows_of_a_declared_type_are_nowhere(product: Flask, sign_in: Any, make_client: Any) -> None:
    foreign = make_client("Foreign", assignees=["charlie"])
    with product.app_context(), as_system():
        db.session.add(Ring(client_id=foreign, engraving="Secret"))
        db.session.commit()
    alice = sign_in("alice", product)
    for url in ("/crm/rings/list/", "/crm/search?q=secret", "/api/v1/rings/", "/crm/rings/choices?q=secret"):
        assert "Secret" not in alice.get(url).text
    assert alice.get("/crm/rings/show/1").status_code == 404
    assert alice.post("/crm/rings/edit/1", data={"engraving": "x"}).status_code == 404
    assert alice.post("/crm/rings/delete/1").status_code == 404


TWO_KINDS = (Kind("long", "Long note", "Long notes", "fa-x"), Kind("short", "Short", "Shorts", "fa-x"))


def note(**changes: Any) -> RecordType:
    options = {"model": Note, "label": "Note", "plural": "Notes", "icon": "fa-x", "columns": [Note.text],
               "fields": [Note.text]}  # fmt: skip
    return RecordType(**{**options, **changes})


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"columns": [Client.name]}, "note: columns has Client.name, which Note has not."),
        ({"search": [Client.name]}, "note: search has Client.name, which Note has not."),
        ({"module": "magic"}, "note: there is no module 'magic'."),
        ({"actions": frozenset({"list", "fly"})}, "note: there is no action 'fly'."),
        ({"actions": frozenset({"show"})}, "note: stands in the menu but has no list."),
        ({"columns": []}, "note: has no columns."),
        ({"box": False, "always_box": True}, "note: always_box without box."),
        ({"labels": {"txt": "Text"}}, "note: labels, choices or badges name 'txt', which is not shown."),
        ({"filled_in": [Note.pinned]}, "note: filled_in names 'pinned', which is no field."),
        ({"filters": [Client.stars]}, "note: filters has Client.stars, which Note has not."),
        ({"filters": [Note.text]}, "note: a list cannot be filtered by text."),
        ({"kinds": TWO_KINDS}, "note: has kinds but no column that tells them apart."),
        ({"kind": Client.kind, "kinds": TWO_KINDS}, "note: kind has Client.kind, which Note has not."),
        (
            {"kind": Note.changed_by_id, "kinds": TWO_KINDS},
            "note: changed_by_id is no column that always says a kind.",
        ),
        (
            {"kind": Note.text, "kinds": TWO_KINDS, "choices": {"text": [("a", "A")]}},
            "note: the choices of text are its kinds already.",
        ),
        (
            {"kind": Note.text, "kinds": TWO_KINDS[:1]},
            "note: kinds are two or more, each with a value of its own.",
        ),
        (
            {"kind": Note.text, "kinds": (Kind("Big one", "B", "B", "fa-x"), *TWO_KINDS)},
            "note: the kind 'Big one' cannot stand in an address.",
        ),
        ({"kind": Note.pinned, "kinds": TWO_KINDS}, "note: pinned is False at first, which is no kind."),
    ],
)
def test_a_wrong_declaration_stops_with_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DeclarationError) as refusal:
        note(**changes)
    assert str(refusal.value) == sentence


def test_two_types_of_one_table_stop_the_start(make_app: Any) -> None:
    with pytest.raises(DeclarationError, match="Two record types have the same table"):
        make_app(records=(*RECORDS, note()))
