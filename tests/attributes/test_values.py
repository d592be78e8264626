"""Attribute values: every type keeps what was typed (D1 to D5), and an unset one is no value."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask_babel import force_locale
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from crm.errors import Invalid
from crm.models import AttributeOption, AttributeValue, Client
from crm.services.attributes import values as attributes
from crm.services.attributes.reading import read_value
from crm.services.reading import Unreadable
from tests.attributes.defining import VALUES, define, few_examples, plain, value_of


@pytest.mark.parametrize("kind", VALUES)
@few_examples
@given(data=st.data())
def test_a_value_comes_back_as_it_was_set(system: Any, kind: str, data: Any) -> None:
    first, second = data.draw(VALUES[kind]), data.draw(VALUES[kind])
    with system() as session:
        key = define(session, kind).key
        client = Client(name="Acme")
        attributes.set_attributes(client, {key: first})
        session.add(client)
        session.commit()
        assert value_of(client, key) == plain(kind, first)
        attributes.set_attributes(client, {key: second})
        session.commit()
        assert value_of(client, key) == plain(kind, second)
        attributes.set_attributes(client, {key: None})
        session.commit()
        assert value_of(client, key) is None
        assert session.scalar(select(AttributeValue.id).where(AttributeValue.client_id == client.id)) is None


@pytest.mark.both_engines
def test_all_types_at_one_client_in_one_query(system: Any, make_client: Any, count_queries: Any) -> None:
    values = {"text": "a", "long_text": "a\nb", "number": Decimal("1.5"), "integer": 3, "date": date(2026, 2, 28),
              "yes_no": False, "word": "Red", "words": ["Red", "Blue"]}  # fmt: skip
    ids = [make_client(f"C{n}") for n in range(3)]
    with system() as session:
        for kind in values:
            define(session, kind, key=kind)
        for number in ids:
            attributes.set_attributes(session.get(Client, number), values)
        session.commit()
        with count_queries() as statements:
            assert attributes.values_of_clients(ids) == dict.fromkeys(ids, values)
        assert len(statements) == 1


READ = [
    ("number", "1 234,5", Decimal("1234.5")),
    ("number", "1234.5", Decimal("1234.5")),
    ("number", "-0,000001", Decimal("-0.000001")),
    ("number", "1 234.50", Decimal("1234.5")),
    ("integer", "1 000", 1000),
    ("date", "2026-02-28", date(2026, 2, 28)),
    ("money", "1 234,50", Decimal("1234.5")),
    ("money", "EUR 7", Decimal(7)),
    ("money", {"amount": "7.10", "currency": "EUR"}, Decimal("7.1")),
    ("date_time", "2026-02-28 10:00", datetime(2026, 2, 28, 10, tzinfo=UTC)),
    ("link", "example.com/x", "https://example.com/x"),
    ("yes_no", "no", False),
    ("yes_no", "Tak", True),
    ("yes_no", True, True),
    ("word", "red", "Red"),
    ("words", "red, BLUE", ["Red", "Blue"]),
    ("words", ["Blue", "Red", "blue"], ["Red", "Blue"]),
    ("text", 12, "12"),
    ("text", "   ", None),
    ("word", "", None),
    ("words", [], None),
]


@pytest.mark.parametrize(("kind", "typed", "value"), READ)
def test_what_is_typed_is_understood(system: Any, kind: str, typed: Any, value: Any) -> None:
    with system() as session:
        key = define(session, kind).key
        client = Client(name="Acme")
        attributes.set_attributes(client, {key: typed})
        session.add(client)
        session.commit()
        assert value_of(client, key) == value


REFUSED = [
    ("number", "abc"), ("number", "1,2,3"), ("number", "1e5"), ("number", "NaN"), ("number", "1.0000001"),
    ("number", "9" * 30), ("integer", "1.5"), ("integer", "x"), ("integer", 2**40), ("date", "2026-02-31"),
    ("date", "31.12.2026"), ("date", "tomorrow"), ("date", 5), ("yes_no", "maybe"), ("word", "Yellow"),
    ("word", ["Red", "Blue"]), ("words", "Red, Yellow"), ("text", "a\nb"), ("text", "x" * 1001), ("text", {"a": 1}),
    ("text", "a\x00b"), ("long_text", "\ud800"),
    ("money", "7 PLN"), ("money", "0.001"), ("money", {}), ("date_time", "2026-02-30 10:00"), ("date_time", "noon"),
    ("link", "javascript:alert(1)"), ("link", "no address"), ("link", "https://a.pl/\nx"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "typed"), REFUSED)
def test_what_cannot_be_understood_is_refused_by_name(system: Any, kind: str, typed: Any) -> None:
    with system() as session:
        key = define(session, kind).key
        client = Client(name="Acme")
        session.add(client)
        session.commit()
        with pytest.raises(Invalid) as refusal:
            attributes.set_attributes(client, {key: typed, "nonsense": 1})
        assert set(refusal.value.errors) == {key, "nonsense"}
        session.rollback()
        assert value_of(client, key) is None


def test_an_amount_is_read_as_pages_show_it(system: Any) -> None:
    with system() as session:
        definition = define(session, "money")
        for language, typed in (("pl", "1 234,50\u00a0€"), ("en", "€1,234.50"), ("pl", "1234,5 eur")):
            with force_locale(language):
                assert read_value(definition, typed) == Decimal("1234.5"), typed
        definition.currency = "PLN"
        with force_locale("pl"):
            assert read_value(definition, "12 zł") == 12
            with pytest.raises(Unreadable):
                read_value(definition, "12 €")


def test_unset_is_not_no(system: Any, sign_in: Any, make_client: Any) -> None:
    client, alice = make_client("Acme", assignees=["alice"]), sign_in("alice")
    with system() as session:
        define(session, "yes_no", key="vip", label="Important")
    url = f"/crm/clients/attribute/{client}/vip"
    base = {"base": '{"attr_vip": ""}'}
    assert "No" not in alice.get(f"{url}?shown=yes").text
    assert "No" in alice.post(url, data={**base, "attr_vip": "no"}).text
    with system():
        assert attributes.values_of_clients([client])[client] == {"vip": False}


def test_words_unknown_are_added_for_who_may(system: Any) -> None:
    with system() as session:
        key = define(session, "words").key
        client = Client(name="Acme")
        attributes.set_attributes(client, {key: ["Red", "Teal"]}, add_words=True)
        session.add(client)
        session.commit()
        assert value_of(client, key) == ["Red", "Teal"]
        assert (
            session.scalars(select(AttributeOption.label).order_by(AttributeOption.position)).all()[-1]
            == "Teal"
        )
