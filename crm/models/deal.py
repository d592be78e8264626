from datetime import date
from decimal import Decimal

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, String, Text, inspect
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from crm.errors import RuleError
from crm.models.base import ClientRecord
from crm.models.contact import Contact
from crm.models.types import Exact

STAGES = ("new", "qualified", "proposal", "won", "lost")


class Deal(ClientRecord):
    """A sale we hope to make to one client."""

    __tablename__ = "deal"
    __table_args__ = (Index("ix_deal_created_at_id", "created_at", "id"),)

    title: Mapped[str] = mapped_column(String(200))
    amount: Mapped[Decimal | None] = mapped_column(Exact(2))
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    stage: Mapped[str] = mapped_column(String(20), default="new", index=True)
    probability: Mapped[int | None]
    expected_close: Mapped[date | None]
    responsible_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id", ondelete="SET NULL"), index=True)
    next_deal_id: Mapped[int | None] = mapped_column(ForeignKey("deal.id", ondelete="SET NULL"), index=True)
    notes: Mapped[str | None] = mapped_column(Text)

    responsible: Mapped[User | None] = relationship(User, foreign_keys=[responsible_id])
    contact: Mapped[Contact | None] = relationship(Contact)
    next_deal: Mapped["Deal | None"] = relationship(remote_side="Deal.id")

    def before_save(self, session: Session) -> None:
        if self.stage not in STAGES:
            raise RuleError(_("There is no such stage."), field="stage")
        if self.probability is not None and not 0 <= self.probability <= 100:
            raise RuleError(_("A probability is between 0 and 100."), field="probability")
        self._check_contact()

    def _check_contact(self) -> None:
        """Of a contact that was chosen; one that has moved to another client since stays."""
        attributes = inspect(self).attrs
        names = ("contact", "contact_id", "client", "client_id")
        if not self.contact or not any(attributes[name].history.has_changes() for name in names):
            return
        # a client chosen just now is known before its id is
        if self.contact.client_id != (self.client.id if self.client else self.client_id):
            raise RuleError(_("This contact is at another client."), field="contact")

    def __str__(self) -> str:
        return self.title
