"""What the JSON of records is, as JSON Schema made from the declarations: as answered, as added, as changed."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import Boolean, Column, Date, Integer, inspect

from crm.models.line import LINE_FIELDS, MOST_LINES
from crm.models.types import Exact, UtcDateTime
from crm.registry import TAG_LINKS, RecordType
from crm.services.reading import LARGEST_INTEGER
from crm.services.record_names import (
    KEPT,
    LINES,
    asked_names,
    changed_names,
    is_needed_of,
    json_name,
    shown_names,
    written_names,
)

Schema = dict[str, Any]


class Schemas(NamedTuple):
    """The JSON of a record: as it is answered, as it is added, and as it is changed."""

    shown: Schema
    added: Schema
    changed: Schema

    def with_more(self, **more: Any) -> "Schemas":
        """The same with further keywords in each."""
        return Schemas(*({**one, **more} for one in self))

    def with_properties(self, shown: Schema, written: Schema | None = None) -> "Schemas":
        """The same with further fields in what is answered, and in what is sent."""
        more = (shown, written or {}, written or {})
        return Schemas(
            *(
                {**one, "properties": {**one["properties"], **own}}
                for one, own in zip(self, more, strict=True)
            )
        )


TEXT: Schema = {"type": "string"}
NUMBER_OF_ROW: Schema = {"type": "integer", "format": "int64", "minimum": 1}
VERSION: Schema = {
    "type": "integer",
    "nullable": True,
    "writeOnly": True,
    "description": "The version that the caller knows, instead of `If-Match`; another one is a 409.",
}
#: Name of a field -> what stands in it, say; where the name says too little, with the table before it.
EXAMPLES: Mapping[str, Any] = {
    "name": "Acme", "title": "Call about the quote", "subject": "The ring is too small", "label": "Ring size",
    "text": "Asked for a quote.", "body": "Asked for a quote.", "transcript": "Anna: Is it ready?",
    "email": "info@acme.example", "to": "info@acme.example", "phone": "+48 600 100 200", "tax_id": "PL5260250274",
    "website": "https://acme.example", "language": "pl", "country": "PL", "currency": "EUR", "vat_rate": "23",
    "inverse_label": "Supplier of", "pattern": "{year}/{number}", "colour": "#1e293b", "background": "#e2e8f0",
    "bank_account.name": "Main account", "bank_account.number": "PL61 1090 1014 0000 0712 1981 2874",
    "call.number": "+48 600 100 200", "product.name": "Ring, gold 585", "project.name": "New shop window",
    "relationship_type.label": "Buys from", "status.name": "Regular", "tag.name": "wholesale",
    "task_list.name": "Before Christmas", "vat_rate.label": "7 %", "rate": 7, "other": 2,
}  # fmt: skip
COLOURS = frozenset({"colour", "background"})
#: By the kind of column, for what has no example of its name.
AMOUNT, DAY, MOMENT, LATER = 12.5, "2026-11-23", "2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z"


def ref(name: str) -> Schema:
    """What stands under a name among the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def column_schema(column: Column[Any], choices: Any = None) -> Schema:
    """What the JSON of a column is."""
    kind, schema = column.type, dict(TEXT)
    if choices:
        schema["enum"] = [code for code, _words in choices] + ([None] if column.nullable else [])
    elif isinstance(kind, Exact):
        schema = {"type": "number"}
    elif isinstance(kind, Boolean):
        schema = {"type": "boolean"}
    elif isinstance(kind, Integer):
        schema = {"type": "integer"}
    elif isinstance(kind, UtcDateTime):
        schema["format"] = "date-time"
    elif isinstance(kind, Date):
        schema["format"] = "date"
    elif getattr(kind, "length", None):
        schema["maxLength"] = kind.length
    return {**schema, "nullable": True} if column.nullable else schema


def attribute_schema(record: RecordType, attribute: Any) -> Schema:
    """What the JSON of a column or relation of a record is."""
    relation = record.mapper.relationships.get(attribute.key)
    if relation is None and attribute.key not in record.mapper.columns:
        # worked out from others, and so never written
        return {**TEXT, "enum": [value for value, _words in record.choices[attribute.key]]}
    if relation is None:
        return column_schema(record.mapper.columns[attribute.key], record.choices.get(attribute.key))
    if relation.uselist:
        if attribute.key != TAG_LINKS and record.linked(attribute.key).mapper.class_ is not User:
            return {"type": "array", "items": NUMBER_OF_ROW}
        words = "Tags by name." if attribute.key == TAG_LINKS else "User names."
        return {"type": "array", "items": TEXT, "description": words}
    if relation.mapper.class_ is User:
        return {**TEXT, "nullable": True, "description": "A user name."}
    return {**NUMBER_OF_ROW, "nullable": True}


def clearable(schema: Schema) -> Schema:
    """The same, taken as null as well."""
    more = {"enum": [*schema["enum"], None]} if None not in schema.get("enum", [None]) else {}
    return {**schema, **more, "nullable": True}


