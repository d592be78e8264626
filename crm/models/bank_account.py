import re

from flask_babel import gettext as _
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column
from stdnum import bic, iban

from crm.errors import RuleError
from crm.models.base import Record

#: What claims to be an IBAN: two letters and two digits, or the 26 digits of a Polish account.
IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]+|\d{26}")


class BankAccount(Record):
    """An account of our own, to which clients pay."""

    __tablename__ = "bank_account"

    name: Mapped[str] = mapped_column(String(60), unique=True)
    number: Mapped[str] = mapped_column(String(50))
    bic: Mapped[str | None] = mapped_column(String(11))
    bank: Mapped[str | None] = mapped_column(String(100))
    currency: Mapped[str] = mapped_column(String(3))
    #: The one that invoices in its currency name.
    is_default: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)

    def before_save(self, session: Session) -> None:
        """Check the numbers; of each currency only one account is the default."""
        bare = re.sub(r"\s", "", self.number or "").upper()
        if IBAN.fullmatch(bare):
            # by its own check digits: not every bank is in the lists of every country
            if not iban.is_valid(f"PL{bare}" if bare.isdigit() else bare, check_country=False):
                raise RuleError(_("This account number is not a valid IBAN."), field="number")
            self.number = grouped(bare)
        self.bic = re.sub(r"\s", "", self.bic or "").upper() or None
        if self.bic and not bic.is_valid(self.bic):
            raise RuleError(_("This is not a BIC."), field="bic")
        if self.is_default and not self.active:
            raise RuleError(_("The default must be in use."), field="is_default")
        if self.is_default:
            same = select(BankAccount).where(
                BankAccount.is_default,
                BankAccount.currency == self.currency,
                BankAccount.id != (self.id or 0),
            )
            for other in session.scalars(same):
                other.is_default = False

    def __str__(self) -> str:
        return f"{self.name} ({self.currency})"


def grouped(number: str) -> str:
    """An account number as people read it: in groups of four, a Polish one with its two check digits first."""
    head, rest = (number[:2], number[2:]) if number.isdigit() else ("", number)
    return " ".join(filter(None, (head, *(rest[i : i + 4] for i in range(0, len(rest), 4)))))
