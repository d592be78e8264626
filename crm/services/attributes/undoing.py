"""What undo has to know of attributes: a value that comes back may find its word deleted, or its attribute of
another type by now. The word comes back with it; the value is converted, or listed as left alone."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import insert, or_, select
from sqlalchemy.orm import Session

from crm.errors import KeyMissing, StateConflict
from crm.models import AttributeDefinition, AttributeOption, AttributeValue, Change
from crm.models.sealed_values import value_of
from crm.models.sealing import unseal
from crm.services.attributes.changes import Owner, converted, insert_values, parts_of
from crm.services.history import bulk
from crm.services.history import log as history
from crm.services.history.bulk import dialect_of
from crm.services.history.change_values import listed
from crm.services.history.encoding import decode_row
from crm.services.reading import Unreadable
from crm.services.undo.report import CHANGED, Report

values = AttributeValue.__table__
options = AttributeOption.__table__
definitions = AttributeDefinition.__table__
log = Change.__table__


# -- words


def bring_back_options(session: Session, operation: int) -> None:
    """Bring back the words that the values of an operation had, and that somebody deleted since."""
    connection = session.connection()
    wanted = set(_options_before(session, operation))
    if not wanted:
        return
    there = set(connection.scalars(select(options.c.id).where(options.c.id.in_(wanted))))
    asked = select(log.c.row_id, log.c.operation_id, log.c.before).where(
        log.c.table_name == options.name, log.c.action == "delete", log.c.row_id.in_(wanted - there)
    )
    gone = {row.row_id: row for row in connection.execute(asked.order_by(log.c.id))}
    found = []
    for row in gone.values():
        columns = decode_row(options, row.before)
        if row.operation_id != operation and _has_room(session, columns):
            connection.execute(insert(options).values(columns))
            found.append({"table_name": options.name, "row_id": row.row_id, "action": "insert", "client_id": None,
                          "before": None, "after": row.before})  # fmt: skip
    if found:
        step = history.next_step(session)
        history.write_changes(connection, history.operation_id(session), step, found)


def _options_before(session: Session, operation: int) -> Iterator[int]:
    asked = select(log.c.before).where(
        log.c.operation_id == operation, log.c.table_name == values.name, log.c.before.is_not(None)
    )
    for before in session.connection().scalars(asked):
        if before.get("option_id"):
            yield before["option_id"]
        elif before.get("secret"):
            with suppress(KeyMissing):
                column, value = value_of(unseal(before["secret"]))
                if column == "option_id":
                    yield value


def _has_room(session: Session, option: dict[str, Any]) -> bool:
    """Whether a word can come back: its attribute is there, and has no other of this name."""
    connection, definition_id = session.connection(), option["definition_id"]
    if connection.scalar(select(definitions.c.id).where(definitions.c.id == definition_id)) is None:
        return False
    taken = select(options.c.id).where(
        options.c.definition_id == definition_id, options.c.label == option["label"]
    )
    return connection.scalar(taken.limit(1)) is None


# -- types


@dataclass(frozen=True)
class Since:
    """What may have been set since an operation gave an attribute its type.

    type: that type. values: whose -> the parts of the value. without: those of them who have less than the operation
    gave them.
    """

    type: str
    values: dict[Owner, list[Any]]
    without: frozenset[Owner]


def set_since(session: Session, operation: int) -> dict[int, Since]:
    """definition id -> what was set since, of those whose type the operation changed; before it is taken back."""
    connection, of_values = session.connection(), log.c.table_name == values.name
    retyped = select(log.c.row_id, log.c.after).where(
        log.c.operation_id == operation, log.c.table_name == definitions.name, log.c.action == "update"
    )
    mine = (log.c.operation_id == operation) & of_values & (log.c.action == "insert")
    added = select(log.c.row_id).where(mine)
    touched = select(log.c.row_id).where(log.c.operation_id > operation, of_values)
    found = {}
    for row in connection.execute(retyped).all():
        definition = session.get(AttributeDefinition, row.row_id) if "type" in row.after else None
        if definition is None:
            continue
        gone = connection.scalars(select(log.c.after).where(mine, log.c.row_id.not_in(select(values.c.id))))
        without = {
            (after["client_id"], after.get("contact_id"))
            for after in gone if after["definition_id"] == definition.id
        }  # fmt: skip
        later = select(values.c.client_id, values.c.contact_id).where(
            values.c.definition_id == definition.id,
            or_(values.c.id.not_in(added), values.c.id.in_(touched)),
        )
        whose = without | {tuple(one) for one in connection.execute(later)}
        clients = listed(dialect_of(session), {client_id for client_id, _contact_id in whose})
        parts = parts_of(definition, values.c.client_id.in_(clients)) if whose else {}
        found[definition.id] = Since(
            definition.type, {one: parts[one] for one in whose if one in parts}, frozenset(without)
        )
    return found


def _take_along(session: Session, number: int, since: dict[int, Since], report: Report) -> None:
    """Give what was set since the type that came back; what came back for the same owners goes again."""
    back = select(log.c.row_id).where(
        log.c.operation_id == number, log.c.table_name == values.name, log.c.action != "delete"
    )
    for definition_id, later in since.items():
        definition = session.get(AttributeDefinition, definition_id, populate_existing=True)
        if definition is None or definition.type == later.type:
            continue
        asked = select(values.c.client_id, values.c.contact_id, values.c.id).where(
            values.c.definition_id == definition_id
        )
        left = {tuple(row[:2]) for row in session.connection().execute(asked.where(values.c.id.not_in(back)))}
        try:
            found = {
                owner: converted(definition, later.type, parts)
                for owner, parts in later.values.items() if owner in left | later.without
            }  # fmt: skip
        except Unreadable:
            raise StateConflict(
                _("Values were set since that the old type cannot hold. Change or clear them first.")
            ) from None
        session.flush()
        there = {row.id for row in session.connection().execute(asked) if tuple(row[:2]) in found}
        for row_id in there & set(session.connection().scalars(back)):
            report.leave(values.name, row_id, CHANGED)
            report.undone[values.name] -= 1
        bulk.delete_rows(session, values, values.c.id.in_(listed(dialect_of(session), there)))
        insert_values(definition, found)


def fit_values(session: Session, undone: int, number: int, since: dict[int, Since], report: Report) -> None:
    """Convert the values that an undo brought back to the types that their attributes have by now, and those that
    were set since to the types that it brought back.

    undone: the operation that was taken back; number: that which does it; since: what `set_since` gave before.
    Raises StateConflict where a type that comes back cannot hold a value.
    """
    _take_along(session, number, since, report)
    for definition_id, old_type in _types_then(session, undone, number).items():
        definition = session.get(AttributeDefinition, definition_id, populate_existing=True)
        if definition is None or definition.type == old_type:
            continue
        asked = select(values.c.id, values.c.client_id, values.c.contact_id).where(
            values.c.definition_id == definition_id
        )
        mine = select(log.c.row_id).where(
            log.c.operation_id == number, log.c.table_name == values.name, log.c.action != "delete"
        )
        back = session.connection().execute(asked.where(values.c.id.in_(mine))).all()
        if back:
            others = session.connection().execute(asked.where(values.c.id.not_in(mine))).all()
            taken = {(row.client_id, row.contact_id) for row in others}
            _convert(session, definition, old_type, back, taken, report)


def _types_then(session: Session, undone: int, number: int) -> dict[int, str]:
    """definition id -> its type before an operation, of those whose type was changed since."""
    since = (log.c.operation_id >= undone) & (log.c.operation_id != number)
    asked = select(log.c.row_id, log.c.before).where(
        since, log.c.table_name == definitions.name, log.c.action == "update"
    )
    found: dict[int, str] = {}
    for row in session.connection().execute(asked.order_by(log.c.id)):
        if "type" in row.before:
            found.setdefault(row.row_id, row.before["type"])
    return found


def _convert(
    session: Session, definition: AttributeDefinition, old_type: str, back: Any, taken: set[Owner], report: Report
) -> None:  # fmt: skip
    ids = defaultdict(list)
    for row in back:
        ids[row.client_id, row.contact_id].append(row.id)
    all_ids = [row.id for row in back]
    found = {}
    for owner, parts in parts_of(definition, values.c.id.in_(all_ids)).items():
        try:
            if owner in taken:
                raise Unreadable
            found[owner] = converted(definition, old_type, parts)
        except Unreadable:
            for row_id in ids[owner]:
                report.leave(values.name, row_id, CHANGED)
                report.undone[values.name] -= 1
    session.flush()
    bulk.delete_rows(session, values, values.c.id.in_(all_ids))
    insert_values(definition, found)
