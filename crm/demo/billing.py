"""Invoices of demo clients, and what was paid of them: every status there is, and sums that add up."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from crm.demo import billing_words as words
from crm.extensions import db
from crm.models import Client, Invoice, InvoiceLine, NumberSeries, Transaction, VatRate
from crm.models.number_series import next_number
from crm.services.sales.company import account_for, our_company
from crm.services.sales.invoicing import printed

if TYPE_CHECKING:
    from crm.demo.clients import ClientMaker

#: What a euro is in złoty here.
RATE = Decimal("4.3")
ZERO = Decimal(0)


class Billing:
    """Makes invoices and transactions of a maker's clients."""

    def __init__(self, maker: ClientMaker):
        self.maker, self.chance, self.rows = maker, maker.chance, maker.rows
        self.company = our_company()
        self.accounts = {currency: account_for(currency) for currency in ("PLN", "EUR")}
        self.rates = {rate.code: rate for rate in db.session.scalars(select(VatRate))}
        self.series = {series.kind: series for series in db.session.scalars(select(NumberSeries))}
        self.today = maker.now.date()

    def with_client(self, client: Client) -> None:
        """Some invoices to a client, and of a supplier some to us."""
        number = self.chance.choices((0, 1, 2, 3), (11, 5, 2, 1))[0]
        for at in self.moments(client, number):
            self.outgoing(client, at)
        for at in self.moments(client, self.chance.randint(1, 3) if client.is_supplier else 0):
            self.incoming(client, at)

    def moments(self, client: Client, number: int) -> list[datetime]:
        """So many moments, in their order; most of what was invoiced is of the last year."""
        since = max(client.created_at, self.maker.now - timedelta(days=400))
        return sorted(self.maker.between(since) for _ in range(number))

    # -- one invoice

    def outgoing(self, client: Client, at: datetime) -> None:
        chance, currency = self.chance, client.billing_currency or "PLN"
        rate = "reverse" if client.billing_country == "BE" and client.kind == "company" else "23"
        if rate not in self.rates:
            rate = next(iter(self.rates))
        invoice = self.invoice(
            client, currency, at, kind="outgoing",
            payment_method=chance.choice(("transfer", "transfer", "card", "cash")),
            notes=chance.choice(words.NOTES),
        )  # fmt: skip
        self.fill(invoice, client, words.SOLD, currency, rate, chance.randint(1, 3))
        if chance.random() < 0.07:
            return
        day = invoice.created_at.date()
        invoice.issue_date = invoice.sale_date = day
        invoice.due = day + timedelta(days=client.payment_period or 0)
        invoice.issued_at, invoice.state = invoice.created_at, "issued"
        self.freeze(invoice, client)
        if chance.random() < 0.02:
            invoice.state, invoice.cancelled_at = "cancelled", self.maker.between(invoice.created_at)
            return
        self.settle(invoice, client)
        if chance.random() < 0.03:
            self.correction(invoice, client)

    def incoming(self, client: Client, at: datetime) -> None:
        chance, currency = self.chance, client.billing_currency or "PLN"
        invoice = self.invoice(client, currency, at, kind="incoming", state="issued")
        rate = "23" if client.billing_country == "PL" else "reverse"
        self.fill(
            invoice, client, words.BOUGHT, currency, rate if rate in self.rates else "0", chance.randint(1, 2)
        )
        invoice.issue_date = invoice.created_at.date() - timedelta(days=chance.randint(0, 5))
        invoice.number = f"F/{invoice.issue_date:%Y}/{chance.randint(1, 9000)}-{invoice.id}"
        invoice.due = invoice.issue_date + timedelta(days=14)
        self.settle(invoice, client)

    def invoice(self, client: Client, currency: str, at: datetime, **values: Any) -> Invoice:
        invoice = self.maker.record(Invoice, client, currency=currency, **values)
        invoice.created_at = invoice.changed_at = at
        return invoice

    def fill(
        self, invoice: Invoice, client: Client, sold: Any, currency: str, rate: str, number: int
    ) -> None:
        """Give an invoice some lines, and what they add up to."""
        chance, lines = self.chance, []
        for description, low, high, unit in chance.sample(sold, number):
            price = Decimal(chance.randint(low * 2, high * 2)) / 2
            if currency == "EUR":
                price = (price / RATE).quantize(Decimal("0.01"))
            many = unit in ("g", "h")
            quantity = Decimal(chance.randint(2, 40) if many else chance.choice((1, 1, 1, 2)))
            lines.append(self.line(client, description=description, quantity=quantity, unit=unit, price=price,
                                   vat_rate=rate))  # fmt: skip
        self.add_up(invoice, lines)

    def line(self, client: Client, **values: Any) -> InvoiceLine:
        return self.rows.new(InvoiceLine, client_id=client.id, **values)

    @staticmethod
    def add_up(invoice: Invoice, lines: list[InvoiceLine]) -> None:
        for position, line in enumerate(lines):
            line.invoice_id, line.position = invoice.id, position
        invoice.lines = lines
        found = invoice.totals
        for line, sums in zip(lines, found.lines, strict=True):
            line.net = sums.net
        invoice.net, invoice.vat, invoice.gross = found.net, found.vat, found.gross

    def freeze(self, invoice: Invoice, client: Client) -> None:
        account = self.accounts.get(invoice.currency) if invoice.payment_method == "transfer" else None
        invoice.bank_account_id = account.id if account else None
        invoice.as_issued = printed(invoice, self.company, account, self.rates)

    # -- what was paid

    def settle(self, invoice: Invoice, client: Client) -> None:
        """Most are paid, some in part, some late, some not yet."""
        chance = self.chance
        is_due = invoice.due is not None and invoice.due < self.today
        fate = chance.choices(("paid", "part", "open"), (86, 5, 9) if is_due else (40, 10, 50))[0]
        paid = ZERO
        if fate == "paid":
            paid = invoice.gross
        elif fate == "part":
            paid = (invoice.gross / chance.choice((2, 3, 4))).quantize(Decimal("0.01"))
        if paid:
            self.payment(invoice, client, paid)
        invoice.paid, invoice.open_amount = paid, invoice.gross - paid
        invoice.settled = invoice.open_amount <= 0

    def payment(self, invoice: Invoice, client: Client, amount: Decimal) -> None:
        chance = self.chance
        start = datetime.combine(invoice.issue_date or self.today, time(10), UTC)
        latest = min(self.maker.now, start + timedelta(days=(client.payment_period or 0) + 12))
        at = max(start, start + (latest - start) * chance.random())
        paid = self.maker.record(
            Transaction, client, direction="in" if invoice.kind == "outgoing" else "out", amount=amount,
            currency=invoice.currency, day=at.date(), invoice_id=invoice.id, invoice=invoice,
            method=invoice.payment_method if invoice.kind == "outgoing" else "transfer",
        )  # fmt: skip
        paid.created_at = paid.changed_at = min(max(at, invoice.created_at), self.maker.now)

    def correction(self, first: Invoice, client: Client) -> None:
        """One line of it is taken back."""
        at = self.maker.between(first.created_at)
        correction = self.invoice(
            client, first.currency, at, kind="outgoing", state="issued", corrects_id=first.id, corrects=first,
            payment_method=first.payment_method, reason=self.chance.choice(words.REASONS), issued_at=at,
        )  # fmt: skip
        correction.issue_date, correction.sale_date = at.date(), first.sale_date
        line = first.lines[0]
        taken = self.line(client, description=line.description, quantity=-line.quantity, unit=line.unit,
                          price=line.price, vat_rate=line.vat_rate)  # fmt: skip
        self.add_up(correction, [taken])
        self.freeze(correction, client)
        first.corrected = correction.gross
        first.open_amount += correction.gross
        first.settled = first.open_amount <= 0

    # -- numbers

    def give_numbers(self) -> None:
        """Number what was issued, in the order of the days, and let payments and corrections name it."""
        issued: dict[tuple[str, str], list[Invoice]] = defaultdict(list)
        for invoice in self.rows.made.get(Invoice, ()):
            if invoice.kind == "outgoing" and invoice.state != "draft":
                kind = "correction" if invoice.corrects_id else "invoice"
                issued[kind, self.series[kind].period_of(invoice.issue_date)].append(invoice)
        for (kind, period), found in sorted(issued.items()):
            series = self.series[kind]
            key, first = series.key_of(period), series.first_of(period)
            last = next_number(db.session.connection(), key, len(found), first)
            found.sort(key=lambda invoice: (invoice.issue_date or date.min, invoice.id))
            for number, invoice in enumerate(found, last - len(found) + 1):
                invoice.number = series.written(number, invoice.issue_date or self.today)
        for invoice in self.rows.made.get(Invoice, ()):
            if invoice.corrects is not None:
                invoice.as_issued = {**(invoice.as_issued or {}), "corrects": invoice.corrects.number}
        for payment in self.rows.made.get(Transaction, ()):
            if payment.invoice is not None:
                payment.reference = payment.invoice.number
