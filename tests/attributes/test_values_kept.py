"""Whatever is done to an attribute, no value is ever lost: random values, types and changes, and all of them undone."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from crm.errors import RuleError, StateConflict
from crm.extensions import db
from crm.models import (
    AttributeDefinition,
    AttributeOption,
    AttributeValue,
    Change,
    Client,
    Contact,
    Operation,
)
from crm.models.attribute import VALUE_COLUMNS
from crm.services.attributes import changes as attribute_changes
from crm.services.attributes import options as attribute_options
from crm.services.attributes.options import DELETE, OptionRow
from crm.services.attributes.values import set_attributes, values_of
from crm.services.history.log import forget_operation
from crm.services.undo import steps as undo_steps
from crm.services.undo.operation import undo

WORDS = ("Red", "Dark, red", '5" wide', "Blue")
OWNERS = 3
#: Texts that other types can be made of stand among those that they cannot.
texts = st.sampled_from(["5", "1 234,50", "-0.5", "yes", "nie", "2026-02-28", "example.com/a", "Red", "red, blue",
                         '"', 'a "b", c', "=1+1", "Łódź", "2026-02-28T10:00:00+01:00"])  # fmt: skip
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": texts,
    "long_text": texts | st.just("one\ntwo"),
    "number": st.decimals(-9999, 9999, places=3),
    "integer": st.integers(-3, 3) | st.integers(-(2**31) + 1, 2**31 - 1),
    "money": st.decimals(-9999, 9999, places=2),
    "date": st.dates(date(1900, 1, 1)),
    "date_time": st.datetimes(datetime(1900, 1, 1), datetime(2900, 1, 1), timezones=st.just(UTC)),
    "yes_no": st.booleans(),
    "word": st.sampled_from(WORDS),
    "words": st.lists(st.sampled_from(WORDS), min_size=1, unique=True),
    "link": st.sampled_from(["https://example.com/a,b", "http://x.pl"]),
}
types = st.sampled_from(sorted(VALUES))
which = st.integers(0, OWNERS - 1)
changes: dict[str, st.SearchStrategy[Any]] = {
    "set": st.tuples(st.just("set"), which, st.data()),
    "clear": st.tuples(st.just("clear"), which),
    # to types that hold nearly anything more often than chance would have it
    "type": st.tuples(st.just("type"), st.sampled_from(["text", "words", "long_text", "number"]) | types),
    "sensitive": st.tuples(st.just("sensitive"), st.booleans()),
    "rename": st.tuples(st.just("rename"), st.sampled_from(["Colour", "Shape"])),
    "word": st.tuples(st.just("word"), st.integers(0, 5), st.sampled_from(["Rose", "Tan"])),
    "replace": st.tuples(st.just("replace"), st.integers(0, 5), st.integers(0, 5)),
    "delete": st.tuples(st.just("delete")),
}
KINDS = ["type", "type", "type", "sensitive", "replace", "replace", "word", "set", "clear", "rename"]
#: Each change about so often, in any order, and perhaps a delete at the end.
plans = st.permutations(KINDS).flatmap(
    lambda kinds: st.tuples(*(changes[kind] for kind in kinds), changes["delete"])
)

Owner = Client | Contact


def clear() -> None:
    """Empty what the examples fill; the database is made once for all of them."""
    db.session.rollback()
    connection = db.session.connection()
    for model in (Change, AttributeValue, AttributeOption, AttributeDefinition):
        connection.execute(delete(model.__table__))
    forget_operation(db.session())
    db.session.commit()
    db.session.expunge_all()


def definition_of() -> AttributeDefinition:
    return db.session.scalars(select(AttributeDefinition)).one()


def state(owners: list[Owner]) -> Any:
    """What people see of the attribute and its values."""
    db.session.expire_all()
    definition = db.session.scalars(select(AttributeDefinition)).one_or_none()
    told = definition and (
        definition.label, definition.type, definition.sensitive, [o.label for o in definition.options]
    )  # fmt: skip
    values = [values_of(owner).get("it") for owner in owners]
    if definition is not None:
        check_form(definition)
    return told, values


def check_form(definition: AttributeDefinition) -> None:
    """Values stand where their attribute's type and flag say, and nowhere in the clear that are sealed."""
    column = "secret" if definition.sensitive else VALUE_COLUMNS[definition.type]
    names = {*VALUE_COLUMNS.values(), "secret"}
    for row in db.session.connection().execute(select(AttributeValue.__table__)):
        assert {name for name in names if getattr(row, name) is not None} == {column}
        assert (row.match_key is not None) == definition.sensitive
    log = select(Change.before, Change.after).where(Change.table_name == "attribute_value")
    for change in db.session.execute(log):
        for side in filter(None, change):
            kept = {name for name in names - {"secret"} if side.get(name) is not None}
            assert not kept or not definition.sensitive


