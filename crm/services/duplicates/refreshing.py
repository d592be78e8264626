"""The pairs of some clients looked for anew: candidates by keys in common, compared, and written down."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Table, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from crm.models import Client, DuplicateKey, DuplicatePair, DuplicateTodo, NotDuplicate
from crm.services.duplicates.blocking import strong_keys
from crm.services.duplicates.facts import Facts, columns, facts_of
from crm.services.duplicates.grouping import regroup
from crm.services.duplicates.scoring import LIKELY, compare
from crm.services.history.change_values import listed

#: What more clients than these have in common says nothing: the number of a switchboard, a tax ID of zeros.
MOST_TOGETHER = 60

clients = Client.__table__
keys = DuplicateKey.__table__
pairs = DuplicatePair.__table__
todo = DuplicateTodo.__table__
said = NotDuplicate.__table__

Pair = tuple[int, int]


def refresh(session: Session, ids: Collection[int]) -> int:
    """Look for the pairs of these clients anew, whoever sees them; gives the number of comparisons.

    Pairs with a client that waits for its own turn are left as they are: its turn brings them.
    """
    mine = set(ids)
    candidates = _candidates(session, mine)
    there = _known_pairs(session, mine)
    others = {number for pair in (*candidates, *there) for number in pair}
    waiting = _waiting(session, others - mine)
    facts = read_facts(session, others)
    two = _said_two(session, mine)
    found: dict[Pair, dict[str, Any]] = {}
    for pair in candidates:
        if waiting.isdisjoint(pair):
            values = _compared(facts[pair[0]], facts[pair[1]], two.get(pair))
            if values:
                found[pair] = values
    gone = [pair for pair in there if pair not in found and waiting.isdisjoint(pair)]
    _write(session, there, found, gone)
    regroup(session, {number for pair in (*found, *gone) for number in pair})
    return len(candidates)


def read_facts(session: Session, ids: Iterable[int]) -> dict[int, Facts]:
    """The facts of these clients, whoever may see them, in the trash and merged ones too."""
    wanted = listed(session.get_bind().dialect.name, set(ids))
    asked = select(clients.c.id, *columns()).where(clients.c.id.in_(wanted))
    return {row["id"]: facts_of(row) for row in session.connection().execute(asked).mappings()}


def adding(session: Session, table: Table) -> Any:
    """The statement that adds rows to a table, but for those that another has just added."""
    dialect: Any = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    return dialect.insert(table).on_conflict_do_nothing()


def _candidates(session: Session, ids: set[int]) -> set[Pair]:
    """The pairs, smaller number first, of these clients and others with a key in common that not too many have."""
    connection, wanted = session.connection(), listed(session.get_bind().dialect.name, ids)
    mine, all_ = keys.alias(), keys.alias()
    own = select(mine.c.key).where(mine.c.client_id.in_(wanted)).distinct()
    shared = (
        select(all_.c.key)
        .where(all_.c.key.in_(own))
        .group_by(all_.c.key)
        .having(func.count().between(2, MOST_TOGETHER))
    )
    together: dict[int, list[int]] = {}
    for key, number in connection.execute(select(keys.c.key, keys.c.client_id).where(keys.c.key.in_(shared))):
        together.setdefault(key, []).append(number)
    found = set()
    for numbers in together.values():
        for one in ids.intersection(numbers):
            found.update((min(one, other), max(one, other)) for other in numbers if other != one)
    return found


def _known_pairs(session: Session, ids: set[int]) -> dict[Pair, Any]:
    wanted = listed(session.get_bind().dialect.name, ids)
    mine = or_(pairs.c.client_id.in_(wanted), pairs.c.other_id.in_(wanted))
    return {
        (row.client_id, row.other_id): row for row in session.connection().execute(select(pairs).where(mine))
    }


def _waiting(session: Session, ids: set[int]) -> set[int]:
    wanted = listed(session.get_bind().dialect.name, ids)
    asked = select(todo.c.client_id).where(todo.c.client_id.in_(wanted))
    return set(session.connection().scalars(asked))


def _said_two(session: Session, ids: set[int]) -> dict[Pair, set[int]]:
    """Pair -> the strong keys that it had in common when somebody said that they are two."""
    wanted = listed(session.get_bind().dialect.name, ids)
    mine = or_(said.c.client_id.in_(wanted), said.c.other_id.in_(wanted))
    found: dict[Pair, set[int]] = {}
    for row in session.connection().execute(select(said).where(mine)):
        pair = min(row.client_id, row.other_id), max(row.client_id, row.other_id)
        found.setdefault(pair, set()).update(row.shared)
    return found


def shared_keys(one: Facts, other: Facts) -> set[int]:
    """The strong keys that two clients have in common."""
    return strong_keys(one) & strong_keys(other)


def _compared(one: Facts, other: Facts, two: set[int] | None) -> dict[str, Any] | None:
    """What is written down of a pair; None where they are not likely one."""
    match = compare(one, other)
    if match.score < LIKELY:
        return None
    open_match = compare(one.opened(), other.opened()) if one.sensitive or other.sensitive else match
    return {
        "score": match.score,
        "reasons": _joined(match.reasons),
        "open_score": open_match.score,
        "open_reasons": _joined(open_match.reasons),
        "dismissed": two is not None and shared_keys(one, other) <= two,
    }


def _joined(reasons: tuple[str, ...]) -> str:
    return f",{','.join(reasons)}," if reasons else ""


def _write(
    session: Session, there: Mapping[Pair, Any], found: Mapping[Pair, dict[str, Any]], gone: list[Pair]
) -> None:
    connection = session.connection()
    if gone:
        numbers = [there[pair].id for pair in gone]
        connection.execute(delete(pairs).where(pairs.c.id.in_(numbers)))
    new = [
        {"client_id": one, "other_id": other, "group_id": one, **values}
        for (one, other), values in sorted(found.items())
        if (one, other) not in there
    ]
    if new:
        connection.execute(adding(session, pairs), new)
    changed = [
        {"number": there[pair].id, **values}
        for pair, values in sorted(found.items())
        if pair in there and any(getattr(there[pair], name) != value for name, value in values.items())
    ]
    if changed:
        names = {name: bindparam(name) for name in changed[0] if name != "number"}
        connection.execute(update(pairs).where(pairs.c.id == bindparam("number")).values(names), changed)
