"""Transactions: a new one may come from an invoice, filled in with what is open of it."""

from flask import abort, request, url_for

from crm.extensions import db
from crm.models import Invoice, Transaction
from crm.models.types import today
from crm.services.sales.company import default_currency
from crm.services.sales.payments import payment_of
from crm.views.page import read_id
from crm.views.records.record import RecordView


class TransactionView(RecordView):
    """The record view of transactions."""

    def new_item(self) -> Transaction:
        """One of today; `?invoice=` says for which invoice."""
        transaction = super().new_item()
        transaction.day = today()
        transaction.currency = default_currency(transaction.client)
        if wanted := request.args.get("invoice", ""):
            invoice = db.session.get(Invoice, read_id(wanted)) or abort(404)
            with db.session.no_autoflush:
                for name, value in payment_of(invoice).items():
                    setattr(transaction, name, value)
        return transaction

    def url_after(self, item: Transaction) -> str:
        """Back to the invoice that it pays, else to where records lead."""
        if item.invoice is not None:
            return url_for("InvoiceView.show", pk=item.invoice.id)
        return super().url_after(item)

    def url_after_delete(self, item: Transaction) -> str:
        return self.url_after(item)
