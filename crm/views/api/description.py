"""The OpenAPI description of our APIs, made from the declarations: fields, filters, and every status."""

from typing import TYPE_CHECKING, Any

from apispec import APISpec

from crm.services.lists.listing import LARGEST_PAGE
from crm.views.api.schemas import NUMBER_OF_ROW, TEXT, Schema, line_schemas, ref

if TYPE_CHECKING:
    from crm.views.api.record_api import RecordApi

#: What stands beside the fields of what has attributes.
ATTRIBUTES: Schema = {
    "description": "Attributes by their keys, null where not set. Of several words a list is answered, and a text with "
    "commas is taken too; amounts are in the currency of their attribute, and taken as `12.50 EUR` or `{amount, "
    "currency}` too. Sensitive ones are masked for who may not see them; who may is written down as having seen them."
}
#: Why a request can fail, by status.
FAILURES = {
    400: "The request cannot be read.",
    401: "Nobody is signed in, or the key or token does not hold.",
    403: "The caller may not do this.",
    404: "There is no such thing, or the caller does not see it.",
    409: "Somebody else has changed it meanwhile, or its state does not allow this.",
    413: "The request is too large.",
    422: "A value cannot be taken; `errors` says which and why.",
    429: "Too many calls; the header Retry-After says after how many seconds to try again.",
    507: "The file store is full or cannot be reached.",
}
LOCATION: Schema = {"Location": {"description": "Where it is to be read.", "schema": TEXT}}
FAILURE_HEADERS: dict[int, Schema] = {
    401: {"WWW-Authenticate": {"description": "Bearer.", "schema": TEXT}},
    429: {"Retry-After": {"description": "After so many seconds.", "schema": {"type": "integer"}}},
}
FAILED_FIELDS = {422: {"client": ["There is no such record."]}}
READING = (400, 401, 403, 404, 429)
WRITING = (400, 401, 403, 404, 409, 413, 422, 429)
SECURITY = [{"jwt": []}, {"api_key": []}]
ERROR: Schema = {
    "type": "object",
    "required": ["code", "message", "errors"],
    "properties": {
        "code": {"type": "integer"},
        "message": TEXT,
        "errors": {"type": "object", "additionalProperties": {"type": "array", "items": TEXT}},
    },
}


# -- pieces


def content(schema: Schema, example: Any = None) -> Schema:
    return {"application/json": {"schema": schema, **({"example": example} if example else {})}}


def ok(schema: Schema, words: str, has_version: bool = False) -> Schema:
    """A successful answer."""
    answer: Schema = {"description": words, "content": content(schema)}
    if has_version:
        answer["headers"] = {"ETag": {"description": "The version of the record.", "schema": TEXT}}
    return answer


def ok_added(schema: Schema) -> Schema:
    """A successful answer to what adds a record."""
    answer = ok(schema, "Added.", True)
    return {**answer, "headers": {**answer["headers"], **LOCATION}}


def failures(spec: APISpec, codes: tuple[int, ...]) -> Schema:
    """The failed answers with these codes, all in one shape."""
    if "Error" not in spec.components.schemas:
        spec.components.schema("Error", ERROR)
        for code, words in FAILURES.items():
            example = {"code": code, "message": words, "errors": FAILED_FIELDS.get(code, {})}
            answer = {"description": words, "content": content(ref("Error"), example)}
            headers = {"headers": FAILURE_HEADERS[code]} if code in FAILURE_HEADERS else {}
            spec.components.response(f"Failure{code}", {**answer, **headers})
    return {str(code): {"$ref": f"#/components/responses/Failure{code}"} for code in codes}


def parameter(name: str, words: str, schema: Schema | None = None, place: str = "query") -> Schema:
    """A parameter of a query, a path or the headers."""
    return {"in": place, "name": name, "description": words, "schema": schema or TEXT,
            "required": place == "path"}  # fmt: skip


IF_MATCH = parameter("If-Match", "The version that the caller knows; another one is a 409.", place="header")


def operation(
    spec: APISpec, tag: str, summary: str, answers: Schema, codes: tuple[int, ...], **more: Any
) -> Schema:
    """One method of one path."""
    return {
        "tags": [tag], "summary": summary, "security": SECURITY,
        "responses": {**answers, **failures(spec, codes)}, **more,
    }  # fmt: skip


def sent(schema: Schema) -> Schema:
    return {"required": True, "content": content(schema)}


# -- record types