def do(change: Any, owners: list[Owner]) -> None:
    """One change, committed. Raises RuleError or AssertionError."""
    kind, *rest = change
    definition = definition_of()
    if kind in ("set", "clear"):
        owner = owners[rest[0]]
        value = None if kind == "clear" else rest[1].draw(VALUES[definition.type])
        set_attributes(owner, {"it": value}, add_words=True)
        db.session.commit()
        read = values_of(owner).get("it")
        if kind == "set" and not isinstance(value, str | list):
            assert read == value
        assert (read is None) == (kind == "clear")
    elif kind == "type":
        retype(definition, rest[0], owners)
    elif kind == "sensitive":
        definition.sensitive = rest[0]
    elif kind == "rename":
        definition.label = rest[0]
    elif kind == "delete":
        attribute_changes.delete_definition(definition)
    elif definition.options:
        options = definition.options
        chosen = options[rest[0] % len(options)]
        other = options[rest[1] % len(options)] if kind == "replace" else None
        instead = "" if other is None else DELETE if other is chosen else str(other.id)
        label = rest[1] if kind == "word" else chosen.label
        rows = [OptionRow(o.id, label, instead) if o is chosen else OptionRow(o.id, o.label) for o in options]
        attribute_options.save_options(definition, rows)
    db.session.commit()


def retype(definition: AttributeDefinition, new: str, owners: list[Owner]) -> None:
    """To another type, and back where that can be: each value is as it was, or was refused by name."""
    old, before = definition.type, [values_of(owner).get("it") for owner in owners]
    failed = attribute_changes.change_type(definition, new)
    db.session.commit()
    after = [values_of(owner).get("it") for owner in owners]
    assert [v is None for v in after] == [v is None for v in before]
    if failed:
        assert after == before and definition.type == old
        return
    if old in ("text", "long_text") or new == old:
        return
    operation = db.session.scalar(select(Operation.id).order_by(Operation.id.desc()).limit(1))
    if not attribute_changes.change_type(definition, old):
        db.session.commit()
        back = [values_of(owner).get("it") for owner in owners]
        assert [set(v) if isinstance(v, list) else v for v in back] == [
            set(v) if isinstance(v, list) else v for v in before
        ]
        last = db.session.scalar(select(Operation.id).order_by(Operation.id.desc()).limit(1))
        assert last != operation or not any(v is not None for v in before)
        undo(last)
        db.session.commit()
    else:
        db.session.rollback()


