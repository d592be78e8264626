"""The description of the whole API as OpenAPI 3: what each API says of itself, and how to sign in."""

from typing import Any

from apispec import APISpec
from flask import Response, request
from flask_appbuilder.api import expose

from crm.registry import registry
from crm.security.api_keys import READ, key_allows, resource_of
from crm.services.modules import is_on
from crm.views.api.access import Api, access, reply
from crm.views.api.description import TEXT, Schema, failures, ok, sent

VERSION = "v1"
ABOUT = """Everything that the pages can do with records, under the same rules: who may not see a client on a page
does not find it here. Send an API key (*API keys* in your menu) or a token as `Authorization: Bearer …`.

Lists are read by `page`, or whole by `after`. Errors have one shape: `{code, message, errors}`. What answers an
`ETag` takes it back as `If-Match`. `null` clears a field. A number with more digits than programs keep exactly is
answered as a text. `docs/api.md` has examples."""
SCHEMES = {
    "api_key": "An API key: `crm_…`.",
    "jwt": "A token of `/api/v1/security/login`; holds for 15 minutes.",
    "jwt_refresh": "The refresh token; holds for a day.",
}


class OpenApi(Api):
    """`/api/v1/_openapi`, which `/swagger/v1` draws."""

    route_base = f"/api/{VERSION}"
    class_permission_name = "OpenApi"

    @expose("/_openapi")
    @access
    def get(self) -> Response:
        return reply(self.document())

    def document(self) -> dict[str, Any]:
        """The description, of the modules that are on; for a key that is limited to some resources, of these."""
        spec = APISpec(
            title=self.appbuilder.app_name, version=VERSION, openapi_version="3.0.3",
            info={"description": ABOUT}, servers=[{"url": request.host_url.rstrip("/")}],
            tags=[{"name": str(one.key), "description": str(one.plural)} for one in registry()
                  if is_on(one.module) and key_allows(one.url_name, READ)],
        )  # fmt: skip
        for name, words in SCHEMES.items():
            spec.components.security_scheme(name, {"type": "http", "scheme": "bearer", "description": words})
        for view in self.appbuilder.baseviews:
            if isinstance(view, Api) and view.is_on() and self.is_told(view):
                view.add_api_spec(spec)
        describe_tokens(spec)
        document = spec.to_dict()
        name_operations(document["paths"])
        return document

    def is_told(self, view: Api) -> bool:
        """Whether the caller's key reads anything of an API."""
        return view is self or key_allows(resource_of(view.route_base or ""), READ)

    def add_api_spec(self, api_spec: APISpec) -> None:
        document = ok({"type": "object"}, "This.")
        api_spec.path(
            path=f"{self.route_base}/_openapi",
            operations={"get": {"tags": ["openapi"], "summary": "This description",
                                "security": [{"jwt": []}, {"api_key": []}],
                                "responses": {"200": document, **failures(api_spec, (400, 401, 403, 404, 429))}}},
        )  # fmt: skip


def describe_tokens(spec: APISpec) -> None:
    """Describe Flask-AppBuilder's routes that give tokens."""
    tokens = {"access_token": TEXT, "refresh_token": TEXT}
    asked: Schema = {
        "type": "object",
        "required": ["username", "password", "provider"],
        "properties": {
            "username": TEXT,
            "password": TEXT,
            "provider": {"type": "string", "enum": ["db"]},
            "refresh": {"type": "boolean", "description": "Whether a refresh token is wanted as well."},
        },
    }
    answers = {
        "200": ok({"type": "object", "required": ["access_token"], "properties": tokens}, "It holds."),
        **failures(spec, (400, 401, 413, 429)),
    }
    for path, summary, more in (
        ("login", "A token for a user name and a password", {"requestBody": sent(asked), "security": []}),
        ("refresh", "Another token for a refresh token", {"security": [{"jwt_refresh": []}]}),
    ):
        spec.path(
            path=f"/api/{VERSION}/security/{path}",
            operations={"post": {"tags": ["security"], "summary": summary, "responses": answers, **more}},
        )


def name_operations(paths: dict[str, Any]) -> None:
    """Give each operation the name that programs made from the description call it by: `get_notes_pk`."""
    for path, item in paths.items():
        words = path.removeprefix(f"/api/{VERSION}/").removeprefix("/crm/").removesuffix(".json")
        name = "_".join(word.strip("{}_").replace("-", "_") for word in words.split("/") if word.strip("{}_"))
        for method, operation in item.items():
            if isinstance(operation, dict):
                operation.setdefault("operationId", f"{method}_{name}")
