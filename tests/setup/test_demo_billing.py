"""The demo's invoices and payments: of every status, numbered without gap, with sums that add up."""

import random
from collections import Counter
from decimal import Decimal

import pytest
from sqlalchemy import select

from crm.demo.generate import make_demo
from crm.models import Invoice
from crm.security.visibility import including_hidden
from crm.services.sales.invoicing import issue
from crm.services.sales.settling import settle

pytestmark = pytest.mark.both_engines


def test_everything_adds_up(system):
    with system() as session:
        make_demo(300, seed=3)
        found = list(session.scalars(select(Invoice)))
        statuses = Counter(invoice.status for invoice in found)
        assert {"draft", "issued", "paid", "overdue"} <= set(statuses)
        assert {invoice.kind for invoice in found} == {"outgoing", "incoming"}
        kept = {i.id: (i.paid, i.corrected, i.open_amount, i.settled) for i in found if i.state == "issued"}
        settle(session(), set(kept))
        session.expire_all()
        for number, amounts in kept.items():
            one = session.get(Invoice, number)
            assert (one.paid, one.corrected, one.open_amount, one.settled) == amounts
            sums = one.totals
            assert (sums.net, sums.vat, sums.gross) == (one.net, one.vat, one.gross)
            if one.as_issued:
                assert sum(Decimal(row["gross"]) for row in one.as_issued["vat"]) == one.gross


def test_numbers_go_on_where_the_demo_ends(system):
    # those of clients in the trash have theirs too
    with system() as session, including_hidden():
        make_demo(60, seed=3)
        by_year = Counter[str]()
        for number in session.scalars(select(Invoice.number).where(Invoice.number.startswith("INV/"))):
            by_year[number.split("/")[1]] += 1
        for year, count in by_year.items():
            mine = select(Invoice.number).where(Invoice.number.startswith(f"INV/{year}/"))
            assert sorted(session.scalars(mine)) == [f"INV/{year}/{n:04}" for n in range(1, count + 1)]
        drafts = list(session.scalars(select(Invoice).where(Invoice.state == "draft")))
        invoice = random.Random(1).choice(drafts)
        issue(invoice)
        session.commit()
        year = str(invoice.issue_date.year)
        assert invoice.number == f"INV/{year}/{by_year[year] + 1:04}"
