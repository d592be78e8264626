"""Our own company: what stands on everything that it prints."""

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, Session, deferred, mapped_column

from crm.errors import RuleError
from crm.models.base import Base, Record
from crm.models.identifiers import is_email
from crm.models.types import Json

LONGEST_PERIOD = 3_650
ADDRESS = ("street", "postal_code", "city", "region", "country")


class Company(Record):
    """The company that uses the CRM; one row, made by the first start."""

    __tablename__ = "company"

    name: Mapped[str] = mapped_column(String(200))
    street: Mapped[str | None] = mapped_column(String(200))
    postal_code: Mapped[str | None] = mapped_column(String(20))
    city: Mapped[str | None] = mapped_column(String(100))
    region: Mapped[str | None] = mapped_column(String(100))
    country: Mapped[str] = mapped_column(String(2), default="PL")
    tax_id: Mapped[str | None] = mapped_column(String(40))
    #: Other registration numbers, one a line: "KRS 0000123456".
    registration: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(String(254))
    phone: Mapped[str | None] = mapped_column(String(40))
    website: Mapped[str | None] = mapped_column(String(200))

    #: ISO 4217 codes of the currencies that are used, the default among them.
    currencies: Mapped[list[str]] = mapped_column(Json)
    default_currency: Mapped[str] = mapped_column(String(3))
    #: Days until an invoice is due, for clients without a payment period of their own.
    payment_days: Mapped[int] = mapped_column(default=14)
    document_language: Mapped[str] = mapped_column(String(10), default="en")

    def before_save(self, session: Session) -> None:
        self.name = (self.name or "").strip()
        if not self.name:
            raise RuleError(_("Please fill this in."), field="name")
        if self.email and not is_email(self.email):
            raise RuleError(_("This is not an e-mail address."), field="email")
        if self.website and "://" not in self.website:
            self.website = f"https://{self.website}"
        if not 0 <= self.payment_days <= LONGEST_PERIOD:
            raise RuleError(_("From 0 to 3650 days."), field="payment_days")
        others = sorted({*(self.currencies or ())} - {self.default_currency})
        if (used := [self.default_currency, *others]) != self.currencies:
            self.currencies = used

    def __str__(self) -> str:
        return self.name


class CompanyLogo(Base):
    """The company's logo, re-encoded and small, so that it can stand in the database."""

    __tablename__ = "company_logo"
    __table_args__ = (UniqueConstraint("company_id"),)
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id", ondelete="CASCADE"))
    content_type: Mapped[str] = mapped_column(String(40))
    digest: Mapped[str] = mapped_column(String(64))
    image: Mapped[bytes] = deferred(mapped_column(LargeBinary, nullable=False))
