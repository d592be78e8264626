"""Our own company, and what it gives to documents: currencies, VAT rates, bank accounts, days until due."""

from datetime import date, timedelta

from flask import g, has_request_context
from sqlalchemy import select
from sqlalchemy.orm import undefer

from crm.extensions import db
from crm.models import BankAccount, Client, Company, CompanyLogo, VatRate
from crm.services.clients.photos import Picture


def our_company() -> Company:
    """The one row of our company."""
    return db.session.scalars(select(Company).order_by(Company.id).limit(1)).one()


def default_currency(client: Client | None = None) -> str:
    """The currency of new documents for a client: its own, else the company's."""
    return (client.billing_currency if client is not None else None) or our_company().default_currency


def due_date(client: Client | None, day: date) -> date:
    """When an invoice of this day is due: after the client's payment period, else the company's."""
    days = client.payment_period if client is not None else None
    return day + timedelta(days=our_company().payment_days if days is None else days)


def vat_rates(unused: bool = False) -> list[VatRate]:
    """The VAT rates in use, in order; unused: and the others."""
    asked = select(VatRate).order_by(VatRate.position, VatRate.id)
    return list(db.session.scalars(asked if unused else asked.where(VatRate.active)))


def default_vat_rate() -> VatRate | None:
    """The rate of new lines."""
    rates = vat_rates()
    return next((rate for rate in rates if rate.is_default), rates[0] if rates else None)


def rate_words() -> dict[str, str]:
    """Code of a rate, as it stands on a line -> its label, of all rates; asked once per request."""
    if not has_request_context():
        return {rate.code: rate.label for rate in vat_rates(unused=True)}
    if "rate_words" not in g:
        g.rate_words = {rate.code: rate.label for rate in vat_rates(unused=True)}
    return g.rate_words


def bank_accounts(unused: bool = False) -> list[BankAccount]:
    """The accounts in use, the default ones first; unused: and the others."""
    asked = select(BankAccount).order_by(BankAccount.is_default.desc(), BankAccount.name, BankAccount.id)
    return list(db.session.scalars(asked if unused else asked.where(BankAccount.active)))


def account_for(currency: str) -> BankAccount | None:
    """The account to which invoices in a currency are paid."""
    return next((account for account in bank_accounts() if account.currency == currency), None)


def find_logo(with_image: bool = False) -> CompanyLogo | None:
    """The company's logo, without its image unless asked for."""
    asked = select(CompanyLogo)
    if with_image:
        asked = asked.options(undefer(CompanyLogo.image))
    return db.session.scalar(asked)


def set_logo(company: Company, picture: Picture | None) -> None:
    """Give the company a logo, or take it away. The caller commits."""
    logo = find_logo()
    if picture is None:
        if logo is not None:
            db.session.delete(logo)
        return
    logo = logo or CompanyLogo(company_id=company.id)
    logo.content_type, logo.image, logo.digest = picture.content_type, picture.image, picture.digest
    db.session.add(logo)
