"""The words of an attribute: renamed, replaced and deleted without a value lost."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from crm.errors import RuleError
from crm.models import AttributeDefinition, Change, Client
from crm.models.folding import fold
from crm.services.attributes import options as attribute_options
from crm.services.attributes import reading as attribute_reading
from crm.services.attributes import values as attributes
from crm.services.attributes.options import DELETE, OptionRow
from tests.attributes.defining import WORDS, define, few_examples, line, rows_of, value_of
from tests.filled_form import opened


@few_examples
@given(names=st.lists(line, min_size=3, max_size=3, unique_by=lambda name: fold(" ".join(name.split()))))
def test_renaming_words_keeps_every_value(system: Any, names: list[str]) -> None:
    if not all(fold(" ".join(name.split())) for name in names):
        return
    with system() as session:
        definition = define(session, "words")
        clients = [Client(name=word) for word in WORDS]
        for client in clients:
            attributes.set_attributes(client, {definition.key: [client.name]})
        session.add_all(clients)
        session.commit()
        rows = [OptionRow(o.id, name) for o, name in zip(definition.options, names, strict=True)]
        attribute_options.save_options(definition, rows)
        session.commit()
        found = [value_of(client, definition.key) for client in clients]
        assert found == [[" ".join(name.split())] for name in names]


def test_a_list_has_only_so_many_words(system: Any, sign_in: Any, make_client: Any, monkeypatch: Any) -> None:
    """Texts that are all different make no list: nobody could choose from it, or edit it."""
    clients = [make_client(f"C{n}", email="a@b.pl") for n in range(4)]
    for module in (attribute_reading, attribute_options):
        monkeypatch.setattr(module, "MOST_WORDS", 3)
    with system() as session:
        define(session, "text", key="it")
        define(session, "word", key="full")
        for n, client in enumerate(clients):
            attributes.set_attributes(session.get(Client, client), {"it": f"No {n}"})
        session.commit()
    office = sign_in("office")
    url = "/crm/attributes/edit/1"
    refused = office.post(url, data=opened(office, url).change(type="word"))
    assert refused.status_code == 422 and "A list has at most 3 words." in refused.text
    url = f"/crm/clients/attribute/{clients[0]}/full"
    refused = office.post(url, data={"attr_full": "Fourth"})
    assert refused.status_code == 422 and "A list has at most 3 words." in refused.text
    url = "/crm/attributes/edit/2"
    sent = opened(office, url).change(**{"options-label": [*WORDS, "Fourth"]})
    refused = office.post(url, data=sent)
    assert refused.status_code == 422 and "A list has at most 3 words." in refused.text
    with system() as session:
        assert session.get(AttributeDefinition, 1).options == []
        assert value_of(session.get(Client, clients[3]), "it") == "No 3"


def test_two_words_swap_their_names(system: Any) -> None:
    with system() as session:
        definition = define(session, "word")
        red, green, blue = definition.options
        client = Client(name="Acme")
        attributes.set_attributes(client, {definition.key: "Red"})
        session.add(client)
        session.commit()
        swapped = [OptionRow(red.id, "Green"), OptionRow(green.id, "Red"), OptionRow(blue.id, "Blue")]
        attribute_options.save_options(definition, swapped)
        session.commit()
        assert value_of(client, definition.key) == "Green"


@pytest.mark.both_engines
def test_a_word_in_use_goes_only_with_a_replacement(system: Any) -> None:
    with system() as session:
        definition = define(session, "words")
        _red, green, _blue = definition.options
        clients = [Client(name="R"), Client(name="RG"), Client(name="G")]
        for client, words in zip(clients, (["Red"], ["Red", "Green"], ["Green"]), strict=True):
            attributes.set_attributes(client, {definition.key: words})
        session.add_all(clients)
        session.commit()
        with pytest.raises(RuleError) as refusal:
            attribute_options.save_options(definition, rows_of(definition, Red=DELETE))
        assert refusal.value.field == "options"
        session.rollback()
        attribute_options.save_options(definition, rows_of(definition, Red=str(green.id), Blue=DELETE))
        session.commit()
        assert [value_of(client, definition.key) for client in clients] == [["Green"]] * 3
        assert [option.label for option in definition.options] == ["Green"]
        logged = session.scalars(
            select(Change.client_id).where(Change.table_name == "attribute_value", Change.step > 1)
        )
        assert {clients[0].id, clients[1].id} <= set(logged), "each client's history tells it"


def test_options_on_the_page(sign_in: Any, system: Any, make_client: Any) -> None:
    client = make_client("Acme", email="a@b.pl")
    with system() as session:
        define(session, "word", key="it")
        attributes.set_attributes(session.get(Client, client), {"it": "Red"})
        session.commit()
    office, url = sign_in("office"), "/crm/attributes/edit/1"
    form = opened(office, url)
    assert form.values["options-label"] == [*WORDS, ""]
    for labels, message in (
        (["Red", "red", "Blue", ""], "is there twice"),
        (["Red", "", "Blue", ""], "Every word needs"),
    ):
        answer = office.post(url, data=form.change(**{"options-label": labels}))
        assert answer.status_code == 422 and message in answer.text
    refused = office.post(url, data=form.change(**{"options-instead": ["delete", "", "", ""]}))
    assert refused.status_code == 422 and "is in use" in refused.text
    for rows in (
        {"options-instead": ["None", "", "", ""], "options-label": [*WORDS, "Pink"]},
        {"options-id": ["1", "1", "3", ""], "options-instead": ["1", "", "", ""]},
    ):
        assert office.post(url, data=form.change(**rows)).status_code == 422, "nothing a page would send"
    sent = form.change(
        **{"options-label": ["Crimson", "Green", "Blue", "Pink"], "options-instead": ["", "3", "", ""]}
    )
    assert office.post(url, data=sent).status_code == 302
    assert opened(office, url).values["options-label"] == ["Crimson", "Blue", "Pink", ""]
    with system():
        assert attributes.values_of_clients([client])[client] == {"it": "Crimson"}
