"""What happens to an invoice: it is issued, cancelled, corrected, or made from an order."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from crm.errors import RuleError, StateConflict
from crm.extensions import db
from crm.models import BankAccount, Client, Company, Invoice, InvoiceLine, Transaction, VatRate
from crm.models.company import ADDRESS
from crm.models.line import LINE_FIELDS, Line
from crm.models.number_series import take_number
from crm.models.types import today, utc_now
from crm.models.vat import rate_words
from crm.services.history.log import operation
from crm.services.sales.company import account_for, default_currency, due_date, our_company

#: What a line of one record becomes in another.
COPIED = ("position", *LINE_FIELDS)


def terms_of(client: Client | None, kind: str, day: date) -> dict[str, Any]:
    """currency, discount and due day of an invoice of this day; of a supplier's the discount is none of ours."""
    own = client is not None and kind == "outgoing"
    return {
        "currency": default_currency(client),
        "discount": client.discount if client is not None and own else None,
        "due": due_date(client, day) if client is not None else None,
    }


def hold(invoice: Invoice) -> Invoice:
    """The invoice as it is now, held until the transaction ends."""
    db.session.refresh(invoice, with_for_update={"of": Invoice})
    return invoice


def issue(invoice: Invoice) -> None:
    """Give a draft its number and freeze it as it stands; the caller commits.

    Raises StateConflict where it is no draft any more, RuleError where it lacks something.
    """
    with operation("invoice_issued", client_id=invoice.client_id, invoice=invoice.id):
        hold(invoice)
        if invoice.kind != "outgoing" or invoice.state != "draft":
            raise StateConflict(_("This invoice has been issued already."))
        if not invoice.lines:
            raise RuleError(_("An invoice needs at least one line."), field="lines")
        _fill_in(invoice)
        invoice.put_lines_right(db.session())
        _check_amount(invoice)
        invoice.as_issued = snapshot(invoice)
        series = "correction" if invoice.is_correction else "invoice"
        invoice.number = take_number(db.session(), series, invoice.issue_date)
        invoice.state, invoice.issued_at = "issued", utc_now()
        db.session.flush()


def _fill_in(invoice: Invoice) -> None:
    """What a draft may leave open: dates, and the account to pay to."""
    day = today()
    invoice.issue_date = invoice.issue_date or day
    if invoice.issue_date > day:
        raise RuleError(_("An invoice cannot be issued in the future."), field="issue_date")
    invoice.sale_date = invoice.sale_date or invoice.issue_date
    if invoice.is_correction:
        invoice.due = None
    elif invoice.due is None:
        invoice.due = due_date(invoice.client, invoice.issue_date)
    if invoice.payment_method == "transfer":
        invoice.bank_account = invoice.bank_account or account_for(invoice.currency)


def _check_amount(invoice: Invoice) -> None:
    """No invoice gives money back, but a correction, and that not more than was invoiced."""
    first = invoice.corrects
    if first is None:
        if invoice.gross < 0:
            raise RuleError(_("The total is below 0. Correct the earlier invoice instead."), field="lines")
        return
    hold(first)
    if first.state != "issued":
        raise StateConflict(_("Invoice %(number)s was cancelled.", number=first.number))
    if first.to_pay + invoice.gross < 0:
        raise RuleError(_("That is more than the invoice came to."), field="lines")


def snapshot(invoice: Invoice) -> dict[str, Any]:
    """What an invoice keeps of others as it is issued: seller, buyer, account and VAT by rate, ready to print."""
    rates = {rate.code: rate for rate in db.session.scalars(select(VatRate))}
    return printed(invoice, our_company(), invoice.bank_account, rates)


