"""The admin's pages of attributes: defining, renaming, keys that stay."""

from typing import Any

import pytest

from crm.models import AttributeDefinition
from crm.services.attributes import values as attributes
from tests.attributes.defining import define
from tests.filled_form import opened


def test_an_attribute_is_defined_renamed_and_its_key_stays(
    sign_in: Any, system: Any, make_client: Any
) -> None:
    office, client = sign_in("office"), make_client("Acme", email="a@b.pl")
    form = opened(office, "/crm/attributes/add")
    assert form.values["active"] == ["y"]
    sent = form.change(label="Kolor ścian", type="word", default="Biały", **{
        "options-id": ["", ""], "options-label": ["Biały", "Żółty"], "options-instead": ["", ""]})  # fmt: skip
    assert office.post("/crm/attributes/add", data=sent).status_code == 302
    assert opened(office, "/crm/clients/add").values["attr_kolor_scian"] == ["#1"]
    office.post(f"/crm/clients/attribute/{client}/kolor_scian", data={"attr_kolor_scian": "#2", "base": "{}"})
    url = "/crm/attributes/edit/1"
    assert office.post(url, data=opened(office, url).change(label="Wall colour")).status_code == 302
    page = office.get("/crm/attributes/list/").text
    assert "Wall colour" in page and "kolor_scian" in page
    assert "1 client" in office.get("/crm/attributes/usage").text
    with system():
        assert attributes.values_of_clients([client])[client] == {"kolor_scian": "Żółty"}


@pytest.mark.parametrize(("fields", "message"), [
    ({"label": ""}, "Please fill this in."),
    ({"label": "X", "key": "Bad Key"}, "A key is made of a-z"),
    ({"label": "X", "key": "email"}, "Clients have a field of this name already."),
    ({"label": "X", "key": "tags"}, "Clients have a field of this name already."),
    ({"label": "X", "type": "robot"}, "Not a valid choice."),
    ({"label": "X", "type": "number", "default": "many"}, "This is not a number."),
    ({"label": "X", "type": "word", "default": "Pink"}, "is not in the list"),
])  # fmt: skip
def test_a_wrong_definition_is_refused_at_its_field(
    sign_in: Any, fields: dict[str, str], message: str
) -> None:
    office = sign_in("office")
    answer = office.post("/crm/attributes/add", data=opened(office, "/crm/attributes/add").change(**fields))
    assert answer.status_code == 422 and message in answer.text


def test_keys_made_of_labels_are_free_ones(system: Any) -> None:
    with system() as session:
        keys = [
            define(session, "text", label=label).key
            for label in ("E-mail", "Email", "Email", "2 Size", "€", "Źdźbło")
        ]
        assert len(set(keys)) == len(keys)
        assert "email" not in keys and keys[3:] == ["field_2_size", "field", "zdzblo"]


def test_reps_do_not_reach_the_definitions(sign_in: Any, system: Any) -> None:
    with system() as session:
        define(session, "text")
    alice = sign_in("alice")
    for url in ("list/", "add", "edit/1"):
        assert alice.get(f"/crm/attributes/{url}").status_code in (302, 403)
    assert alice.post("/crm/attributes/delete/1").status_code in (302, 403)
    with system() as session:
        assert session.get(AttributeDefinition, 1) is not None
