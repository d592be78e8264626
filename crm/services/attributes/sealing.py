"""Values of an attribute that becomes sensitive are encrypted where they lie, and opened again when it no longer is.

Rows and all that history keeps of them change their form and nothing else, so this is no change that the log
tells or an undo could take back: it follows the flag of the definition, whoever sets it, an undo too.
"""

from collections.abc import Callable, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Text, bindparam, event, or_, select, type_coerce, update
from sqlalchemy.orm import Session

from crm.errors import RuleError
from crm.models import AttributeDefinition, AttributeValue, Change
from crm.models.attribute import text_keys
from crm.models.base import has_changed
from crm.models.sealed_values import OPEN_COLUMNS, sealed_columns, value_of
from crm.models.sealing import seal, unseal
from crm.models.types import Json
from crm.security.masking import may_see_sensitive
from crm.services.attributes.options import forget_loaded
from crm.services.history.bulk import dialect_of
from crm.services.history.change_values import listed, unpacked
from crm.services.history.encoding import decode, encode

values = AttributeValue.__table__
definitions = AttributeDefinition.__table__
log = Change.__table__
PORTION = 1_000
SEALED = ("secret", "match_key")
#: What a text is found by while it is open.
KEYS = tuple(text_keys(None))
OPEN = frozenset(OPEN_COLUMNS)
OPEN_OR_KEY = OPEN | set(KEYS)
#: The columns of which a value is made, in whichever form.
FORM = ("slot", *OPEN_COLUMNS, *KEYS, *SEALED)

#: What the log keeps of a row before or after a change.
Side = dict[str, Any] | None


# -- one value


def sealed(side: Side) -> Side:
    """The same with the value encrypted."""
    if not side or OPEN.isdisjoint(side):
        return side
    found: dict[str, Any] = dict.fromkeys(SEALED)
    for name in OPEN_COLUMNS:
        if side.get(name) is not None:
            value = decode(values.c[name].type, side[name])
            found = sealed_columns(name, value, of_several=bool(side.get("slot")))
            found["secret"] = seal(found["secret"])
    return {name: value for name, value in side.items() if name not in OPEN_OR_KEY} | found


def opened(side: Side) -> Side:
    """The same with the value open."""
    if not side or side.keys().isdisjoint(SEALED):
        return side
    found = {name: value for name, value in side.items() if name not in SEALED}
    if side.get("secret"):
        column, value = value_of(unseal(side["secret"]))
        found[column] = encode(values.c[column].type, value)
        if column == "text":
            found |= text_keys(value)
        if side.get("slot"):
            found["slot"] = value
    return found


# -- many values


def change_form(session: Session, row_ids: Sequence[int], form: Callable[[Side], Side]) -> None:
    """Bring these rows, and all that history keeps of them, into another form."""
    for start in range(0, len(row_ids), PORTION):
        ids = listed(dialect_of(session), row_ids[start : start + PORTION])
        _change_rows(session, ids, form)
        _change_log(session, ids, form)


def _change_rows(session: Session, ids: Any, form: Callable[[Side], Side]) -> None:
    # ciphertexts are the same in a row and in the log, and pass as they are
    kinds = {name: Text() if name == "secret" else values.c[name].type for name in FORM}
    columns = [type_coerce(values.c[name], kind).label(name) for name, kind in kinds.items()]
    asked = select(values.c.id, *columns).where(values.c.id.in_(ids))
    found = []
    for number, *held in session.connection().execute(asked.with_for_update()):
        side = {
            name: encode(kinds[name], value)
            for name, value in zip(FORM, held, strict=True) if value is not None
        }  # fmt: skip
        new_side = form(side) or {}
        found.append(
            {"number": number} | {f"new_{name}": decode(kinds[name], new_side.get(name)) for name in FORM}
        )
    if found:
        new = {name: bindparam(f"new_{name}", type_=kind) for name, kind in kinds.items()}
        session.connection().execute(
            update(values).where(values.c.id == bindparam("number")).values(new), found
        )


def _change_log(session: Session, ids: Any, form: Callable[[Side], Side]) -> None:
    asked = select(log.c.id, log.c.before, log.c.after).where(
        log.c.table_name == values.name, log.c.row_id.in_(ids)
    )
    found = []
    for row in session.connection().execute(asked):
        before, after = form(row.before), form(row.after)
        if before is not None and after is not None:
            # both sides of a change tell of the same columns
            before, after = dict.fromkeys(after) | before, dict.fromkeys(before) | after
        if (before, after) != (row.before, row.after):
            found.append({"number": row.id, "new_before": before, "new_after": after})
    if found:
        new = {side: bindparam(f"new_{side}", type_=Json) for side in ("before", "after")}
        session.connection().execute(update(log).where(log.c.id == bindparam("number")).values(new), found)


# -- of a definition


def follow_flag(session: Session, definition_id: int) -> None:
    """Bring rows and history of an attribute's values into the form that its flag asks for.

    Raises RuleError where they would be opened to somebody who may not see them.
    """
    asked = select(definitions.c.sensitive).where(definitions.c.id == definition_id).with_for_update()
    sensitive = session.connection().scalar(asked)
    if sensitive is None:
        return
    ids = rows_ever(session, definition_id)
    if not sensitive and ids and not may_see_sensitive():
        raise RuleError(_("Only who may see sensitive values can open them."), field="sensitive")
    change_form(session, ids, sealed if sensitive else opened)
    forget_loaded()


def rows_ever(session: Session, definition_id: int) -> list[int]:
    """The numbers of all rows that an attribute's values stand in, or stood in as history tells."""
    dialect, column = dialect_of(session), values.c.definition_id
    told = or_(*(unpacked(dialect, side, column) == definition_id for side in (log.c.before, log.c.after)))
    gone = select(log.c.row_id).where(log.c.table_name == values.name, log.c.action != "update", told)
    there = select(values.c.id).where(column == definition_id)
    return sorted(set(session.connection().scalars(gone)) | set(session.connection().scalars(there)))


def follow_flags_after(session: Session, operation: int) -> None:
    """Follow the flags that an operation changed by statements."""
    asked = select(log.c.row_id, log.c.before, log.c.after).where(
        log.c.operation_id == operation, log.c.table_name == definitions.name, log.c.action == "update"
    )
    for row in session.connection().execute(asked).all():
        if (row.before or {}).get("sensitive") != (row.after or {}).get("sensitive"):
            follow_flag(session, row.row_id)


@event.listens_for(Session, "after_flush")
def _note(session: Session, *_args: Any) -> None:
    ids: set[int] = session.info.setdefault("changed_flags", set())
    for item in session.dirty:
        if isinstance(item, AttributeDefinition) and has_changed(item, "sensitive"):
            ids.add(item.id)


@event.listens_for(Session, "after_flush_postexec")
def _follow(session: Session, *_args: Any) -> None:
    for definition_id in session.info.pop("changed_flags", ()):
        follow_flag(session, definition_id)
