"""An attribute gets another type or goes: no value is lost unseen, and undo brings all back."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from crm.errors import RuleError
from crm.models import AttributeDefinition, AttributeValue, Change, Client, Operation
from crm.services.attributes import changes as attribute_changes
from crm.services.attributes import options as attribute_options
from crm.services.attributes import values as attributes
from crm.services.attributes.options import OptionRow
from crm.services.undo.operation import undo
from tests.attributes.defining import VALUES, define, few_examples, rows_of, value_of
from tests.filled_form import opened

CONVERSIONS = [
    ("text", "1 234,5", "number", Decimal("1234.5")), ("text", "12", "integer", 12), ("number", "12", "integer", 12),
    ("integer", 7, "number", Decimal(7)), ("text", "2026-02-28", "date", date(2026, 2, 28)),
    ("date", "2026-02-28", "text", "2026-02-28"), ("text", "yes", "yes_no", True), ("yes_no", False, "text", "No"),
    ("text", "Teal", "word", "Teal"), ("text", "Teal, Pink", "words", ["Teal", "Pink"]),
    ("word", "Red", "words", ["Red"]),
    ("words", ["Red", "Blue"], "text", "Red, Blue"), ("words", ["Red"], "word", "Red"), ("text", "a", "long_text", "a"),
    ("long_text", "a", "text", "a"), ("word", "Red", "text", "Red"),
]  # fmt: skip


@pytest.mark.both_engines
def test_types_change_with_their_values(system: Any, make_client: Any) -> None:
    number = make_client("Acme")
    with system() as session:
        for n, (old, value, new, wanted) in enumerate(CONVERSIONS):
            definition, client = define(session, old, key=f"k{n}"), session.get(Client, number)
            attributes.set_attributes(client, {definition.key: value})
            session.commit()
            assert attribute_changes.change_type(definition, new) == []
            session.commit()
            assert (definition.type, value_of(client, definition.key)) == (new, wanted)


def test_a_type_changes_only_when_every_value_converts(system: Any, sign_in: Any, make_client: Any) -> None:
    good, bad = make_client("Good", email="a@b.pl"), make_client("Bad one", email="a@b.pl")
    with system() as session:
        define(session, "text", key="it")
        attributes.set_attributes(session.get(Client, good), {"it": "12"})
        attributes.set_attributes(session.get(Client, bad), {"it": "a dozen"})
        session.commit()
    office, url = sign_in("office"), "/crm/attributes/edit/1"
    answer = office.post(url, data=opened(office, url).change(type="integer", label="Changed"))
    assert answer.status_code == 422
    assert f"/crm/clients/show/{bad}" in answer.text and "a dozen" in answer.text
    assert f"/crm/clients/show/{good}" not in answer.text and "1 value cannot" in answer.text
    office.post(f"/crm/clients/delete/{bad}")
    answer = office.post(url, data=opened(office, url).change(type="integer"))
    assert "/crm/clients/trash/?search=Bad+one" in answer.text, "what is in the trash can be found there"
    assert office.get("/crm/clients/trash/?search=Bad+one").text.count("Bad one") > 0
    assert office.post(f"/crm/clients/trash/restore/{bad}").status_code == 302
    with system() as session:
        definition = session.get(AttributeDefinition, 1)
        assert (definition.type, definition.label) == ("text", "Text")
        assert attributes.values_of_clients([good, bad]) == {good: {"it": "12"}, bad: {"it": "a dozen"}}
        definition.type = "integer"
        with pytest.raises(RuleError):
            session.flush()
        session.rollback()


@pytest.mark.both_engines
@pytest.mark.parametrize("text", ['"', ",", '"", ,'])
def test_a_text_without_words_is_no_list_of_words(system: Any, make_client: Any, text: str) -> None:
    with system() as session:
        client = session.get(Client, make_client("Acme"))
        definition = define(session, "text", key="it")
        attributes.set_attributes(client, {"it": text})
        session.commit()
        assert [one.value for one in attribute_changes.change_type(definition, "words")] == [text]
        session.commit()
        assert (definition.type, value_of(client, "it")) == ("text", text)


@pytest.mark.parametrize("old", VALUES)
@few_examples
@given(data=st.data())
def test_a_change_of_type_loses_no_value(system: Any, old: str, data: Any) -> None:
    """To any type: either nothing changes, or going back by way of the texts gives the same again."""
    new = data.draw(st.sampled_from(sorted(VALUES)))
    given_values = data.draw(st.lists(VALUES[old], min_size=1, max_size=3))
    with system() as session:
        definition = define(session, old)
        clients = [Client(name=f"C{n}") for n, _value in enumerate(given_values)]
        for client, value in zip(clients, given_values, strict=True):
            attributes.set_attributes(client, {definition.key: value})
        session.add_all(clients)
        session.commit()
        before = [value_of(client, definition.key) for client in clients]
        failed = attribute_changes.change_type(definition, new)
        session.commit()
        after = [value_of(client, definition.key) for client in clients]
        assert None not in after
        if failed:
            assert (definition.type, after) == (old, before)
        else:
            assert definition.type == new
            assert len({str(value) for value in after}) <= len({str(value) for value in before})


@pytest.mark.both_engines
def test_deleting_an_attribute_says_how_many_and_is_logged(
    system: Any, sign_in: Any, make_client: Any
) -> None:
    ids = [make_client(f"C{n}") for n in range(3)]
    with system() as session:
        define(session, "words", key="it")
        for number in ids:
            attributes.set_attributes(session.get(Client, number), {"it": ["Red", "Blue"]})
        session.commit()
    office = sign_in("office")
    assert "its values at 3 clients" in office.get("/crm/attributes/usage").text
    assert office.post("/crm/attributes/delete/1").status_code == 302
    with system() as session:
        assert session.scalar(select(AttributeDefinition.id)) is None
        assert session.scalar(select(AttributeValue.id)) is None
        gone = session.scalars(select(Change).where(Change.action == "delete")).all()
        kinds = [change.table_name for change in gone]
        assert kinds.count("attribute_value") == 6 and kinds.count("attribute_option") == 3
        assert {change.client_id for change in gone if change.table_name == "attribute_value"} == set(ids)
        assert all(
            change.before["definition_id"] == 1 for change in gone if change.table_name == "attribute_value"
        )


@pytest.mark.both_engines
def test_deleting_renaming_replacing_and_changing_type_can_be_undone(system: Any, make_client: Any) -> None:
    ids = [make_client(f"C{n}") for n in range(3)]
    with system() as session:
        define(session, "words", key="it")
        for number in ids:
            attributes.set_attributes(session.get(Client, number), {"it": ["Red", "Blue"]})
        session.commit()
        before = attributes.values_of_clients(ids)
        swap = {"Red": "Blue", "Blue": "Red"}
        for work in (
            attribute_changes.delete_definition,
            lambda it: attribute_changes.change_type(it, "text"),
            lambda it: attribute_options.save_options(it, rows_of(it, Red=str(it.options[1].id))),
            lambda it: attribute_options.save_options(
                it, [OptionRow(o.id, swap.get(o.label, o.label)) for o in it.options]
            ),
        ):
            work(session.scalars(select(AttributeDefinition)).one())
            session.commit()
            assert attributes.values_of_clients(ids) != before
            undo(session.scalars(select(Operation.id).order_by(Operation.id.desc())).first())
            session.commit()
            session.expire_all()
            assert attributes.values_of_clients(ids) == before
