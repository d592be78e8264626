"""The cards of the board's columns, page by page: who came into a status last stands on top."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, tuple_

from crm.extensions import db
from crm.models import Client
from crm.services.client_listing import clients

CARDS = 25


def _column(status_id: int | None, asked: Sequence[Any]) -> Select[Any]:
    return (
        select(Client.id)
        .where(Client.status_id == status_id, *asked)
        .order_by(Client.status_changed_at.desc(), Client.id.desc())
        .limit(CARDS + 1)
    )


def first_pages(statuses: Sequence[int | None], asked: Sequence[Any]) -> list[tuple[list[Client], bool]]:
    """For each status its first cards, and whether more follow: one query each and three for all."""
    ids = [list(db.session.scalars(_column(status_id, asked))) for status_id in statuses]
    wanted = [number for column in ids for number in column[:CARDS]]
    known = {c.id: c for c in clients(select(Client).where(Client.id.in_(wanted)))} if wanted else {}
    return [([known[i] for i in column[:CARDS] if i in known], len(column) > CARDS) for column in ids]


def next_page(
    status_id: int | None, asked: Sequence[Any], after: tuple[datetime, int] | None
) -> tuple[list[Client], bool]:
    """The next cards of one column, and whether more follow. after: where the last page ended."""
    column = _column(status_id, asked)
    if after is not None:
        column = column.where(tuple_(Client.status_changed_at, Client.id) < after)
    ids = list(db.session.scalars(column))
    known = {c.id: c for c in clients(select(Client).where(Client.id.in_(ids[:CARDS])))} if ids else {}
    return [known[i] for i in ids[:CARDS] if i in known], len(ids) > CARDS


def place_of(cards: Sequence[Client], more: bool) -> str:
    """Where a page ended, as it stands in an address; nothing where no more cards follow."""
    return f"{cards[-1].status_changed_at.isoformat()}_{cards[-1].id}" if more and cards else ""
