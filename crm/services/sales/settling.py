"""What is paid and still open of each invoice, kept by whatever changes its payments, corrections or state.

The amounts are worked out anew from all transactions while the invoice is held, so that two payments at once
are both counted. They are derived: past version and history, and worked out again after an undo.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import case, event, false, func, select, true, update
from sqlalchemy.orm import Session

from crm.models import Change, Invoice, Transaction
from crm.models.base import changes_of, has_changed
from crm.models.types import utc_now

log = Change.__table__
invoices = Invoice.__table__
transactions = Transaction.__table__
AMOUNTS = ("paid", "corrected", "open_amount", "settled")
DERIVED = (*AMOUNTS, "settled_at")
#: What of an invoice decides about them.
DECIDING = frozenset({"state", "gross", "corrects_id"})


def settle(session: Session, ids: Collection[int]) -> None:
    """Work out anew what is paid and open of these invoices, and of those that they correct."""
    if not ids:
        return
    connection = session.connection()
    mine = invoices.c.id.in_(ids)
    first = select(invoices.c.corrects_id).where(mine, invoices.c.corrects_id.is_not(None))
    ids = {*ids, *connection.scalars(first)}
    mine = invoices.c.id.in_(ids)
    standing = (
        select(invoices.c.id, *(invoices.c[name] for name in AMOUNTS)).where(mine).order_by(invoices.c.id)
    )
    before = connection.execute(standing.with_for_update()).all()
    correction = invoices.alias()
    pays = case((invoices.c.kind == "outgoing", "in"), else_="out")
    amount = case((transactions.c.direction == pays, transactions.c.amount), else_=-transactions.c.amount)
    paid = select(func.coalesce(func.sum(amount), 0)).where(transactions.c.invoice_id == invoices.c.id)
    corrected = select(func.coalesce(func.sum(correction.c.gross), 0)).where(
        correction.c.corrects_id == invoices.c.id, correction.c.state == "issued"
    )
    _write(session, mine, paid=paid.scalar_subquery(), corrected=corrected.scalar_subquery())
    to_pay = invoices.c.gross + invoices.c.corrected
    counts = (invoices.c.state == "issued") & invoices.c.corrects_id.is_(None)
    _write(session, mine, open_amount=case((counts, to_pay - invoices.c.paid), else_=0))
    done = case(
        (~counts, false()),
        (to_pay >= 0, invoices.c.open_amount <= 0),
        else_=invoices.c.open_amount >= 0,
    )
    _write(session, mine, settled=case((done, true()), else_=false()))
    moved = {row.id for row in set(connection.execute(standing).all()) - set(before)}
    if moved:
        _write(session, invoices.c.id.in_(moved), settled_at=utc_now())


def _write(session: Session, mine: Any, **values: Any) -> None:
    # nobody edited it
    values["changed_at"] = invoices.c.changed_at
    session.connection().execute(update(invoices).where(mine).values(values))


def settle_after(session: Session, operation: int) -> None:
    """Work out anew what an operation touched by statements: transactions, and invoices themselves."""
    connection = session.connection()

    def rows(table: Any) -> Any:
        return select(log.c.row_id, log.c.before, log.c.after).where(
            log.c.operation_id == operation, log.c.table_name == table.name
        )

    ids = {row.row_id for row in connection.execute(rows(invoices))}
    touched = connection.execute(rows(transactions)).all()
    for row in touched:
        ids |= {side["invoice_id"] for side in (row.before, row.after) if side and side.get("invoice_id")}
    now = select(transactions.c.invoice_id).where(transactions.c.id.in_([row.row_id for row in touched]))
    settle(session, ids | set(connection.scalars(now.where(transactions.c.invoice_id.is_not(None)))))


@event.listens_for(Session, "after_flush")
def _note(session: Session, *_: Any) -> None:
    ids: set[int] = session.info.setdefault("unsettled_invoices", set())
    for item in (*session.new, *session.dirty, *session.deleted):
        if isinstance(item, Transaction):
            history = changes_of(item, "invoice_id")
            ids.update(i for i in (*(history.deleted or ()), item.invoice_id) if i)
        elif isinstance(item, Invoice) and item not in session.deleted:
            if item in session.new or has_changed(item, *DECIDING):
                ids.add(item.id)


@event.listens_for(Session, "after_flush_postexec")
def _settle(session: Session, *_: Any) -> None:
    ids = session.info.pop("unsettled_invoices", None)
    if not ids:
        return
    settle(session, ids)
    for item in session.identity_map.values():
        if isinstance(item, Invoice):
            session.expire(item, DERIVED)
