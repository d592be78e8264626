"""The JSON of a client and the routes beside CRUD, for the description of our APIs."""

from collections.abc import Collection

from apispec import APISpec
from sqlalchemy import inspect

from crm.models import Client
from crm.models.client import ADDRESS_PARTS, KINDS, MAX_STARS
from crm.services.bulk.types import TYPES
from crm.services.clients.as_json import ADDRESSES, COLUMNS, KEPT, RENAMED
from crm.services.clients.peppol import STATES
from crm.services.clients.upsert import MOST_ROWS
from crm.services.clients.vat import REGISTERS, VIES, WHITE_LIST
from crm.views.api.description import (
    ATTRIBUTES,
    LOCATION,
    READING,
    WRITING,
    content,
    ok,
    operation,
    parameter,
    ref,
    sent,
)
from crm.views.api.schemas import (
    NUMBER_OF_ROW,
    TEXT,
    VERSION,
    Schema,
    Schemas,
    clearable,
    column_schema,
    limits,
)

NAMES: Schema = {"type": "array", "items": TEXT}
MOVED: Schema = {
    "308": {
        "description": "The client was merged into the one that Location names.",
        "headers": LOCATION,
        "content": content(ref("Error")),
    }
}
NEEDS = (
    "A new client has a name, or a first and last name, one of email, phone and mobile, and the attributes that are "
    "required; of upsert any of the first is enough."
)
EXAMPLE: Schema = {
    "name": "Acme",
    "email": "info@acme.example",
    "tags": "web, new",
    "billing": {"country": "PL"},
}
NULLABLE_TEXT: Schema = {**TEXT, "nullable": True}

PEPPOL: Schema = {
    "type": "object",
    "nullable": True,
    "readOnly": True,
    "description": "What the Peppol network says of a company; null of persons and companies without a number.",
    "required": ["status", "identifier", "receives_invoices", "checked_at"],
    "properties": {
        "status": {"type": "string", "enum": list(STATES)},
        "identifier": {**NULLABLE_TEXT, "description": "Under which it was found."},
        "receives_invoices": {"type": "boolean", "nullable": True},
        "checked_at": {**NULLABLE_TEXT, "format": "date-time", "description": "When this was found out."},
    },
}

#: What all registers of VAT tell; `answers_about` knows the values.
REGISTER: dict[str, Schema] = {
    "name": {**NULLABLE_TEXT, "description": "Of the company, there."},
    "address": {**NULLABLE_TEXT, "description": "Of the company, there."},
    "reference": {**NULLABLE_TEXT, "description": "The register's own number of its answer, as a proof."},
    "checked_at": {**NULLABLE_TEXT, "format": "date-time", "description": "When this was found out."},
}
DAY: Schema = {**NULLABLE_TEXT, "format": "date"}
WHITE_LIST_MORE: dict[str, Schema] = {
    "registered_on": DAY,
    "struck_off_on": DAY,
    "accounts": {**NAMES, "description": "Numbers of bank accounts."},
    "has_virtual_accounts": {"type": "boolean"},
}


def _register(name: str, description: str, more: dict[str, Schema] | None = None) -> Schema:
    status: Schema = {"type": "string", "enum": list(REGISTERS[name].states)}
    properties = {"status": status, **REGISTER, **(more or {})}
    return {
        "type": "object", "nullable": True, "readOnly": True, "description": description,
        "required": list(properties), "properties": properties,
    }  # fmt: skip


