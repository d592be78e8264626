"""Invoices: drafted, issued, cancelled and corrected; and shown as they are printed."""

from decimal import Decimal
from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from crm.extensions import db
from crm.models import Invoice
from crm.models.types import today
from crm.security.manager import may
from crm.security.masking import MASK, is_masked
from crm.services import invoicing
from crm.services.company import account_for, default_currency, due_date, find_logo
from crm.services.payments import of_invoice
from crm.views.record import RecordView


class InvoiceView(RecordView):
    """The record view of invoices."""

    show_template = "invoice/show.html"
    more_routes = frozenset({"issue", "cancel", "correct"})
    method_permission_name = {"issue": "issue", "cancel": "cancel", "correct": "issue"}

    def new_item(self) -> Invoice:
        """One of today in the client's currency, with its discount and payment period."""
        invoice = super().new_item()
        client, day = invoice.client, today()
        invoice.issue_date = day
        invoice.currency = default_currency(client)
        if invoice.kind == "outgoing":
            invoice.sale_date = day
            invoice.bank_account = account_for(invoice.currency)
        if client is not None:
            invoice.due = due_date(client, day)
            invoice.discount = client.discount if invoice.kind == "outgoing" else None
        return invoice

    def may_change(self, item: Invoice, action: str) -> bool:
        return super().may_change(item, action) and not item.is_frozen

    @expose("/show/<pk>")
    @has_access
    def show(self, pk: str) -> Response:
        invoice = self.get_item(pk)
        return self.render(
            self.show_template, title=self.title_of(invoice), item=invoice, paper=paper_of(invoice),
            logo=find_logo(), payments=of_invoice(invoice) if may("list", "transaction") else [],
            corrections=invoicing.corrections_of(invoice), over=invoicing.balance_after(invoice),
            may_issue=may("issue", "invoice"), may_cancel=may("cancel", "invoice"),
        )  # fmt: skip

    def url_after(self, item: Invoice) -> str:
        """The invoice: its next step stands there."""
        return super().url_after(item) if item.id is None else self.url("show", pk=item.id)

    # -- what happens to it

    @expose("/issue/<pk>", methods=["POST"])
    @has_access
    def issue(self, pk: str) -> Response:
        """Give a draft its number."""
        invoice = self.get_item(pk)
        if self._done(lambda: invoicing.issue(invoice)):
            flash(_("Invoice %(number)s issued.", number=invoice.number), "success")
        return redirect(self.url("show", pk=pk))

    @expose("/cancel/<pk>", methods=["GET", "POST"])
    @has_access
    def cancel(self, pk: str) -> Response:
        """Ask why, and cancel."""
        invoice = self.get_item(pk)
        if request.method == "GET":
            title = _("Cancel %(number)s", number=invoice)
            return self.render("invoice/cancel.html", title=title, item=invoice)
        if self._done(lambda: invoicing.cancel(invoice, request.form.get("reason"))):
            flash(_("Invoice %(number)s cancelled.", number=invoice.number), "success")
        return redirect(self.url("show", pk=pk))

    @expose("/correct/<pk>", methods=["POST"])
    @has_access
    def correct(self, pk: str) -> Response:
        """Begin a correction, and go on to its form."""
        invoice, found = self.get_item(pk), []
        if self._done(lambda: found.append(invoicing.correct(invoice))):
            return redirect(self.url("edit", pk=found[0].id))
        return redirect(self.url("show", pk=pk))

    @staticmethod
    def _done(work: Any) -> bool:
        """Do it and commit; a refusal is told, and changes nothing."""
        try:
            work()
            db.session.commit()
        except HTTPException as error:
            db.session.rollback()
            flash(str(error.description), "danger")
            return False
        return True


def paper_of(invoice: Invoice) -> dict[str, Any]:
    """What stands on the paper: as it was issued; of a draft and of a supplier's invoice as it would be now."""
    paper = dict(invoice.as_issued or invoicing.snapshot(invoice))
    if is_masked(invoice.client, "tax_id") and paper["buyer"].get("tax_id"):
        paper["buyer"] = {**paper["buyer"], "tax_id": MASK}
    paper["vat"] = [
        {**row, **{name: Decimal(row[name]) for name in ("net", "vat", "gross")}} for row in paper["vat"]
    ]
    if invoice.kind == "incoming":
        paper["seller"], paper["buyer"] = paper["buyer"], paper["seller"]
    return paper
