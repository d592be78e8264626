"""Pairs that hang together make a group, named by its smallest client."""

from collections.abc import Iterable

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from crm.models import DuplicatePair
from crm.services.history.change_values import listed

pairs = DuplicatePair.__table__


def regroup(session: Session, ids: Iterable[int]) -> None:
    """Work out anew to which groups the pairs of these clients, and all that hang on them, belong."""
    connection, dialect = session.connection(), session.get_bind().dialect.name
    seen, new = set[int](), set(ids)
    links: dict[int, tuple[int, int, int]] = {}
    while new:
        seen |= new
        wanted = listed(dialect, new)
        mine = or_(pairs.c.client_id.in_(wanted), pairs.c.other_id.in_(wanted))
        asked = select(pairs.c.id, pairs.c.client_id, pairs.c.other_id, pairs.c.group_id)
        for row in connection.execute(asked.where(mine, ~pairs.c.dismissed)):
            links[row.id] = (row.client_id, row.other_id, row.group_id)
        new = {number for one, other, _group in links.values() for number in (one, other)} - seen
    heads = components((one, other) for one, other, _group in links.values())
    moved = [
        {"number": number, "group": heads[one]}
        for number, (one, _other, group) in links.items()
        if heads[one] != group
    ]
    if moved:
        put = update(pairs).where(pairs.c.id == bindparam("number")).values(group_id=bindparam("group"))
        connection.execute(put, moved)


def components(links: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Each number -> the smallest of all that hang together with it."""
    head: dict[int, int] = {}

    def find(number: int) -> int:
        while head.setdefault(number, number) != number:
            head[number] = number = head[head[number]]
        return number

    for one, other in links:
        first, second = sorted((find(one), find(other)))
        head[second] = first
    return {number: find(number) for number in list(head)}
