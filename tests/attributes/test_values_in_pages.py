"""Attribute values on the card and in the list, set in place."""

from typing import Any

import pytest

from crm.models import Client
from crm.services.attributes import values as attributes
from tests.attributes.defining import define
from tests.filled_form import FilledForm


def test_every_active_attribute_shows_on_the_card(system: Any, sign_in: Any, make_client: Any) -> None:
    client, alice = make_client("Acme", assignees=["alice"]), sign_in("alice")
    with system() as session:
        define(session, "text", label="Filled", group="First")
        define(session, "number", label="Blank one")
        define(session, "text", label="Gone", active=False)
        attributes.set_attributes(session.get(Client, client), {"filled": "<b>value</b>"})
        session.commit()
    page = alice.get(f"/crm/clients/show/{client}").text
    assert "&lt;b&gt;value" in page and "Blank one" in page and "First" in page and "Gone" not in page
    assert "Add attribute" not in page
    assert "Add attribute" in sign_in("office").get(f"/crm/clients/show/{client}").text
    vera = sign_in("vera").get(f"/crm/clients/show/{client}").text
    assert "Blank one" in vera and f"/crm/clients/attribute/{client}" not in vera


def test_an_attribute_can_be_a_column_of_the_list(system: Any, sign_in: Any, make_client: Any) -> None:
    client = make_client("Acme", assignees=["alice"])
    with system() as session:
        define(session, "words", label="Shown", in_list=True)
        define(session, "text", label="Unlisted")
        attributes.set_attributes(
            session.get(Client, client), {"shown": ["Red", "Blue"], "unlisted": "nowhere"}
        )
        session.commit()
    page = sign_in("alice").get("/crm/clients/list/").text
    assert "Shown" in page and "Blue" in page and "Unlisted" not in page and "nowhere" not in page


@pytest.mark.parametrize(("kind", "typed", "message"), [
    ("number", "abc", "This is not a number."), ("date", "2026-02-31", "This is not a date."),
    ("word", "Purple", "is not in the list"), ("word", "#99", "There is no such choice."),
    ("integer", "1,5", "A whole number"), ("text", "one\ntwo", "One line only."),
])  # fmt: skip
def test_in_place_the_mistake_stands_at_its_field(
    system: Any, sign_in: Any, make_client: Any, kind: str, typed: str, message: str
) -> None:
    client, alice = make_client("Acme", assignees=["alice"]), sign_in("alice")
    with system() as session:
        define(session, kind, key="it")
    url = f"/crm/clients/attribute/{client}/it"
    form = FilledForm(alice.get(url).text, "crm-inplace")
    answer = alice.post(url, data=form.change(attr_it=typed))
    assert answer.status_code == 422 and message in answer.text
    assert typed in answer.text, "what was typed is kept"


def test_in_place_is_for_editors_of_visible_clients(system: Any, sign_in: Any, make_client: Any) -> None:
    client = make_client("Acme", assignees=["alice"])
    with system() as session:
        define(session, "text", key="it")
    for name, code in (("charlie", 404), ("vera", 403)):
        for method in ("get", "post"):
            assert getattr(sign_in(name), method)(f"/crm/clients/attribute/{client}/it").status_code == code
    assert sign_in("alice").get(f"/crm/clients/attribute/{client}/nonsense").status_code == 404


def test_new_words_in_place(system: Any, sign_in: Any, make_client: Any) -> None:
    client = make_client("Acme", assignees=["alice"])
    with system() as session:
        define(session, "words", key="it")
    url = f"/crm/clients/attribute/{client}/it"
    sent = {"base": '{"attr_it": ""}', "attr_it": ["#1", "Teal"]}
    assert sign_in("alice").post(url, data=sent).status_code == 422, "a rep adds no words"
    office = sign_in("office")
    for kind, key in (("words", "it"), ("word", "one")):
        if key == "one":
            with system() as session:
                define(session, kind, key=key)
        place = f"/crm/clients/attribute/{client}/{key}"
        refused = office.post(place, data={f"attr_{key}": "x" * 101})
        assert refused.status_code == 422 and "At most 100" in refused.text and "x" * 101 in refused.text
        assert office.post(place, data={f"attr_{key}": "\u00a0"}).status_code == 200, "blank is nothing"
    answer = office.post(url, data=sent)
    assert answer.status_code == 200 and "Teal" in answer.text and "Red" in answer.text
