"""Invoices: drafted, issued, cancelled and corrected; and shown as they are printed."""

from datetime import date
from decimal import Decimal
from typing import Any

from flask import flash, jsonify, redirect, request
from flask_appbuilder import expose, has_access
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from crm.extensions import db
from crm.models import Invoice
from crm.models.types import today
from crm.security.manager import may
from crm.security.masking import MASK, is_masked
from crm.services.sales import invoicing
from crm.services.sales.company import account_for, find_logo
from crm.services.sales.invoicing import terms_of
from crm.services.sales.payments import of_invoice
from crm.views.forms.form import RecordForm
from crm.views.forms.raw_values import plain_number
from crm.views.page import get_client
from crm.views.records.record import RecordView


class InvoiceView(RecordView):
    """The record view of invoices."""

    show_template = "invoice/show.html"
    form_template = "invoice/form.html"
    more_routes = frozenset({"issue", "cancel", "correct", "terms"})
    method_permission_name = {"issue": "issue", "cancel": "cancel", "correct": "issue", "terms": "add"}

    def new_item(self) -> Invoice:
        """One of today in the client's currency, with its discount and payment period."""
        invoice = super().new_item()
        invoice.issue_date = today()
        for name, value in terms_of(invoice.client, invoice.kind, invoice.issue_date).items():
            setattr(invoice, name, value)
        if invoice.kind == "outgoing":
            invoice.sale_date = invoice.issue_date
            invoice.bank_account = account_for(invoice.currency)
        return invoice

    def make_form(self, item: Invoice, filled: bool = True) -> RecordForm:
        form = super().make_form(item, filled)
        if item.kind == "incoming":
            form.number.flags.required = form.issue_date.flags.required = True
            form.rounding.description = _(
                "Where the VAT on the paper is a few cents more or less than below."
            )
        else:
            form.issue_date.description = _("The day it is issued, where left blank.")
            form.due.description = _("After the client's payment period, where left blank.")
        return form

    @expose("/terms/<pk>")
    @has_access
    def terms(self, pk: str) -> Response:
        """What an invoice takes from this client, for the form: `{"currency": "EUR", "discount": "5", "due": …}`."""
        client = get_client(pk)
        try:
            day = date.fromisoformat(request.args.get("date", ""))
        except ValueError:
            day = today()
        found = terms_of(client, self.asked_kind(), day)
        return jsonify(currency=found["currency"], discount=plain_number(found["discount"]),
                       due=found["due"].isoformat() if found["due"] else "")  # fmt: skip

    def may_change(self, item: Invoice, action: str) -> bool:
        return super().may_change(item, action) and not item.is_frozen

    @expose("/show/<pk>")
    @has_access
    def show(self, pk: str) -> Response:
        invoice = self.get_item(pk)
        return self.render(
            self.show_template, title=self.title_of(invoice), item=invoice, paper=paper_of(invoice),
            logo=find_logo(), payments=of_invoice(invoice) if may("list", "transaction") else [],
            corrections=invoicing.corrections_of(invoice), over=invoicing.overpaid(invoice),
            today=today, may_issue=may("issue", "invoice"), may_cancel=may("cancel", "invoice"),
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