def schemas() -> Schemas:
    """The JSON of a client; attributes stand under their keys."""
    columns = inspect(Client).columns
    address = {part: column_schema(columns[f"billing_{part}"]) for part in ADDRESS_PARTS}
    fields: Schema = {
        **{name: column_schema(columns[RENAMED.get(name, name)]) for name in (*COLUMNS, *RENAMED)},
        "kind": {"type": "string", "enum": list(KINDS)},
        "consent": {"type": "string", "enum": ["yes", "no", None], "nullable": True},
        "stars": {"type": "integer", "minimum": 0, "maximum": MAX_STARS},
        **{
            which: {"type": "object", "properties": address, "additionalProperties": False}
            for which in ADDRESSES
        },
        "status": {**NULLABLE_TEXT, "description": "The code of a status."},
        "tags": {**NAMES, "description": "Names of tags."},
        "assignees": {**NAMES, "description": "User names; the first is responsible."},
        "external_id": NULLABLE_TEXT,
        "app_code": TEXT,
        "archived": {"type": "boolean"},
    }
    kept = {name: {**column_schema(columns[name]), "readOnly": True} for name in KEPT}
    told = {
        "peppol": PEPPOL,
        VIES: _register(VIES, "What VIES says of a VAT number of the EU; null where there is none."),
        WHITE_LIST: _register(
            WHITE_LIST, "What the Polish VAT white list says; null without a Polish tax ID.", WHITE_LIST_MORE
        ),
    }
    shown = {**kept, **fields, **told}
    taken = {name: _written(name, schema) for name, schema in fields.items()}
    taken["tags"] = {
        "oneOf": [TEXT, NAMES], "nullable": True, "description": "A text with commas; they replace.",
        "example": "web, new",
    }  # fmt: skip
    return Schemas(
        {"type": "object", "required": list(shown), "properties": shown},
        {"type": "object", "properties": taken, "description": NEEDS},
        {"type": "object", "properties": {**taken, "version": VERSION}},
    ).with_more(additionalProperties=ATTRIBUTES)


def _written(name: str, schema: Schema) -> Schema:
    """What is taken for a field: null clears each."""
    column = inspect(Client).columns.get(RENAMED.get(name, name))
    return clearable(schema if column is None else {**limits(column, schema), **schema})


TAG = "client"
KEY: Schema = {"app_code": NULLABLE_TEXT, "external_id": TEXT}
CHANGE_TYPES = tuple(name for name, one in TYPES.items() if one.by_api)
CHANGE_VALUE = (
    "Of status_id its number; of stars 0 to 3; of consent yes, no or unset; of tags a name or number, of assignees a "
    "user name or number, or a list of them (tags of a list that are not there yet are made); of task an object with "
    "title, description, due, priority and assignee (a user name, me or responsible); of the others nothing."
)


def _object(properties: Schema, required: Collection[str] = ()) -> Schema:
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}


def _only(properties: Schema, required: Collection[str]) -> Schema:
    """What is sent, with these fields and no others."""
    return {**_object(properties, required), "additionalProperties": False}


def describe_upsert(spec: APISpec, base: str) -> None:
    """Describe upsert and the look-ups by external ID."""
    _describe_upsert(spec, base)
    name, code = (parameter(n, words, None, "path") for n, words in
                  (("external_id", "The external ID."), ("app_code", "The app code.")))  # fmt: skip
    found = {"200": ok(ref("Client"), "The client.", True)}
    spec.path(
        path=f"{base}/e/{{external_id}}.json", parameters=[name],
        operations={"get": operation(spec, TAG, "Read by external ID", found, READING)},
    )  # fmt: skip
    spec.path(
        path=f"{base}/e/{{app_code}}/{{external_id}}.json", parameters=[code, name],
        operations={"get": operation(spec, TAG, "Read by app code and external ID", found, READING)},
    )  # fmt: skip
    asked = [parameter("external_id", "The external ID."), parameter("app_code", "The app code.")]
    spec.path(
        path=f"{base}/e.json",
        operations={"get": operation(spec, TAG, "Read by external ID, slashes and all", found, (*READING, 422),
                                     parameters=asked)},
    )  # fmt: skip