def printed(
    invoice: Invoice, company: Company, account: BankAccount | None, known: Mapping[str, VatRate]
) -> dict[str, Any]:
    """The same with what it takes given. known: our VAT rates by their codes."""
    rates = invoice.totals.rates
    remarks = [known[rate].remark for rate, _sums in rates if rate in known]
    return {
        "seller": {
            "name": company.name, "tax_id": company.tax_id, "registration": company.registration,
            "email": company.email, "phone": company.phone, "website": company.website,
            **{part: getattr(company, part) for part in ADDRESS},
        },
        "buyer": buyer_of(invoice.client),
        "account": account and {
            "bank": account.bank, "number": account.number, "bic": account.bic, "currency": account.currency,
        },
        "vat": [
            {"rate": rate, "label": known[rate].label if rate in known else rate_words(rate),
             "net": str(sums.net), "vat": str(sums.vat), "gross": str(sums.gross)}
            for rate, sums in rates
        ],
        "remarks": list(dict.fromkeys(filter(None, remarks))),
        "corrects": invoice.corrects.number if invoice.corrects else None,
    }  # fmt: skip


def buyer_of(client: Client) -> dict[str, Any]:
    """What an invoice says of its client."""
    return {"name": client.name, "tax_id": client.tax_id, **client.address("billing")}


def cancel(invoice: Invoice, reason: str | None = None) -> None:
    """Say of an issued invoice that it does not hold; its number stays used. The caller commits.

    Raises StateConflict where it is not issued, or there are payments on it or corrections of it.
    """
    with operation("invoice_cancelled", client_id=invoice.client_id, invoice=invoice.id):
        hold(invoice)
        if invoice.state != "issued":
            raise StateConflict(_("Only what is issued is cancelled."))
        if db.session.scalar(select(Transaction.id).where(Transaction.invoice_id == invoice.id).limit(1)):
            raise StateConflict(_("There are payments on this invoice. Correct it, or remove them first."))
        if corrections_of(invoice, ("draft", "issued")):
            raise StateConflict(
                _("This invoice is being corrected, or has been. Cancel the correction first.")
            )
        invoice.state, invoice.cancelled_at = "cancelled", utc_now()
        invoice.reason = (reason or "").strip()[:300] or invoice.reason
        db.session.flush()


def corrections_of(
    invoice: Invoice, states: Iterable[str] = ("draft", "issued", "cancelled")
) -> list[Invoice]:
    """The corrections of an invoice, oldest first."""
    asked = select(Invoice).where(Invoice.corrects_id == invoice.id, Invoice.state.in_(tuple(states)))
    return list(db.session.scalars(asked.order_by(Invoice.id)))


def correct(invoice: Invoice, reason: str | None = None) -> Invoice:
    """A draft of a correction that takes back all that still holds of an issued invoice; the caller commits.

    Whoever writes it changes its lines to the difference that there is.
    """
    with operation("invoice_corrected", client_id=invoice.client_id, invoice=invoice.id):
        hold(invoice)
        if invoice.kind != "outgoing" or invoice.state != "issued":
            raise StateConflict(_("Only what is issued is corrected."))
        if invoice.corrects_id is not None:
            raise StateConflict(_("Correct the first invoice, not its correction."))
        if drafts := corrections_of(invoice, ("draft",)):
            return drafts[0]
        found = Invoice(
            kind="outgoing", client=invoice.client, corrects=invoice, currency=invoice.currency,
            payment_method=invoice.payment_method, bank_account=invoice.bank_account,
            sale_date=invoice.sale_date, reason=(reason or "").strip()[:300] or None,
            lines=[line for one in (invoice, *corrections_of(invoice, ("issued",)))
                   for line in _taken_back(one)],
        )  # fmt: skip
        db.session.add(found)
        db.session.flush()
    return found


def _taken_back(invoice: Invoice) -> Iterable[InvoiceLine]:
    """The lines of an invoice the other way round."""
    for line in invoice.lines:
        found = copied(line, InvoiceLine)
        found.quantity, found.discount = -line.quantity, invoice.discount_of(line) or None
        yield found


def copied(line: Line, model: type[Line]) -> Any:
    """A line as one of another record."""
    return model(**{name: getattr(line, name) for name in COPIED})


def overpaid(invoice: Invoice) -> Decimal:
    """What is paid too much of an invoice; 0 where nothing is."""
    over = -invoice.open_amount if invoice.to_pay >= 0 else invoice.open_amount
    return max(over, Decimal(0)) if invoice.state == "issued" else Decimal(0)
