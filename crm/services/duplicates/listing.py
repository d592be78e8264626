"""The duplicates that were found, in groups of clients that hang together, as far as the viewer sees them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import selectinload

from crm.extensions import db
from crm.models import Client, ClientAssignee, DuplicatePair, NotDuplicate
from crm.security.masking import may_see_sensitive
from crm.services.duplicates.grouping import components
from crm.services.duplicates.scoring import LIKELY

#: Groups on a page, and pairs on that of what was set aside.
PAGE = 20
#: So many clients of a group are shown.
MOST_SHOWN = 25
#: What tells how much is known of a client.
FILLED = (
    "short_name", "email", "phone", "mobile", "phone2", "website", "tax_id", "regon", "pesel", "peppol_id",
    "billing_street", "billing_postal_code", "billing_city", "billing_region", "delivery_city", "bank",
    "account_number", "notes", "description", "consent", "status_id",
)  # fmt: skip


@dataclass(frozen=True)
class Group:
    """Clients that are likely one. The first is the one to keep: of which most is known, or the older.

    score: of the likeliest pair. reasons: of all pairs. more: clients that are not shown.
    """

    clients: list[Client]
    score: int
    reasons: set[str]
    more: int = 0


def groups(page: int, reason: str = "", client_id: int | None = None) -> tuple[list[Group], bool]:
    """One page of groups, likeliest first, and whether another follows. Pages count from 1.

    reason: only those in which two clients have this in common. client_id: only those with this client.
    """
    score, _reasons = _columns()
    asked = select(DuplicatePair.group_id).where(*_shown(reason))
    if client_id is not None:
        asked = asked.where(_with(client_id))
    asked = asked.group_by(DuplicatePair.group_id).order_by(func.max(score).desc(), DuplicatePair.group_id)
    numbers = list(db.session.scalars(asked.limit(PAGE + 1).offset((page - 1) * PAGE)))
    found = _groups(numbers[:PAGE])
    if client_id is not None:
        found = [one for one in found if any(client.id == client_id for client in one.clients)]
    return found, len(numbers) > PAGE


def likely_of(client_id: int) -> int:
    """With how many clients this one is likely the same."""
    return db.session.scalar(select(func.count(DuplicatePair.id)).where(*_shown(""), _with(client_id))) or 0


def set_aside(page: int) -> tuple[list[NotDuplicate], bool]:
    """One page of the pairs of which somebody said that they are two, the last said first, and whether more follow."""
    asked = (
        select(NotDuplicate)
        .options(selectinload(NotDuplicate.client), selectinload(NotDuplicate.other))
        .order_by(NotDuplicate.id.desc())
        .limit(PAGE + 1)
        .offset((page - 1) * PAGE)
    )
    rows = list(db.session.scalars(asked))
    return rows[:PAGE], len(rows) > PAGE


def _columns() -> tuple[ColumnElement[int], ColumnElement[str]]:
    """Score and reasons as the viewer may know them."""
    if may_see_sensitive():
        return DuplicatePair.score, DuplicatePair.reasons
    return DuplicatePair.open_score, DuplicatePair.open_reasons


def _shown(reason: str) -> list[ColumnElement[bool]]:
    score, reasons = _columns()
    found = [~DuplicatePair.dismissed, score >= LIKELY]
    return [*found, reasons.contains(f",{reason},", autoescape=True)] if reason else found


def _with(client_id: int) -> ColumnElement[bool]:
    return or_(DuplicatePair.client_id == client_id, DuplicatePair.other_id == client_id)


def _groups(numbers: Sequence[int]) -> list[Group]:
    score, reasons = _columns()
    asked = select(DuplicatePair.group_id, DuplicatePair.client_id, DuplicatePair.other_id, score, reasons)
    pairs = db.session.execute(asked.where(DuplicatePair.group_id.in_(numbers), *_shown(""))).all()
    # what hangs together by a client that the viewer does not see are two groups
    heads = components((one, other) for _group, one, other, *_said in pairs)
    clients = _clients(heads)
    found: list[tuple[int, Group]] = []
    for head in sorted(set(heads.values())):
        mine = [pair for pair in pairs if heads[pair[1]] == head]
        members = sorted(
            (clients[n] for n in heads if heads[n] == head), key=lambda one: (-_known(one), one.id)
        )
        said = {reason for pair in mine for reason in pair[4].strip(",").split(",")}
        top = max(pair[3] for pair in mine)
        group = Group(members[:MOST_SHOWN], top, said, len(members[MOST_SHOWN:]))
        found.append((numbers.index(mine[0][0]), group))
    found.sort(key=lambda one: (one[0], -one[1].score))
    return [group for _place, group in found]


def _clients(ids: Sequence[int]) -> dict[int, Client]:
    asked = select(Client).where(Client.id.in_(set(ids)))
    options = selectinload(Client.assignee_links).selectinload(ClientAssignee.user)
    return {client.id: client for client in db.session.scalars(asked.options(options))}


def _known(client: Client) -> int:
    return sum(getattr(client, name) not in (None, "") for name in FILLED)