def written_schema(record: RecordType, attribute: Any) -> Schema:
    """What is taken for a column or relation: null clears, where it may."""
    schema = attribute_schema(record, attribute)
    if is_needed_of(record, attribute):
        schema.pop("nullable", None)
    else:
        schema = clearable(schema)
    column = record.mapper.columns.get(attribute.key)
    return schema if column is None else {**schema, **limits(column, schema)}


def limits(column: Column[Any], schema: Schema) -> Schema:
    """What else holds for what is written to a column: how long and how large it is, and what it is, say."""
    found: Schema = {}
    if schema.get("type") == "integer":
        found = {"format": "int32", "minimum": -LARGEST_INTEGER, "maximum": LARGEST_INTEGER}
    elif column.key in COLOURS:
        found = {"pattern": "^#[0-9a-fA-F]{6}$"}
    if (example := example_of(column, schema)) is not None:
        found["example"] = example
    return found


def example_of(column: Column[Any], schema: Schema) -> Any:
    """What a column may hold, or None where nothing in particular is known."""
    if schema.get("enum"):
        return schema["enum"][0]
    for name in (f"{column.table.name}.{column.key}", column.key):
        if name in EXAMPLES:
            return EXAMPLES[name]
    if schema.get("type") == "number":
        return AMOUNT
    return {"date": DAY, "date-time": LATER if column.key == "end" else MOMENT}.get(schema.get("format", ""))


def line_schemas(record: RecordType) -> dict[str, Schema]:
    """Name -> the JSON of a record's line: as it is answered, and as it is sent."""
    columns = inspect(record.line_model).columns
    product: Schema = {**NUMBER_OF_ROW, "nullable": True}
    asked = {name: product if name == "product" else column_schema(columns[name]) for name in LINE_FIELDS}
    taken = {"id": {**NUMBER_OF_ROW, "nullable": True, "description": "Of a line that stays."}}
    taken |= {name: {**schema, "nullable": True} for name, schema in asked.items()}
    net = {**column_schema(columns["net"]), "description": "What the line comes to; worked out."}
    shown = {"id": NUMBER_OF_ROW, **asked, "net": {**net, "readOnly": True}}
    return {
        record.line_model.__name__: {"type": "object", "required": list(shown), "properties": shown},
        f"{record.line_model.__name__}Input": {
            "type": "object",
            "properties": {**taken, "net": net},
            "additionalProperties": False,
        },
    }


def lines_schemas(record: RecordType) -> tuple[Schema, Schema]:
    """The JSON of all lines of a record as it is answered, and as it is sent."""
    shown, taken = (ref(name) for name in line_schemas(record))
    one = {"description": "Engraving", "quantity": 1, "price": AMOUNT, "vat_rate": EXAMPLES["vat_rate"]}
    return (
        {"type": "array", "items": shown},
        {
            "type": "array", "items": taken, "nullable": True, "maxItems": MOST_LINES, "example": [one],
            "description": "All lines, in order: those left out are deleted. What a line leaves out, its product "
            "says.",
        },
    )  # fmt: skip


def shown_schema(record: RecordType) -> Schema:
    """The JSON of a record as it is answered; what is never written is read-only."""
    kept = {
        name: column_schema(record.mapper.columns[name]) for name in KEPT if name in record.mapper.columns
    }
    shown = {name: attribute_schema(record, one) for name, one in shown_names(record).items()}
    if record.lines is not None:
        shown[LINES] = lines_schemas(record)[0]
    figures = {figure.name: dict(figure.schema) for figure in record.figures}
    written = {*written_names(record), LINES}
    properties = {
        name: schema if name in written else {**schema, "readOnly": True}
        for name, schema in {**kept, **shown, **figures}.items()
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def added_schema(record: RecordType) -> Schema:
    """The JSON of a new record: what it needs is required."""
    filled_in = {json_name(one) for one in record.filled_in}
    properties = {
        name: clearable(schema) if name in filled_in else schema
        for name, schema in _written(record, written_names(record)).items()
    }
    return {
        "type": "object",
        **_required(asked_names(record)),
        "properties": properties,
        "additionalProperties": False,
    }


def changed_schema(record: RecordType) -> Schema:
    """The JSON by which a record is changed: nothing is required, what is left out stays."""
    properties = {**_written(record, changed_names(record)), "version": VERSION}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _written(record: RecordType, names: Mapping[str, Any]) -> Schema:
    properties = {name: written_schema(record, one) for name, one in names.items()}
    return properties if record.lines is None else {**properties, LINES: lines_schemas(record)[1]}


def _required(names: list[str]) -> Schema:
    # an empty list is no JSON Schema
    return {"required": names} if names else {}


def schemas(record: RecordType) -> Schemas:
    """What the JSON of a record is."""
    return Schemas(shown_schema(record), added_schema(record), changed_schema(record))


def example_body(schema: Schema) -> Schema:
    """What may be sent: what is required, and what else has a name that says what it is."""
    required = schema.get("required", ())
    return {
        name: one.get("example", EXAMPLES.get(name, 1))
        for name, one in schema["properties"].items()
        if name in required or (name in EXAMPLES and "example" in one)
    }
