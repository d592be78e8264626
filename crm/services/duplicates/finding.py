"""Likely duplicates of what is being typed: asked of the database as it is, as far as the viewer may know."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import select, union_all
from sqlalchemy.orm import selectinload

from crm.extensions import db
from crm.models import Client, ClientAssignee, DuplicateKey
from crm.security.masking import may_see_sensitive
from crm.security.visibility import including_hidden
from crm.services.clients.redirects import followed
from crm.services.duplicates.blocking import keys_of
from crm.services.duplicates.facts import Facts
from crm.services.duplicates.refreshing import read_facts
from crm.services.duplicates.scoring import POSSIBLE, Match, compare

#: So many clients of each key are looked at, and so many in all, those with the most keys in common.
MOST_OF_KEY, MOST = 100, 200
#: So many are shown.
SHOWN = 5

clients = Client.__table__
keys = DuplicateKey.__table__


@dataclass(frozen=True)
class Likely:
    """One client that may be the one being typed."""

    client: Client
    match: Match


@dataclass(frozen=True)
class Found:
    """likely: clients that the viewer sees, likeliest first. hidden: what is the same at one that they do not see."""

    likely: list[Likely] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)


def find_likely(typed: Facts, own_id: int | None = None) -> Found:
    """The clients that are likely the one being typed, in the archive and trash too; own_id: the one being edited.

    Of a client that the viewer does not see it is said only which of `STRONG` is the same, spelt exactly. What is
    masked for the viewer is compared with nothing.
    """
    facts = {number: one for number, one in _candidates(typed).items() if number != own_id}
    if not may_see_sensitive():
        facts = {number: one.opened() if one.sensitive else one for number, one in facts.items()}
    matches = {number: compare(typed, one) for number, one in facts.items()}
    exact = {number: _shared(typed, one) for number, one in facts.items()}
    wanted = {number for number in facts if exact[number] or matches[number].score >= POSSIBLE}
    leads_to = _leads_to(wanted)
    seen = _seen(set(leads_to.values()) - {own_id})
    best: dict[int, Match] = {}
    hidden: dict[str, None] = {}
    for number in wanted:
        target = leads_to[number]
        if target == own_id:
            continue
        if target in seen:
            if target not in best or matches[number].score > best[target].score:
                best[target] = matches[number]
        else:
            hidden |= dict.fromkeys(exact[number])
    likely = [Likely(seen[number], match) for number, match in best.items()]
    likely.sort(key=lambda one: (-one.match.score, one.client.id))
    return Found(likely[:SHOWN], sorted(hidden, key=_order))


def _order(kind: str) -> int:
    return ("tax_id", "regon", "pesel", "email", "phone").index(kind)


def _candidates(typed: Facts) -> dict[int, Facts]:
    """The facts of the clients that have keys in common with what is typed, whoever may see them."""
    wanted = keys_of(typed)
    if not wanted:
        return {}
    each = [
        select(select(keys.c.client_id).where(keys.c.key == key).limit(MOST_OF_KEY).subquery())
        for key in sorted(wanted)
    ]
    counted = Counter(db.session.connection().scalars(union_all(*each)))
    return read_facts(db.session(), [number for number, _times in counted.most_common(MOST)])


def _shared(one: Facts, other: Facts) -> list[str]:
    theirs = other.strong()
    return [kind for kind, values in one.strong().items() if values & theirs.get(kind, frozenset())]


def _leads_to(ids: Iterable[int]) -> dict[int, int]:
    """Each client -> itself, or what it was merged into."""
    asked = select(clients.c.id, clients.c.merged_into_id).where(clients.c.id.in_(set(ids)))
    merged = db.session.connection().execute(asked)
    return {number: number if target is None else followed(target) for number, target in merged}


def _seen(ids: Iterable[int]) -> dict[int, Client]:
    """Those of these clients that the viewer sees, or would see if they were not in the trash."""
    asked = select(Client).where(Client.id.in_(set(ids)))
    with including_hidden():
        found = db.session.scalars(
            asked.options(selectinload(Client.assignee_links).selectinload(ClientAssignee.user))
        )
        return {client.id: client for client in found}
