"""Attributes that tests define, and values that they draw for them."""

from datetime import UTC
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from crm.models import AttributeDefinition, AttributeOption, Client
from crm.services.attributes import values as attributes
from crm.services.attributes.options import OptionRow

WORDS = ("Red", "Green", "Blue")
few_examples = settings(
    max_examples=15, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip

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


def define(session: Any, kind: str, **columns: Any) -> AttributeDefinition:
    """A new attribute of a type, with words where it has any."""
    words = WORDS if kind in attributes.WORD_TYPES else ()
    definition = AttributeDefinition(label=columns.pop("label", kind.title()), type=kind, **columns)
    definition.currency = "EUR" if kind == "money" else None
    definition.options = [AttributeOption(label=word, position=n) for n, word in enumerate(words)]
    session.add(definition)
    session.commit()
    return definition


def value_of(client: Client, key: str) -> Any:
    """What a client has there; None where it has nothing."""
    return attributes.values_of_clients([client.id]).get(client.id, {}).get(key)


def rows_of(definition: AttributeDefinition, **instead: str) -> list[OptionRow]:
    """The words of an attribute as its form sends them; `instead` says what becomes of one."""
    return [OptionRow(o.id, o.label, instead.get(o.label, "")) for o in definition.options]


def plain(kind: str, value: Any) -> Any:
    """A value as it is expected back."""
    if isinstance(value, str):
        return value.strip()
    return sorted(value, key=WORDS.index) if kind == "words" else value