def _describe_upsert(spec: APISpec, base: str) -> None:
    line = {"index": {"type": "integer"}, "code": {"type": "integer"}, "errors": {"type": "object"}}
    done = {"id": NUMBER_OF_ROW, "created": {"type": "boolean"}, "archived": {"type": "boolean"},
            "restored": {"type": "boolean"}}  # fmt: skip
    rows = {"type": "array", "maxItems": MOST_ROWS, "items": ref("ClientUpsert")}
    known = {"id", "created", "archived", "client"}
    for name, schema in {
        "ClientUpsert": _object({**KEY, "client": ref("ClientInput")}, ("external_id", "client")),
        "ClientUpserts": _object({"app_code": NULLABLE_TEXT, "clients": rows}, ("clients",)),
        "ClientUpserted": _object({**done, "client": ref("Client")}, sorted(known)),
        "ClientUpsertRow": _object({**line, **done}, ("index",)),
        "ClientsUpserted": _object(
            {"results": {"type": "array", "items": ref("ClientUpsertRow")}}, ("results",)
        ),
    }.items():
        spec.components.schema(name, schema)
    either = {"oneOf": [ref("ClientUpserted"), ref("ClientsUpserted")]}
    answers = {
        "200": ok(either, "Changed; of a batch: what became of each."),
        "201": ok(ref("ClientUpserted"), "Added."),
    }
    asked = {"oneOf": [ref("ClientUpsert"), ref("ClientUpserts")]}
    example = {"app_code": "shop", "external_id": "c-123", "client": EXAMPLE}
    spec.path(
        path=f"{base}/upsert.json",
        operations={"post": operation(spec, TAG, "Add or change by external ID", answers, WRITING,
                                      requestBody={"required": True, "content": content(asked, example)})},
    )  # fmt: skip


def moved() -> Schema:
    """The answer where a client was merged away."""
    words = "The client was merged into the one that Location names."
    return {"308": {"description": words, "headers": LOCATION, "content": content(ref("Error"))}}


def describe_changes(spec: APISpec, base: str) -> None:
    """Describe bulk changes and merge."""
    change: Schema = {
        "type": {"type": "string", "enum": list(CHANGE_TYPES)},
        "value": {"description": CHANGE_VALUE},
    }
    guarded = {**change, "version": {"type": "integer"}, "expected": {**NUMBER_OF_ROW, "nullable": True}}
    as_sent = {"type": "integer", "description": "As it was sent."}
    skipped = {"type": "array", "items": _object({"id": as_sent, "why": TEXT}, ("id", "why"))}
    done = {
        "changed": {"type": "integer"},
        "skipped": skipped,
        "operation_id": {**NUMBER_OF_ROW, "nullable": True},
    }
    state = {**done, "version": {"type": "integer"}, "status": NULLABLE_TEXT,
             "status_id": {**NUMBER_OF_ROW, "nullable": True}}  # fmt: skip
    spec.path(
        path=f"{base}/{{pk}}/change_bulk_option.json",
        parameters=[parameter("pk", "The number of the client.", NUMBER_OF_ROW, "path")],
        operations={"post": operation(spec, TAG, "Change one",
                                      {"200": ok(_object(state, done), "Changed."), **moved()}, WRITING,
                                      requestBody=sent(_only(guarded, ("type",))))},
    )  # fmt: skip
    ids = {"ids": {"type": "array", "items": NUMBER_OF_ROW}}
    spec.path(
        path=f"{base}/change_bulk_option_multiple.json",
        operations={"post": operation(spec, TAG, "Change several", {"200": ok(_object(done, done), "Changed.")},
                                      WRITING, requestBody=sent(_only({**ids, **change}, ("ids", "type"))))},
    )  # fmt: skip
    merged = {"id": NUMBER_OF_ROW, "operation_id": NUMBER_OF_ROW}
    pair = {"source_id": NUMBER_OF_ROW, "target_id": NUMBER_OF_ROW,
            "choices": {"type": "object", "additionalProperties": TEXT}}  # fmt: skip
    spec.path(
        path=f"{base}/merge_clients.json",
        operations={"post": operation(spec, TAG, "Merge two clients", {"200": ok(_object(merged, merged), "Merged.")},
                                      WRITING, requestBody=sent(_only(pair, ("source_id", "target_id"))))},
    )  # fmt: skip
