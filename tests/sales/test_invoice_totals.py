"""Whatever its lines are: what is printed of an invoice adds up to the cent, and is frozen so."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from crm.models import Client, Company, Invoice, InvoiceLine, VatRate
from crm.services.sales.invoicing import printed

RATES = {code: VatRate(label=f"{code}!") for code in ("23", "8", "5", "0", "5.5", "exempt")}
COMPANY = Company(name="Workshop")
CENT = Decimal("0.01")

lines = st.builds(
    InvoiceLine,
    description=st.just("Ring"),
    quantity=st.decimals(-1000, 1000, places=3),
    price=st.decimals(0, 100_000, places=4),
    discount=st.none() | st.decimals(0, 100, places=2),
    vat_rate=st.sampled_from([*RATES, "21"]),
)


@settings(deadline=None)
@given(
    st.lists(lines, min_size=1, max_size=12),
    st.none() | st.decimals(0, 100, places=2),
    st.none() | st.decimals(-1, 1, places=2),
)
def test_vat_by_rate_adds_up_to_the_total(found, discount, rounding):
    invoice = Invoice(client=Client(name="Nowak"), discount=discount, lines=found, kind="incoming")
    invoice.rounding = rounding
    invoice.put_lines_right(Session())
    rows = printed(invoice, COMPANY, None, RATES)["vat"]
    net, vat, gross = (sum(Decimal(row[name]) for row in rows) for name in ("net", "vat", "gross"))
    off = rounding or 0
    assert (net, vat + off, gross + off) == (invoice.net, invoice.vat, invoice.gross)
    assert invoice.net + invoice.vat == invoice.gross
    assert sum(line.net for line in found) == invoice.net
    for row in rows:
        assert all(
            Decimal(row[name]) == Decimal(row[name]).quantize(CENT) for name in ("net", "vat", "gross")
        )
        assert Decimal(row["net"]) + Decimal(row["vat"]) == Decimal(row["gross"])
    assert len({row["rate"] for row in rows}) == len(rows)


@settings(deadline=None)
@given(st.lists(lines, min_size=1, max_size=8))
def test_a_correction_of_everything_comes_to_nothing(found):
    invoice = Invoice(client=Client(name="Nowak"), lines=found)
    back = Invoice(client=invoice.client, lines=[
        InvoiceLine(description="Ring", quantity=-one.quantity, price=one.price, discount=one.discount,
                    vat_rate=one.vat_rate) for one in found
    ])  # fmt: skip
    for one in (invoice, back):
        one.put_lines_right(Session())
    assert (back.net, back.vat, back.gross) == (-invoice.net, -invoice.vat, -invoice.gross)
