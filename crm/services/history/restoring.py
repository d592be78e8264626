"""An old value of a field, said as a program would send it, so that it is put back by the rules of an edit."""

from collections.abc import Iterable
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _

from crm.errors import RuleError
from crm.extensions import db
from crm.models import AttributeDefinition, Client, Status
from crm.models.line import LINE_FIELDS
from crm.registry import TAG_LINKS, RecordType
from crm.services.attributes import values as attributes
from crm.services.attributes.reading import WORD_TYPES
from crm.services.clients.as_json import ADDRESSES, COLUMNS, RENAMED, YES_NO, plain
from crm.services.history.facts import Fact
from crm.services.history.past_names import model_of
from crm.services.history.pieces import ATTRIBUTES
from crm.services.record_json import answered
from crm.services.record_names import LINES, json_name, written_names
from crm.services.sales.lines import lines_json

#: Pieces that are put back beside those with a target.
WHOLE_PIECES = frozenset({ATTRIBUTES, "lines", "external_ids"})


def can_be_put_back(record: RecordType, fact: Fact) -> bool:
    """Whether a field is one that people write; whether its old value still may stand there is seen by trying."""
    if fact.is_secret:
        return False
    if fact.piece is not None:
        return bool(fact.piece.target) or fact.piece.name in WHOLE_PIECES
    if record.model is Client:
        return _client_name(fact.name) is not None
    return fact.name in {one.key for one in record.fields} and (fact.old is not None or fact.new is not None)


def as_sent(record: RecordType, item: Any, fact: Fact) -> dict[str, Any]:
    """What is sent to give a field its old value. Raises RuleError for what is gone."""
    if not can_be_put_back(record, fact):
        raise RuleError(_("This is not written by hand."))
    if fact.piece is not None:
        return _piece(record, item, fact)
    if record.model is Client:
        return _client_field(fact)
    attribute = next(one for one in record.fields if one.key == fact.name)
    relation = record.mapper.relationships.get(fact.name)
    if relation is not None and fact.old is not None:
        return {json_name(attribute): _other(relation.mapper.local_table.name, fact.old)}
    return {json_name(attribute): plain(fact.old)}


# -- columns of a client


def _client_name(column: str) -> str | None:
    """The field that a column of a client is sent as."""
    renamed = {held: name for name, held in RENAMED.items()}
    if column in COLUMNS or column in renamed:
        return renamed.get(column, column)
    if column in ("status_id", "archived_at"):
        return {"status_id": "status", "archived_at": "archived"}[column]
    return next((which for which in ADDRESSES if column.startswith(f"{which}_")), None)


def _client_field(fact: Fact) -> dict[str, Any]:
    name = _client_name(fact.name)
    assert name is not None
    if name in ADDRESSES:
        return {name: {fact.name.removeprefix(f"{name}_"): fact.old}}
    if name == "status":
        status = db.session.get(Status, fact.old) if fact.old is not None else None
        if status is None and fact.old is not None:
            raise RuleError(_("This status is no longer there."))
        return {name: status.code if status else None}
    if name == "archived":
        return {name: fact.old is not None}
    return {name: YES_NO[fact.old] if name == "consent" else plain(fact.old)}


# -- pieces


def _piece(record: RecordType, item: Any, fact: Fact) -> dict[str, Any]:
    assert fact.piece is not None
    if fact.piece.name == ATTRIBUTES:
        return _attribute(item, fact)
    if fact.piece.name == "lines":
        return {LINES: _lines(item, fact)}
    if fact.piece.name == "external_ids":
        was_there = fact.column != "id" or fact.old is not None
        old = fact.old if fact.column == "external_id" else fact.row["external_id"] if was_there else None
        return {"external_id": old, "app_code": fact.row["app_code"]}
    relation = fact.piece.model.__table__.c[fact.piece.target]
    target = next(iter(relation.foreign_keys)).column.table.name
    known = {attribute.key: name for name, attribute in written_names(record).items()}
    own = {TAG_LINKS: "tags", "assignee_links": "assignees"} if record.model is Client else {}
    name = known.get(fact.piece.name) or own[fact.piece.name]
    present = _present(record, item, fact.piece.name)
    if fact.old is None:
        gone = _other(target, fact.new)
        return {name: [one for one in present if one != gone]}
    return {name: [*present, *({_other(target, fact.old)} - set(present))]}


def _present(record: RecordType, item: Any, name: str) -> list[Any]:
    """What a record is linked with, as it is sent."""
    if name == TAG_LINKS:
        return [tag.name for tag in item.tags]
    if record.model is Client:
        return [user.username for user in item.assignees]
    return list(answered(record, item, getattr(record.model, name)))


def _other(table: str, number: int) -> Any:
    """What a row of another table is sent as. Raises RuleError where it cannot be chosen any more."""
    found = db.session.get(model_of(table), number)
    if found is None:
        raise RuleError(_("What stood there is no longer there."))
    if isinstance(found, User):
        if not found.active:
            raise RuleError(_("%(name)s is not active any more.", name=found.get_full_name()))
        return found.username
    return found.name if table == "tag" else found.id


def _attribute(item: Any, fact: Fact) -> dict[str, Any]:
    """The whole old value of an attribute; of several words what is there, with or without this one."""
    definition = db.session.get(AttributeDefinition, fact.row["definition_id"])
    if definition is None or not definition.active:
        raise RuleError(_("This attribute is no longer there."))
    if definition.type not in WORD_TYPES:
        return {definition.key: plain(fact.old)}
    labels = {option.id: option.label for option in definition.options}
    if fact.old is not None and fact.old not in labels:
        raise RuleError(_("This word is no longer in the list."))
    old = labels.get(fact.old)
    if definition.type == "word":
        return {definition.key: old}
    present: Iterable[str] = attributes.values_of(item).get(definition.key) or []
    changed = labels.get(fact.new)
    return {definition.key: [*(one for one in present if one not in (changed, old)), *([old] if old else [])]}


def _lines(item: Any, fact: Fact) -> list[dict[str, Any]]:
    """The lines of a record with one of them as it was."""
    lines = lines_json(item)
    line = next((one for one in lines if one["id"] == fact.row["id"]), None)
    if fact.column != "id":
        if line is None:
            raise RuleError(_("This line is no longer there."))
        name = fact.column.removesuffix("_id")
        if name not in LINE_FIELDS:
            raise RuleError(_("This is not written by hand."))
        line[name] = plain(fact.old)
        return lines
    if fact.old is None:
        return [one for one in lines if one is not line]
    row = {name: plain(fact.row.get("product_id" if name == "product" else name)) for name in LINE_FIELDS}
    return [*lines, row] if line is None else lines
