"""One change made to many clients, logged as one operation that can be undone."""

from collections.abc import Callable, Collection
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, exists, func, literal, or_, select
from sqlalchemy.orm import Session

from crm.errors import RuleError
from crm.extensions import db
from crm.models import Client, ClientAssignee, ClientTag, Status, Tag
from crm.models.client import MAX_STARS
from crm.models.folding import fold
from crm.models.types import utc_now
from crm.security.viewer import actor_id, forget_viewers
from crm.services import history
from crm.services.bulk import delete_rows, dialect_of, insert_rows, log, rows_of, update_rows
from crm.services.change_values import listed
from crm.services.following import note_on_timelines
from crm.services.locking import hold_clients, patiently

clients = Client.__table__
tags = ClientTag.__table__
assignees = ClientAssignee.__table__

CONSENT = {"yes": True, "no": False, "unset": None, "": None, True: True, False: False, None: None}


def change_clients(ids: Collection[int] | Select[tuple[int]], type: str, value: Any = None) -> dict[str, Any]:
    """Change many clients in one way. The caller commits.

    ids: client ids, or a query of them; those that the viewer does not see are skipped. type: status_id, stars,
    add_tag, remove_tag (value: name or id), add_assignee, remove_assignee (user name or id), archive, restore,
    consent (yes, no, unset). Gives `{"changed": n, "skipped": [{"id", "why"}], "operation_id": id or None}`.
    Raises RuleError for a type or value that makes no sense.
    """
    if type not in CHANGES:
        raise RuleError(_("There is no change “%(name)s”.", name=type), field="type")
    session = db.session()
    session.flush()
    check, kind, change = CHANGES[type]
    wanted = check(value)
    asked = sorted({int(i) for i in (session.scalars(ids) if isinstance(ids, Select) else ids)})

    def work() -> dict[str, Any]:
        seen = _seen_and_held(session, asked)
        chosen = listed(dialect_of(session), seen)
        with history.operation(kind, change=type):
            before = history.current_operation_id(session)
            changed = change(session, chosen, wanted)
            number = history.current_operation_id(session)
            if changed:
                note_on_timelines(session, history.operation_id(session), kind)
            elif before is None and number is not None:
                _forget_empty(session)
                number = None
        unchanged = _unchanged(session, seen, number) if number else seen
        skipped = [{"id": i, "why": _("There is no such client.")} for i in sorted(set(asked) - set(seen))]
        skipped += [{"id": i, "why": _("It is so already.")} for i in unchanged]
        return {"changed": len(seen) - len(unchanged), "skipped": skipped, "operation_id": number}

    result = patiently(session, work)
    session.expire_all()
    forget_viewers()
    return result


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


# -- what a value must be


def _status(value: Any) -> int | None:
    if value in (None, "", "none"):
        return None
    number = _number(value)
    status = db.session.get(Status, number) if number else None
    if status is None or not status.selectable:
        raise RuleError(_("There is no such status to choose."), field="value")
    return status.id


def _stars(value: Any) -> int:
    number = _number(value)
    if number is None or not 0 <= number <= MAX_STARS:
        raise RuleError(_("Stars are a number from 0 to 3."), field="value")
    return number


def _tag(value: Any) -> int:
    number = _number(value) if not isinstance(value, str) else None
    if isinstance(value, str):
        number = db.session.scalar(select(Tag.id).where(Tag.name_key == fold(" ".join(value.split()))))
    if number is None or db.session.get(Tag, number) is None:
        raise RuleError(_("There is no such tag."), field="value")
    return number


def _user(active: bool) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        number = _number(value)
        by = User.id == number if number is not None else User.username == str(value)
        user = db.session.scalar(select(User).where(by))
        if user is None or (active and not user.active):
            raise RuleError(_("There is no such user."), field="value")
        return user.id

    return check


def _consent(value: Any) -> bool | None:
    if isinstance(value, str | bool | None) and value in CONSENT:
        return CONSENT[value]
    raise RuleError(_("Consent is yes, no or unset."), field="value")


def _nothing(_value: Any) -> None:
    return None


