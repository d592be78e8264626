"""The company of the demo: a jeweller's workshop in Kraków."""

from sqlalchemy import select

from crm.extensions import db
from crm.models import BankAccount
from crm.services.sales.company import our_company

COMPANY = {
    "name": "Pracownia Złotnicza Bursztyn sp. z o.o.", "street": "ul. Floriańska 12", "postal_code": "31-021",
    "city": "Kraków", "country": "PL", "tax_id": "PL6762345674", "registration": "REGON 123456785",
    "email": "biuro@bursztyn.example", "phone": "+48 12 345 67 89", "website": "https://bursztyn.example",
    "currencies": ["PLN", "EUR"], "default_currency": "PLN",
}  # fmt: skip
ACCOUNTS = (
    {"name": "Złoty", "number": "PL61 1090 1014 0000 0712 1981 2874", "currency": "PLN", "is_default": True,
     "bank": "Santander Bank Polska", "bic": "WBKPPLPP"},
    {"name": "Euro", "number": "PL27 1140 2004 0000 3002 0135 5387", "currency": "EUR", "is_default": True,
     "bank": "mBank", "bic": "BREXPLPW"},
)  # fmt: skip


def add_company() -> None:
    """Fill in our company where nobody has yet, with accounts. The caller commits."""
    company = our_company()
    if company.tax_id is None and company.street is None:
        for name, value in COMPANY.items():
            setattr(company, name, value)
    for values in ACCOUNTS:
        same = select(BankAccount.id).where(BankAccount.currency == values["currency"])
        if db.session.scalar(same.limit(1)) is None:
            db.session.add(BankAccount(**values))
    db.session.flush()
