"""Products, quotes, orders and repairs of demo clients: every status there is, and sums that add up."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from crm.demo import selling_words as words
from crm.extensions import db
from crm.models import Client, NumberSeries, Product, Sale, SaleLine, VatRate
from crm.models.line import LINE_FIELDS
from crm.models.number_series import next_number
from crm.models.sale import STATUSES

if TYPE_CHECKING:
    from crm.demo.clients import ClientMaker

#: What a euro is in złoty here.
RATE = Decimal("4.3")
CENT = Decimal("0.01")
#: What an order takes over from a line of its quote.
COPIED = ("product_id", *(name for name in LINE_FIELDS if name != "product"))


def add_products() -> None:
    """Add what the workshop always has where it is missing. The caller commits."""
    known = set(db.session.scalars(select(Product.sku)))
    for sku, name, bought, sold, unit, rate in words.PRODUCTS:
        if sku not in known:
            db.session.add(Product(
                sku=sku, name=name, purchase_price=Decimal(bought) if bought else None, sale_price=Decimal(sold),
                unit=unit, vat_rate=rate, currency="PLN",
            ))  # fmt: skip


class Selling:
    """Makes the products and sales of a maker's clients."""

    def __init__(self, maker: ClientMaker):
        self.maker, self.chance, self.rows = maker, maker.chance, maker.rows
        skus = [one[0] for one in words.PRODUCTS]
        asked = select(Product).where(Product.sku.in_(skus)).order_by(Product.id)
        # plain values, since the rows made here never meet a session
        self.products = [
            (p.id, p.name, p.sale_price or Decimal(0), p.unit or "", p.vat_rate)
            for p in db.session.scalars(asked)
        ]
        self.codes = {rate.code for rate in db.session.scalars(select(VatRate))}
        self.series = {series.kind: series for series in db.session.scalars(select(NumberSeries))}
        for series in self.series.values():
            db.session.expunge(series)

    def with_client(self, client: Client) -> None:
        """Some sales to a client; of a supplier, products."""
        chance = self.chance
        if client.is_supplier:
            for number, product in enumerate(chance.sample(words.SUPPLIED, chance.randint(1, 3)), 1):
                self.supplied(client, number, *product)
        if chance.random() < 0.14:
            self.quote(client)
        if chance.random() < 0.1:
            self.sale(client, "order")
        if chance.random() < 0.12:
            self.repair(client)

    def supplied(self, client: Client, number: int, name: str, bought: str, sold: str, unit: str) -> None:
        product = self.maker.record(
            Product, client, name=name, sku=f"S{client.id}-{number}", purchase_price=Decimal(bought),
            sale_price=Decimal(sold), currency="PLN", vat_rate="23", unit=unit, active=self.chance.random() < 0.95,
        )  # fmt: skip
        product.created_at = product.changed_at = client.created_at

    def quote(self, client: Client) -> None:
        """A quote, of which some become orders."""
        quote = self.sale(client, "quote")
        if quote.status == "accepted" and self.chance.random() < 0.7:
            order = self.empty(client, "order", converted_from_id=quote.id, discount=quote.discount)
            order.created_at = order.changed_at = self.maker.between(quote.created_at)
            order.date = order.created_at.date()
            copies = ({name: getattr(line, name) for name in COPIED} for line in quote.lines)
            self.add_up(order, [self.line(client, **values) for values in copies])

    def repair(self, client: Client) -> None:
        chance = self.chance
        item, fault, low, high = chance.choice(words.REPAIRS)
        estimate = self.in_currency(Decimal(chance.randint(low, high)), client.billing_currency or "PLN")
        sale = self.sale(client, "repair", item=item, fault=fault, estimate=estimate)
        sale.due = sale.date + timedelta(days=chance.randint(5, 21))

    def sale(self, client: Client, kind: str, **values: Any) -> Sale:
        """A sale with some lines."""
        chance = self.chance
        sale = self.empty(client, kind, discount=Decimal(5) if chance.random() < 0.1 else None, **values)
        services = [one for one in self.products if one[2] < 300] if kind == "repair" else self.products
        chosen = chance.sample(services, chance.randint(1, 2 if kind == "repair" else 4))
        self.add_up(sale, [self.product_line(client, sale.currency, *one) for one in chosen])
        return sale

    def empty(self, client: Client, kind: str, **values: Any) -> Sale:
        chance = self.chance
        sale = self.maker.record(
            Sale, client, kind=kind, currency=client.billing_currency or "PLN",
            status=chance.choice(STATUSES[kind]), notes=chance.choice(words.NOTES), **values,
        )  # fmt: skip
        # most of what is sold is of the last year
        since = max(client.created_at, self.maker.now - timedelta(days=400))
        sale.created_at = sale.changed_at = self.maker.between(since)
        sale.date = sale.created_at.date()
        sale.due = sale.date + timedelta(days=30) if kind == "quote" else None
        return sale

    def product_line(
        self, client: Client, currency: str, product: int, name: str, price: Decimal, unit: str, rate: str
    ) -> SaleLine:
        chance = self.chance
        if client.billing_country == "BE" and client.kind == "company":
            rate = "reverse"
        if rate not in self.codes:
            rate = "0"
        return self.line(
            client, product_id=product, description=name, unit=unit, price=self.in_currency(price, currency),
            vat_rate=rate, discount=Decimal(10) if chance.random() < 0.08 else None,
            quantity=Decimal(chance.randint(1, 9)) / 2 if unit == "h" else Decimal(chance.choice((1, 1, 1, 2, 3))),
        )  # fmt: skip

    def line(self, client: Client, **values: Any) -> SaleLine:
        return self.rows.new(SaleLine, client_id=client.id, **values)

    @staticmethod
    def in_currency(amount: Decimal, currency: str) -> Decimal:
        """Złoty in another currency."""
        return amount if currency == "PLN" else (amount / RATE).quantize(CENT)

    @staticmethod
    def add_up(sale: Sale, lines: list[SaleLine]) -> None:
        for position, line in enumerate(lines):
            line.sale_id, line.position = sale.id, position
        sale.lines = lines
        found = sale.totals
        for line, sums in zip(lines, found.lines, strict=True):
            line.net = sums.net
        sale.net, sale.vat, sale.gross = found.net, found.vat, found.gross

    def give_numbers(self) -> None:
        """Number what was made since the last time, each kind by date."""
        of_period: dict[tuple[str, str], list[Sale]] = defaultdict(list)
        for sale in self.rows.made.get(Sale, ()):
            of_period[sale.kind, self.series[sale.kind].period_of(sale.date)].append(sale)
        for (kind, period), sales in sorted(of_period.items()):
            series = self.series[kind]
            last = next_number(
                db.session.connection(), series.key_of(period), len(sales), series.first_of(period)
            )
            sales.sort(key=lambda sale: (sale.date, sale.id))
            for number, sale in enumerate(sales, last - len(sales) + 1):
                sale.number = series.written(number, sale.date)