@pytest.mark.both_engines
def test_no_value_is_ever_lost(
    system: Callable[[], Any], make_client: Any, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    ids = [make_client(f"C{n}") for n in range(OWNERS)]
    with system() as session:
        session.add_all(Contact(client_id=ids[0], first_name=f"P{n}") for n in range(OWNERS))
        session.commit()

    @settings(
        max_examples=10 if engine == "sqlite" else 5, deadline=None, suppress_health_check=list(HealthCheck),
        database=None, phases=(Phase.explicit, Phase.generate),
    )  # fmt: skip
    @given(
        applies_to=st.sampled_from(["client", "contact"]), kind=types, data=st.data(),
        plan=plans, row_by_row=st.sampled_from([0, 300]),
    )  # fmt: skip
    def run(applies_to: str, kind: str, data: Any, plan: tuple[Any, ...], row_by_row: int) -> None:
        clear()
        monkeypatch.setattr(undo_steps, "ROW_BY_ROW", row_by_row)
        definition = AttributeDefinition(label="It", key="it", type=kind, applies_to=applies_to)
        if "word" in kind:
            definition.options = [AttributeOption(label=word, position=n) for n, word in enumerate(WORDS)]
        db.session.add(definition)
        db.session.commit()
        model = Client if applies_to == "client" else Contact
        owners = list(db.session.scalars(select(model).order_by(model.id)))
        for owner in owners[1:]:
            set_attributes(owner, {"it": data.draw(VALUES[kind])})
        db.session.commit()
        states, done = [state(owners)], []
        for change in plan:
            last = db.session.scalar(select(Operation.id).order_by(Operation.id.desc()).limit(1))
            if states[-1][0] is None:
                break
            try:
                do(change, owners)
            except RuleError:
                db.session.rollback()
                assert state(owners) == states[-1]
                continue
            made = db.session.scalars(
                select(Operation).where(
                    Operation.id > last, Operation.kind != "undo", Operation.undone_by_id.is_(None)
                )
            ).all()
            assert len(made) <= 1
            if made:
                done.append(made[0].id)
                states.append(state(owners))
        for number, before in zip(reversed(done), reversed(states[:-1]), strict=True):
            assert undo(number).left == []
            db.session.commit()
            assert state(owners) == before

    with system():
        run()


@pytest.mark.both_engines
def test_a_cleared_value_comes_back_into_what_its_attribute_has_become(
    system: Callable[[], Any], make_client: Any
) -> None:
    number = make_client("Acme")
    with system() as session:
        client = session.get(Client, number)
        words = AttributeDefinition(
            label="W",
            key="w",
            type="words",
            options=[AttributeOption(label=word) for word in ("Red", "Blue")],
        )
        numbers = AttributeDefinition(label="N", key="n", type="integer")
        session.add_all([words, numbers, AttributeDefinition(label="T", key="t", type="text")])
        session.commit()

        def last() -> int:
            return session.scalar(select(Operation.id).order_by(Operation.id.desc()).limit(1))

        set_attributes(client, {"w": ["Red", "Blue"], "n": 5, "t": "many"})
        session.commit()
        set_attributes(client, {"w": None, "n": None, "t": None})
        session.commit()
        cleared = last()
        # meanwhile a word is deleted, nobody using it, and types change, nothing standing against it
        rows = [OptionRow(o.id, o.label, DELETE if o.label == "Red" else "") for o in words.options]
        attribute_options.save_options(words, rows)
        words.sensitive = True
        session.commit()
        assert attribute_changes.change_type(numbers, "text") == []
        text = session.scalars(select(AttributeDefinition).where(AttributeDefinition.key == "t")).one()
        assert attribute_changes.change_type(text, "integer") == []
        session.commit()
        report = undo(cleared)
        session.commit()
        session.expire_all()
        assert values_of(client) == {"w": ["Red", "Blue"], "n": "5"}
        # a number it is not: left alone, and said so
        assert [(one.table, one.why) for one in report.left] == [("attribute_value", "changed")]

        set_attributes(client, {"n": "six"})
        session.commit()
        assert attribute_changes.change_type(numbers, "long_text") == []
        session.commit()
        first = last()
        assert attribute_changes.change_type(numbers, "text") == []
        session.commit()
        with pytest.raises(StateConflict):
            undo(first)


@pytest.mark.both_engines
def test_a_type_that_goes_back_takes_along_what_was_set_since(
    system: Callable[[], Any], make_client: Any
) -> None:
    ids = [make_client(name) for name in ("Ash", "Birch", "Cedar")]
    with system() as session:
        ash, birch, cedar = (session.get(Client, number) for number in ids)

        def define(key: str, kind: str, *labels: str, **columns: Any) -> AttributeDefinition:
            options = [AttributeOption(label=label, position=n) for n, label in enumerate(labels)]
            definition = AttributeDefinition(label=key, key=key, type=kind, options=options, **columns)
            session.add(definition)
            session.commit()
            return definition

        def change(definition: AttributeDefinition, kind: str) -> int:
            assert attribute_changes.change_type(definition, kind) == []
            session.commit()
            return session.scalar(select(Operation.id).order_by(Operation.id.desc()).limit(1))

        def put(client: Client, key: str, value: Any) -> None:
            set_attributes(client, {key: value}, add_words=True)
            session.commit()

        def told() -> list[dict[str, Any]]:
            session.expire_all()
            return [values_of(client) for client in (ash, birch, cedar)]

        # text -> other types: a value was changed since, another left, a third one is new
        for key, kind, first, second, third, back in (
            ("n", "integer", "5", 6, 9, ["6", "5", "9"]),
            ("s", "integer", "5", 6, 9, ["6", "5", "9"]),
            ("w", "words", "Red, Blue", ["Red", "Teal"], ["Teal"], ["Red, Teal", "Red, Blue", "Teal"]),
        ):
            definition = define(key, "text", sensitive=key == "s")
            for client in (ash, birch):
                put(client, key, first)
            made = change(definition, kind)
            put(ash, key, second)
            put(cedar, key, third)
            undo(made)
            session.commit()
            assert [values[key] for values in told()] == back, key
        # words -> text: what is typed since is read as words again, one of them new
        words = define("v", "words", "Red", "Blue")
        put(ash, "v", ["Red", "Blue"])
        put(birch, "v", ["Blue"])
        made = change(words, "text")
        put(ash, "v", "Red, Rose")
        undo(made)
        session.commit()
        assert [values.get("v") for values in told()] == [["Red", "Rose"], ["Blue"], None]
        # words of a type that an attribute had are nobody's
        put(ash, "n", "5")
        numbers = session.scalars(select(AttributeDefinition).where(AttributeDefinition.key == "n")).one()
        numbers.options = [AttributeOption(label=label, position=n) for n, label in enumerate(WORDS[:2])]
        session.commit()
        attribute_options.replace_option(numbers, *(option.id for option in numbers.options))
        assert told()[0]["n"] == "5"
        # what the old type cannot hold stands against it
        number = define("i", "integer")
        put(ash, "i", 5)
        made = change(number, "text")
        put(birch, "i", "many")
        before = told()
        with pytest.raises(StateConflict):
            undo(made)
        session.rollback()
        assert (told(), number.type) == (before, "text")
        # nor does a deleted attribute come back where another has its key
        attribute_changes.delete_definition(number)
        session.commit()
        made = session.scalar(select(Operation.id).order_by(Operation.id.desc()).limit(1))
        other = define("i", "text")
        with pytest.raises(StateConflict):
            undo(made)
        session.rollback()
        attribute_changes.delete_definition(session.get(AttributeDefinition, other.id))
        session.commit()
        undo(made)
        session.commit()
        assert told() == before
