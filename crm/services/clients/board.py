"""The cards of a board's columns, page by page: what came into a column last stands on top."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from crm.extensions import db

CARDS = 25

#: Some cards, and whether more follow.
CardPage = tuple[list[Any], bool]


@dataclass(frozen=True)
class Board:
    """How records stand on a board.

    column: whose value says in which column a card stands. since: when it came there.
    load: of a select of records, the records with what their cards show.
    """

    model: Any
    column: InstrumentedAttribute[Any]
    since: InstrumentedAttribute[datetime]
    load: Callable[[Select[Any]], Sequence[Any]]

    def first_pages(self, values: Sequence[Any], asked: Sequence[Any]) -> list[CardPage]:
        """For each column its first cards, and whether more follow: one query each and those of `load` for all."""
        ids = [list(db.session.scalars(self._ids(value, asked))) for value in values]
        known = self._known([number for column in ids for number in column[:CARDS]])
        return [([known[i] for i in column[:CARDS] if i in known], len(column) > CARDS) for column in ids]

    def next_page(self, value: Any, asked: Sequence[Any], after: tuple[datetime, int] | None) -> CardPage:
        """The next cards of one column, and whether more follow. after: where the last page ended."""
        column = self._ids(value, asked)
        if after is not None:
            column = column.where(tuple_(self.since, self.model.id) < after)
        ids = list(db.session.scalars(column))
        known = self._known(ids[:CARDS])
        return [known[i] for i in ids[:CARDS] if i in known], len(ids) > CARDS

    def place_of(self, cards: Sequence[Any], more: bool) -> str:
        """Where a page ended, as it stands in an address; nothing where no more cards follow."""
        return f"{getattr(cards[-1], self.since.key).isoformat()}_{cards[-1].id}" if more and cards else ""

    def _ids(self, value: Any, asked: Sequence[Any]) -> Select[Any]:
        mine = select(self.model.id).where(self.column == value, *asked)
        return mine.order_by(self.since.desc(), self.model.id.desc()).limit(CARDS + 1)

    def _known(self, ids: Sequence[int]) -> dict[int, Any]:
        if not ids:
            return {}
        return {card.id: card for card in self.load(select(self.model).where(self.model.id.in_(ids)))}
