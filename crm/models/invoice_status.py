"""In what state an invoice is: worked out from what was issued, what was paid and what day it is."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.ext.hybrid import Comparator

from crm.models.types import today

#: In the order in which they are offered.
STATUSES = ("draft", "issued", "part_paid", "paid", "overdue", "cancelled")


def status_of(state: str, settled: bool, paid: Decimal, due: date | None) -> str:
    """The status of one invoice."""
    if state != "issued":
        return state
    if settled:
        return "paid"
    if due is not None and due < today():
        return "overdue"
    return "part_paid" if paid else "issued"


class StatusComparator(Comparator[str]):
    """The same as conditions on columns, which an index of theirs answers."""

    def __init__(self, model: Any):
        super().__init__(model.state)
        self.model = model

    def __eq__(self, other: Any) -> ColumnElement[bool]:  # type: ignore[override]
        return self._is(other)

    def in_(self, values: Iterable[str]) -> ColumnElement[bool]:  # type: ignore[override]
        return or_(*(self._is(value) for value in values))

    def _is(self, status: str) -> ColumnElement[bool]:
        model = self.model
        if status in ("draft", "cancelled"):
            return model.state == status
        if status == "paid":
            return and_(model.state == "issued", model.settled)
        waits = and_(model.state == "issued", ~model.settled)
        if status == "overdue":
            return and_(waits, model.due < today())
        in_time = or_(model.due.is_(None), model.due >= today())
        return and_(waits, in_time, model.paid == 0 if status == "issued" else model.paid != 0)