def _number(value: Any) -> int | None:
    """A whole number that the database can hold, or None."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None


# -- the changes: each gives the number of rows written


def _these(column: Any, chosen: Select[Any]) -> ColumnElement[bool]:
    return column.in_(chosen)


def _set_status(session: Session, chosen: Select[Any], status_id: int | None) -> int:
    also = {"status_changed_at": utc_now()}
    return update_rows(session, clients, _these(clients.c.id, chosen), {"status_id": status_id}, also)[1]


def _set_stars(session: Session, chosen: Select[Any], stars: int) -> int:
    return update_rows(session, clients, _these(clients.c.id, chosen), {"stars": stars})[1]


def _set_consent(session: Session, chosen: Select[Any], consent: bool | None) -> int:
    known = consent is not None
    also = {
        "consent_at": utc_now() if known else None,
        "consent_source": "bulk" if known else None,
        "consent_by_id": actor_id() if known else None,
    }
    return update_rows(session, clients, _these(clients.c.id, chosen), {"consent": consent}, also)[1]


def _archive(session: Session, chosen: Select[Any], _value: None) -> int:
    these = _these(clients.c.id, chosen) & clients.c.archived_at.is_(None)
    return update_rows(session, clients, these, {"archived_at": utc_now()})[1]


def _restore(session: Session, chosen: Select[Any], _value: None) -> int:
    return update_rows(session, clients, _these(clients.c.id, chosen), {"archived_at": None})[1]


def _add_tag(session: Session, chosen: Select[Any], tag_id: int) -> int:
    there = exists().where(tags.c.client_id == clients.c.id, tags.c.tag_id == tag_id)
    new = select(clients.c.id, literal(tag_id)).where(_these(clients.c.id, chosen), ~there)
    mine = (tags.c.tag_id == tag_id) & _these(tags.c.client_id, chosen)
    return insert_rows(session, tags, ("client_id", "tag_id"), new, mine)[1]


def _remove_tag(session: Session, chosen: Select[Any], tag_id: int) -> int:
    return delete_rows(session, tags, (tags.c.tag_id == tag_id) & _these(tags.c.client_id, chosen))[1]


def _add_assignee(session: Session, chosen: Select[Any], user_id: int) -> int:
    own = assignees.alias()
    there = exists().where(own.c.client_id == clients.c.id, own.c.user_id == user_id)
    last = select(func.coalesce(func.max(own.c.position) + 1, 0)).where(own.c.client_id == clients.c.id)
    new = select(clients.c.id, literal(user_id), last.scalar_subquery())
    new = new.where(_these(clients.c.id, chosen), ~there)
    mine = (assignees.c.user_id == user_id) & _these(assignees.c.client_id, chosen)
    return insert_rows(session, assignees, ("client_id", "user_id", "position"), new, mine)[1]


def _remove_assignee(session: Session, chosen: Select[Any], user_id: int) -> int:
    mine = (assignees.c.user_id == user_id) & _these(assignees.c.client_id, chosen)
    step, number = delete_rows(session, assignees, mine)
    if number:
        _close_ranks(session, step)
    return number


def _close_ranks(session: Session, step: int) -> None:
    """The assignees that stay are counted from 0 again, for the first is the responsible one."""
    gone = select(log.c.client_id).where(
        log.c.operation_id == history.operation_id(session), log.c.step == step,
        log.c.row_id.in_(rows_of(history.operation_id(session), step, assignees)),
    )  # fmt: skip
    before = assignees.alias()
    earlier = or_(
        before.c.position < assignees.c.position,
        (before.c.position == assignees.c.position) & (before.c.id < assignees.c.id),
    )
    place = (
        select(func.count()).select_from(before).where(before.c.client_id == assignees.c.client_id, earlier)
    )
    update_rows(session, assignees, assignees.c.client_id.in_(gone), {"position": place.scalar_subquery()})


#: type -> (what makes a value of it, the kind of the operation, what changes the clients)
CHANGES: dict[str, tuple[Callable[[Any], Any], str, Callable[[Session, Select[Any], Any], int]]] = {
    "status_id": (_status, "status", _set_status),
    "stars": (_stars, "change", _set_stars),
    "consent": (_consent, "consent", _set_consent),
    "add_tag": (_tag, "change", _add_tag),
    "remove_tag": (_tag, "change", _remove_tag),
    "add_assignee": (_user(active=True), "change", _add_assignee),
    "remove_assignee": (_user(active=False), "change", _remove_assignee),
    "archive": (_nothing, "archive", _archive),
    "restore": (_nothing, "restore", _restore),
}
