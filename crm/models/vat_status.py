"""What registers of VAT answered about companies: the last answer, and the proofs that they were asked."""

from datetime import date, datetime

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, ClientOwned
from crm.models.types import UtcDateTime, utc_now


class VatStatus(ClientOwned, Base):
    """What a register answered about a company, and when. A failed look-up leaves the answer before it.

    service: `vies` or `white_list`. basis: the tax ID that was asked for; an answer about another than the client
    has is worth nothing. answer: blank as long as nothing is known. error: of the last look-up, blank where it went
    well. reference, reference_at: the register's own number and time of its answer, as it writes them.
    """

    __tablename__ = "vat_status"
    __table_args__ = (UniqueConstraint("client_id", "service"), Index(None, "service", "next_at"))
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(String(20))
    basis: Mapped[str] = mapped_column(String(40))
    answer: Mapped[str] = mapped_column(String(20), default="")
    name: Mapped[str] = mapped_column(String(400), default="")
    address: Mapped[str] = mapped_column(String(400), default="")
    registered_on: Mapped[date | None]
    removed_on: Mapped[date | None]
    #: The bank accounts that the register knows, apart by blanks; virtual: and more, made for single payers.
    accounts: Mapped[str] = mapped_column(Text, default="")
    virtual: Mapped[bool] = mapped_column(default=False)
    reference: Mapped[str] = mapped_column(String(60), default="")
    reference_at: Mapped[str] = mapped_column(String(40), default="")
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tried_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    failures: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(String(20), default="")
    next_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)


class VatProof(ClientOwned, Base):
    """One answer with the register's number for it, kept to prove that it was asked and what it said."""

    __tablename__ = "vat_proof"
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(String(20))
    #: As asked for, with its country in front.
    number: Mapped[str] = mapped_column(String(40))
    answer: Mapped[str] = mapped_column(String(20))
    reference: Mapped[str] = mapped_column(String(60))
    reference_at: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
