"""Attributes: every type keeps what was typed; renaming, replacing and changing types lose nothing (D1 to D5)."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask_babel import force_locale
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from crm.errors import Invalid, RuleError
from crm.models import AttributeDefinition, AttributeOption, AttributeValue, Change, Client, Operation
from crm.models.folding import fold
from crm.services.attributes import changes as attribute_changes
from crm.services.attributes import options as attribute_options
from crm.services.attributes import reading as attribute_reading
from crm.services.attributes import values as attributes
from crm.services.attributes.options import DELETE, OptionRow
from crm.services.attributes.reading import read_value
from crm.services.reading import Unreadable
from crm.services.undo.operation import undo
from tests.attributes.defining import WORDS, define
from tests.filled_form import FilledForm, opened

slow = settings(
    max_examples=15, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


def value_of(client: Client, key: str) -> Any:
    return attributes.values_of_clients([client.id]).get(client.id, {}).get(key)


line = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=80).filter(
    str.strip
)
VALUES = {
    "text": line,
    "long_text": st.lists(line, min_size=1, max_size=4).map("\n".join),
    "number": st.decimals(-(10**11), 10**11, places=6),
    "integer": st.integers(-(2**31) + 1, 2**31 - 1),
    "date": st.dates(),
    "money": st.decimals(-(10**11), 10**11, places=2),
    "date_time": st.datetimes(timezones=st.just(UTC)),
    "link": st.sampled_from(["https://example.com/a?b=ż", "HTTP://x.pl:81/"]),
    "yes_no": st.booleans(),
    "word": st.sampled_from(WORDS),
    "words": st.lists(st.sampled_from(WORDS), min_size=1, unique=True),
}


def plain(kind: str, value: Any) -> Any:
    """A value as it is expected back."""
    if isinstance(value, str):
        return value.strip()
    return sorted(value, key=WORDS.index) if kind == "words" else value


# -- types x values


@pytest.mark.parametrize("kind", VALUES)
@slow
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


# -- the card


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


# -- the admin's pages


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


# -- words: renaming, replacing, deleting


def rows_of(definition: AttributeDefinition, **instead: str) -> list[OptionRow]:
    return [OptionRow(o.id, o.label, instead.get(o.label, "")) for o in definition.options]


@slow
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


# -- type and deletion


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


@pytest.mark.parametrize("old", VALUES)
@slow
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
