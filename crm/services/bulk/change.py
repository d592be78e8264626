"""One change made to many clients, logged as one operation that can be undone."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select
from sqlalchemy.orm import Session
from werkzeug.exceptions import Forbidden

from crm.errors import RuleError
from crm.extensions import db
from crm.models import Client
from crm.security.viewer import forget_viewers
from crm.services.bulk.types import TYPES, BulkType
from crm.services.history import log as history
from crm.services.history.bulk import dialect_of, log
from crm.services.history.change_values import listed
from crm.services.locking import hold_clients, patiently
from crm.services.timeline.entries import CLIENT_KINDS
from crm.services.timeline.following import note_on_timelines

MISSING, SAME = "missing", "same"
#: Why a client was left as it is.
REASONS = {MISSING: _l("There is no such client."), SAME: _l("It is so already.")}


@dataclass(frozen=True)
class Outcome:
    """What came of a bulk change. skipped: (client id, reason) of those that were left as they are."""

    changed: int
    skipped: list[tuple[int, str]]
    operation_id: int | None

    def as_json(self) -> dict[str, Any]:
        """As the API answers it."""
        skipped = [{"id": i, "why": str(REASONS[why])} for i, why in self.skipped]
        return {"changed": self.changed, "skipped": skipped, "operation_id": self.operation_id}


def find_type(name: str) -> BulkType:
    """The bulk change of this name. Raises RuleError for none, Forbidden for one that is not for whoever acts."""
    if name not in TYPES:
        raise RuleError(_("There is no change “%(name)s”.", name=name[:60]), field="type")
    if not TYPES[name].is_allowed:
        raise Forbidden(_("You may not do this."))
    return TYPES[name]


def change_clients(ids: Collection[int] | Select[tuple[int]], type: str, value: Any = None) -> dict[str, Any]:
    """The same as `change_many` for the API: its types, and what it answers."""
    if not find_type(type).by_api:
        raise RuleError(_("There is no change “%(name)s”.", name=type), field="type")
    return change_many(ids, type, value).as_json()


def change_many(ids: Collection[int] | Select[tuple[int]], type: str, value: Any = None) -> Outcome:
    """Change many clients in one way. The caller commits.

    ids: client ids, or a query of them; those that the viewer does not see are skipped. type: status_id, stars,
    add_tag, remove_tag (value: name or id, or a list of them), add_assignee, remove_assignee (user name or id, or a
    list), archive, restore, consent (yes, no, unset), delete, task and document (objects, see `bulk_values`).
    Raises RuleError for a type or value that makes no sense, Forbidden where whoever acts may not.
    """
    wanted = find_type(type)
    session = db.session()
    session.flush()
    value = wanted.read(value)
    asked = sorted({int(i) for i in (session.scalars(ids) if isinstance(ids, Select) else ids)})

    def work() -> Outcome:
        seen = _seen_and_held(session, asked)
        alone = seen[0] if len(asked) == len(seen) == 1 else None
        with history.operation(wanted.kind, client_id=alone, change=type):
            number = _apply(session, wanted, seen, value) if seen else None
        unchanged = _unchanged(session, seen, number) if number else seen
        skipped = [(i, MISSING) for i in sorted(set(asked) - set(seen))] + [(i, SAME) for i in unchanged]
        return Outcome(len(seen) - len(unchanged), skipped, number)

    result = patiently(session, work)
    session.expire_all()
    forget_viewers()
    return result


def _apply(session: Session, wanted: BulkType, seen: list[int], value: Any) -> int | None:
    """Make the change; gives the number of the operation, None where there was nothing to change."""
    before = history.current_operation_id(session)
    changed = wanted.apply(session, listed(dialect_of(session), seen), value)
    number = history.current_operation_id(session)
    if changed and wanted.kind in CLIENT_KINDS:
        note_on_timelines(session, history.operation_id(session), wanted.kind)
    if not changed and before is None and number is not None:
        _forget_empty(session)
        return None
    return number


def _seen_and_held(session: Session, ids: list[int]) -> list[int]:
    """Those of these clients that the viewer sees, held so that nobody changes or merges them meanwhile."""
    found = listed(dialect_of(session), ids)
    hold_clients(session.connection(), found)
    return list(session.scalars(select(Client.id).where(Client.id.in_(found)).order_by(Client.id)))


def _unchanged(session: Session, seen: list[int], number: int | None) -> list[int]:
    asked = select(log.c.client_id).where(log.c.operation_id == number).distinct()
    changed = set(session.connection().scalars(asked))
    return [i for i in seen if i not in changed]


def _forget_empty(session: Session) -> None:
    """Take the operation away that was begun for nothing."""
    table = history.Operation.__table__
    session.connection().execute(table.delete().where(table.c.id == history.operation_id(session)))
    history.forget_operation(session)
