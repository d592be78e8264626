"""The REST API of documents: every record's, with the file beside the fields in a form, and the file to be had."""

from typing import Any

from apispec import APISpec
from flask import Response, request
from flask_appbuilder.api import expose
from flask_babel import gettext as _

from crm.errors import Invalid, RuleError
from crm.extensions import db
from crm.models import Document
from crm.services.files.documents import set_file
from crm.services.files.uploads import Upload, prepare
from crm.views.api import description as api_document
from crm.views.api.access import access
from crm.views.api.record_api import RecordApi
from crm.views.api.schemas import Schema, Schemas
from crm.views.records.file_answers import as_attachment

FORM = "multipart/form-data"
FILE: Schema = {"type": "string", "format": "binary", "description": "The file itself."}
SHOWN: Schema = {
    "edition": {
        "type": "integer",
        "readOnly": True,
        "description": "Counts how often the file was replaced, from 1.",
    },
    "file_url": {"type": "string", "readOnly": True, "description": "Where the file is to be had."},
}


def form_of(schema: Schema, **more: Any) -> Schema:
    """The form that is sent: the fields of this JSON, and the file."""
    return {**schema, "properties": {"file": FILE, **schema["properties"]}, **more}


class DocumentApi(RecordApi):
    """The API of documents. What adds one, or replaces its file, is sent as a form with the part `file`."""

    more_routes = frozenset({"file"})
    method_permission_name = {"file": "show"}
    write_failures = (*api_document.WRITING, 507)

    @expose("/<pk>/file")
    @access
    def file(self, pk: str) -> Response:
        """The file of a document."""
        document: Document = self.get_item(pk)
        return as_attachment(document.stored_file, document.file_name)

    def body(self) -> dict[str, Any]:
        if request.mimetype != FORM:
            return super().body()
        data: dict[str, Any] = dict(request.form)
        version = str(data.get("version", ""))
        if version.isascii() and version.isdigit() and len(version) < 20:
            data["version"] = int(version)
        if sent := request.files.get("file"):
            # a large picture takes a second: let go of the database, so that others can write meanwhile
            db.session.rollback()
            try:
                data["file"] = prepare(sent.stream, sent.filename)
            except RuleError as error:
                raise Invalid(error.errors, error.description) from None
        return data

    def one_json(self, item: Document) -> dict[str, Any]:
        return {
            **super().one_json(item),
            "edition": item.edition,
            "file_url": f"{self.route_base}/{item.id}/file",
        }

    def schemas(self) -> Schemas:
        return super().schemas().with_properties(SHOWN)

    def write(self, item: Document, data: dict[str, Any]) -> None:
        upload = data.pop("file") if isinstance(data.get("file"), Upload) else None
        if upload is None and item.id is None:
            raise Invalid({"file": [_("Send the file as the part “file” of multipart/form-data.")]})
        if item.id is None and not data.get("name"):
            data["name"] = upload.name
        super().write(item, data)
        if upload is not None:
            set_file(item, upload)

    def input_schema(self, method: str) -> dict[str, Any]:
        known = self.schemas()
        if method == "post":
            return {FORM: {"schema": form_of(known.added, required=["file", *known.added["required"]])}}
        return {**super().input_schema(method), FORM: {"schema": form_of(known.changed)}}

    def add_api_spec(self, api_spec: APISpec) -> None:
        super().add_api_spec(api_spec)
        # programs made from this know what to do with the first, the second is what is answered
        kinds = ("application/octet-stream", "*/*")
        there = {"description": "It.", "content": {kind: {"schema": FILE} for kind in kinds}}
        api_spec.path(
            path=f"{self.route_base}/{{pk}}/file",
            operations={"get": api_document.operation(
                api_spec, self.openapi_spec_tag or self.record.key, "The file", {"200": there},
                (*api_document.READING, 507))},
            parameters=[api_document.parameter("pk", "The number of the record.", api_document.NUMBER_OF_ROW,
                                               "path")],
        )  # fmt: skip
