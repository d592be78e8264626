"""The changes of many clients, each by a few statements. They give the number of rows written.

`chosen` is a query of the clients' ids, which the caller holds.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, literal, or_, select
from sqlalchemy.orm import Session

from crm.models import Client, ClientAssignee, ClientTag
from crm.models.types import utc_now
from crm.security.viewer import actor_id
from crm.services.bulk.values import Tags
from crm.services.clients.tags import get_tag
from crm.services.history import log as history
from crm.services.history.bulk import delete_rows, insert_rows, log, rows_of, update_rows

clients = Client.__table__
tags = ClientTag.__table__
assignees = ClientAssignee.__table__

Chosen = Select[Any]


def _set(session: Session, chosen: Chosen, values: dict[str, Any], also: dict[str, Any] | None = None) -> int:
    return update_rows(session, clients, clients.c.id.in_(chosen), values, also)[1]


def set_status(session: Session, chosen: Chosen, status_id: int | None) -> int:
    return _set(session, chosen, {"status_id": status_id}, {"status_changed_at": utc_now()})


def set_stars(session: Session, chosen: Chosen, stars: int) -> int:
    return _set(session, chosen, {"stars": stars})


def set_consent(session: Session, chosen: Chosen, consent: bool | None) -> int:
    known = consent is not None
    also = {
        "consent_at": utc_now() if known else None,
        "consent_source": "bulk" if known else None,
        "consent_by_id": actor_id() if known else None,
    }
    return _set(session, chosen, {"consent": consent}, also)


def archive(session: Session, chosen: Chosen, _value: None) -> int:
    these = clients.c.id.in_(chosen) & clients.c.archived_at.is_(None)
    return update_rows(session, clients, these, {"archived_at": utc_now()})[1]


def restore(session: Session, chosen: Chosen, _value: None) -> int:
    return _set(session, chosen, {"archived_at": None})


def trash(session: Session, chosen: Chosen, _value: None) -> int:
    these = clients.c.id.in_(chosen) & clients.c.deleted_at.is_(None)
    return update_rows(session, clients, these, {"deleted_at": utc_now()})[1]


def add_tags(session: Session, chosen: Chosen, wanted: Tags) -> int:
    made = [get_tag(name, may_create=True) for name in wanted.new]
    session.flush()
    number = 0
    for tag_id in (*wanted.ids, *(tag.id for tag in made)):
        there = exists().where(tags.c.client_id == clients.c.id, tags.c.tag_id == tag_id)
        new = select(clients.c.id, literal(tag_id)).where(clients.c.id.in_(chosen), ~there)
        mine = (tags.c.tag_id == tag_id) & tags.c.client_id.in_(chosen)
        number += insert_rows(session, tags, ("client_id", "tag_id"), new, mine)[1]
    return number


def remove_tags(session: Session, chosen: Chosen, wanted: Tags) -> int:
    return delete_rows(session, tags, tags.c.tag_id.in_(wanted.ids) & tags.c.client_id.in_(chosen))[1]


def add_assignees(session: Session, chosen: Chosen, user_ids: tuple[int, ...]) -> int:
    number = 0
    for user_id in user_ids:
        own = assignees.alias()
        there = exists().where(own.c.client_id == clients.c.id, own.c.user_id == user_id)
        last = select(func.coalesce(func.max(own.c.position) + 1, 0)).where(own.c.client_id == clients.c.id)
        new = select(clients.c.id, literal(user_id), last.scalar_subquery())
        new = new.where(clients.c.id.in_(chosen), ~there)
        mine = (assignees.c.user_id == user_id) & assignees.c.client_id.in_(chosen)
        number += insert_rows(session, assignees, ("client_id", "user_id", "position"), new, mine)[1]
    return number


def remove_assignees(session: Session, chosen: Chosen, user_ids: tuple[int, ...]) -> int:
    mine = assignees.c.user_id.in_(user_ids) & assignees.c.client_id.in_(chosen)
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


# -- whom a change would change


def has_other(column: Any) -> Any:
    """A maker of the condition that a client's column is not what it is to be."""

    def differs(wanted: Any) -> ColumnElement[bool]:
        return column.is_distinct_from(wanted)

    return differs


def lacks_a_tag(wanted: Tags) -> ColumnElement[bool]:
    """That a client has not all of these tags."""
    lacking = (
        ~exists().where(tags.c.client_id == Client.id, tags.c.tag_id == tag_id) for tag_id in wanted.ids
    )
    return or_(literal(bool(wanted.new)), *lacking)


def has_a_tag(wanted: Tags) -> ColumnElement[bool]:
    return exists().where(tags.c.client_id == Client.id, tags.c.tag_id.in_(wanted.ids))


def lacks_an_assignee(user_ids: tuple[int, ...]) -> ColumnElement[bool]:
    """That not all of these users look after a client."""
    link = assignees
    return or_(*(~exists().where(link.c.client_id == Client.id, link.c.user_id == u) for u in user_ids))


def has_an_assignee(user_ids: tuple[int, ...]) -> ColumnElement[bool]:
    return exists().where(assignees.c.client_id == Client.id, assignees.c.user_id.in_(user_ids))
