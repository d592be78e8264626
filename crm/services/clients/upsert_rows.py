"""The rows of an upsert: what was asked, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _

from crm.errors import Invalid
from crm.models import Client
from crm.models.sensitive import MASK
from crm.services.clients.reading import LONGEST_EXTERNAL_ID, ClientInput, read_app_code, read_client
from crm.services.clients.writing import Words
from crm.services.reading import Unreadable, read_text
from crm.services.storable import check_json

WRAPPING = frozenset({"app_code", "external_id", "client"})


@dataclass
class Row:
    """One client to add or change, and the name under which another system knows it."""

    index: int
    app_code: str
    external_id: str
    given: ClientInput

    @property
    def key(self) -> tuple[str, str]:
        return self.app_code, self.external_id


@dataclass
class Outcome:
    """What became of one row: a client, or errors by field with the status that says what kind they are."""

    index: int
    client: Client | None = None
    app_code: str = ""
    created: bool = False
    restored: bool = False
    code: int = 200
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return self.client is None

    def brief(self) -> dict[str, Any]:
        """The outcome as a line of a batch's answer."""
        if self.client is None:
            return {"index": self.index, "code": self.code, "errors": self.errors}
        state = {"archived": self.client.archived, **({"restored": True} if self.restored else {})}
        return {"index": self.index, "id": self.client.id, "created": self.created, **state}


def read_row(index: int, document: Any, words: Words, default_app_code: Any = None) -> Row:
    """Read one document. Raises Invalid with all that is wrong."""
    try:
        check_json(document)
    except Unreadable as error:
        raise Invalid({"client": [str(error)]}) from None
    if not isinstance(document, Mapping):
        raise Invalid({"client": [_("Send a JSON object.")]})
    wrapped = "client" in document
    fields = document["client"] if wrapped else {k: v for k, v in document.items() if k not in WRAPPING}
    errors: dict[str, list[str]] = {}
    if not isinstance(fields, Mapping):
        raise Invalid({"client": [_("Send a JSON object.")]})
    if wrapped:
        errors = {name: [_("There is no such field.")] for name in document if name not in WRAPPING}
    try:
        code = read_app_code(document.get("app_code", default_app_code))
    except Unreadable as error:
        code, errors["app_code"] = "", [str(error)]
    name = _read_external_id(document.get("external_id"), errors)
    given = ClientInput()
    try:
        # what was read may be sent back
        told = {key for key in words.masked & fields.keys() if fields[key] in (None, MASK)}
        given = read_client({k: v for k, v in fields.items() if k not in told}, words.definitions)
    except Invalid as error:
        errors = {**error.errors, **errors}
    if (given.external_id and given.external_id[0] != name) or given.app_code not in ("", code):
        errors["external_id"] = [_("This cannot be changed.")]
    if errors:
        raise Invalid(errors)
    given.external_id = []
    return Row(index, code, name, given)


def _read_external_id(value: Any, errors: dict[str, list[str]]) -> str:
    try:
        name = read_text(value, LONGEST_EXTERNAL_ID) if value is not None else None
    except Unreadable as error:
        errors["external_id"] = [str(error)]
        return ""
    if not name:
        errors["external_id"] = [_("Please fill this in.")]
    return name or ""
