"""Attributes that tests define."""

from typing import Any

from crm.models import AttributeDefinition, AttributeOption
from crm.services.attributes import values as attributes

WORDS = ("Red", "Green", "Blue")


def define(session: Any, kind: str, **columns: Any) -> AttributeDefinition:
    """A new attribute of a type, with words where it has any."""
    words = WORDS if kind in attributes.WORD_TYPES else ()
    definition = AttributeDefinition(label=columns.pop("label", kind.title()), type=kind, **columns)
    definition.currency = "EUR" if kind == "money" else None
    definition.options = [AttributeOption(label=word, position=n) for n, word in enumerate(words)]
    session.add(definition)
    session.commit()
    return definition
