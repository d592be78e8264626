"""What the JSON of attributes is: each stands under its key beside the fields of its client or contact."""

from collections.abc import Mapping

from crm.models import AttributeDefinition
from crm.services.attributes import values as attributes
from crm.services.attributes.reading import LONGEST_LINK, LONGEST_LONG_TEXT, LONGEST_TEXT
from crm.views.api.schemas import AMOUNT, DAY, MOMENT, TEXT, Schema, Schemas

#: Type of an attribute -> its JSON.
TYPES: Mapping[str, Schema] = {
    "text": TEXT,
    "long_text": TEXT,
    "link": TEXT,
    "word": TEXT,
    "words": {"type": "array", "items": TEXT},
    "number": {"type": "number"},
    "money": {"type": "number"},
    "integer": {"type": "integer"},
    "date": {**TEXT, "format": "date"},
    "date_time": {**TEXT, "format": "date-time"},
    "yes_no": {"type": "boolean"},
}
#: What else holds for what is written, and what stands in it, say.
WRITTEN: Mapping[str, Schema] = {
    "text": {"maxLength": LONGEST_TEXT, "example": "blue"},
    "long_text": {"maxLength": LONGEST_LONG_TEXT, "example": "blue"},
    "link": {"maxLength": LONGEST_LINK, "example": "https://acme.example"},
    "number": {"example": AMOUNT},
    "money": {"example": AMOUNT},
    "integer": {"format": "int32", "example": 7},
    "date": {"example": DAY},
    "date_time": {"example": MOMENT},
    "yes_no": {"example": True},
}


def with_attributes(kind: str, schemas: Schemas) -> Schemas:
    """The JSON of a client or a contact with the attributes that the caller may read and write."""
    free = [one for one in attributes.definitions(kind) if one.key not in schemas.shown["properties"]]
    writable = {one.key for one in attributes.writable(kind)}
    return schemas.with_properties(
        {one.key: shown_schema(one) for one in free},
        {one.key: written_schema(one) for one in free if one.key in writable},
    )


def required_keys(kind: str) -> list[str]:
    """The keys of the attributes that a new client or contact is given."""
    return [one.key for one in attributes.writable(kind) if one.required and one.default is None]


def shown_schema(definition: AttributeDefinition) -> Schema:
    """What is answered of an attribute; a sensitive one is anything, since its mask is a text."""
    if definition.sensitive:
        return {"description": _words(definition)}
    return {**TYPES[definition.type], "nullable": True, "description": _words(definition)}


def written_schema(definition: AttributeDefinition) -> Schema:
    """What is taken for an attribute: null clears."""
    schema = {**TYPES[definition.type], **WRITTEN.get(definition.type, {})}
    if labels := [option.label for option in definition.options]:
        schema["example"] = labels[:1] if definition.type == "words" else labels[0]
    return {**schema, "nullable": True, "description": _words(definition)}


def _words(definition: AttributeDefinition) -> str:
    told = [definition.label, definition.help_text or "", definition.currency or ""]
    if not definition.sensitive:
        told += [" | ".join(option.label for option in definition.options)]
    return ". ".join(text for text in told if text)