def list_parameters(api: "RecordApi") -> list[Schema]:
    """The query parameters of a list."""
    return [
        # no default: generated programs would send it along with `after`
        parameter("page", "Which page, from 1, which is the first.", {"type": "integer", "minimum": 1}),
        parameter("after", "Instead of page, sort and dir: the rows after the one with this id, by their ids; 0 "
                  "begins. Answers `next` in place of `count`: what to send as `after` next, null at the end.",
                  {"type": "integer", "format": "int64", "minimum": 0}),
        parameter("page_size", "How many rows a page has.",
                  {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE}),
        parameter("sort", "The column to sort by.", {"type": "string", "enum": sorted(api.sorts())}),
        parameter("dir", "Which way to sort.", {"type": "string", "enum": ["asc", "desc"]}),
        parameter("updated_since", "Only what changed at this moment or later (ISO 8601). What was deleted since, or "
                  "is not seen any more, is in no list; archived clients are with archived=all."),
        parameter("q", "Page (from 0), page_size, order_column and order_direction in Rison."),
        *(parameter(name, str(words)) for name, words in api.filter_names().items()),
    ]  # fmt: skip


def add_schemas(spec: APISpec, api: "RecordApi") -> None:
    """Name what is sent and answered of one record type."""
    name, (shown, added, changed) = api.record.model.__name__, api.schemas()
    spec.components.schema(name, shown)
    if "add" in api.record.actions:
        spec.components.schema(f"{name}Input", added)
    if "edit" in api.record.actions:
        spec.components.schema(f"{name}Changes", changed)
    for line, schema in line_schemas(api.record).items() if api.record.lines is not None else ():
        spec.components.schema(line, schema)
    answer = {"id": NUMBER_OF_ROW, "result": ref(name)}
    spec.components.schema(f"{name}Answer", {"type": "object", "required": [*answer], "properties": answer})
    listed: Schema = {
        "count": {"type": "integer", "description": "How many there are; of a page by its number."},
        "next": {**NUMBER_OF_ROW, "nullable": True, "description": "Where the next page begins; with after."},
        "ids": {"type": "array", "items": NUMBER_OF_ROW},
        "result": {"type": "array", "items": ref(name)},
    }
    spec.components.schema(
        f"{name}Page", {"type": "object", "required": ["ids", "result"], "properties": listed}
    )


def describe_record(spec: APISpec, api: "RecordApi") -> None:
    """Describe the routes of one record type."""
    name, tag = api.record.model.__name__, api.openapi_spec_tag or api.record.key
    add_schemas(spec, api)
    one, several = ref(f"{name}Answer"), ref(f"{name}Page")
    actions, moved = api.record.actions, api.moved_answers()
    collection: Schema = {}
    single: Schema = {}
    if "list" in actions:
        collection["get"] = operation(
            spec,
            tag,
            "List",
            {"200": ok(several, "A page of them.")},
            READING,
            parameters=list_parameters(api),
        )
        info = {"type": "object", "additionalProperties": {"type": "array", "items": TEXT}}
        spec.path(
            path=f"{api.route_base}/_info",
            operations={"get": operation(spec, tag, "Permissions and field names",
                                         {"200": ok(info, "What may be done here.")}, READING)},
        )  # fmt: skip
    if "add" in actions:
        collection["post"] = operation(
            spec,
            tag,
            "Add",
            {"201": ok_added(one)},
            api.write_failures,
            requestBody={"required": True, "content": api.input_schema("post")},
        )
    if "show" in actions:
        single["get"] = operation(spec, tag, "Read", {"200": ok(one, "It.", True), **moved}, READING)
    if "edit" in actions:
        for method in ("put", "patch"):
            single[method] = operation(
                spec, tag, "Change the fields that are sent", {"200": ok(one, "Changed.", True), **moved},
                api.write_failures,
                requestBody={"required": True, "content": api.input_schema(method)}, parameters=[IF_MATCH],
                description="What is left out stays. A whole answer can be sent back: of fields that cannot be "
                "written, the value that was answered is accepted and any other is a 422.",
            )  # fmt: skip
    if "delete" in actions:
        gone = {"type": "object", "properties": {"message": TEXT}}
        single["delete"] = operation(
            spec,
            tag,
            "Delete",
            {"200": ok(gone, "Deleted."), **moved},
            WRITING,
            parameters=[IF_MATCH, *api.delete_parameters()],
        )
    spec.path(path=f"{api.route_base}/", operations=collection)
    spec.path(
        path=f"{api.route_base}/{{pk}}", operations=single,
        parameters=[parameter("pk", "The number of the record.", NUMBER_OF_ROW, "path")],
    )  # fmt: skip
