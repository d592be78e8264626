from datetime import date, datetime
from decimal import Decimal

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship, validates

from crm.errors import RuleError
from crm.models.base import ClientRecord, has_changed
from crm.models.contact import Contact, check_contact
from crm.models.types import Exact, UtcDateTime, today, utc_now

STAGES = ("new", "qualified", "proposal", "won", "lost")
#: The stages in which a deal is over: won, lost.
ENDS = STAGES[-2:]


class Deal(ClientRecord):
    """A sale we hope to make to one client."""

    __tablename__ = "deal"
    __table_args__ = (
        Index("ix_deal_created_at_id", "created_at", "id"),
        # of a client's box
        Index("ix_deal_client_id_id", "client_id", "id"),
        # of the board's columns
        Index("ix_deal_stage_stage_changed_at_id", "stage", "stage_changed_at", "id"),
    )

    title: Mapped[str] = mapped_column(String(200))
    amount: Mapped[Decimal | None] = mapped_column(Exact(2))
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    stage: Mapped[str] = mapped_column(String(20), default="new", index=True)
    stage_changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    won_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lost_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    probability: Mapped[int | None]
    expected_close: Mapped[date | None]
    responsible_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id", ondelete="SET NULL"), index=True)
    next_deal_id: Mapped[int | None] = mapped_column(ForeignKey("deal.id", ondelete="SET NULL"), index=True)
    notes: Mapped[str | None] = mapped_column(Text)

    responsible: Mapped[User | None] = relationship(User, foreign_keys=[responsible_id])
    contact: Mapped[Contact | None] = relationship(Contact)
    next_deal: Mapped["Deal | None"] = relationship(remote_side="Deal.id")

    @validates("stage")
    def _note_moment(self, key: str, value: str | None) -> str | None:
        if value != self.stage:
            now = self.stage_changed_at = utc_now()
            self.won_at, self.lost_at = (now if value == end else None for end in ENDS)
        return value

    def before_save(self, session: Session) -> None:
        if self.stage not in STAGES:
            raise RuleError(_("There is no such stage."), field="stage")
        if self.probability is not None and not 0 <= self.probability <= 100:
            raise RuleError(_("A probability is between 0 and 100."), field="probability")
        check_contact(self)
        self._check_next_deal()

    def _check_next_deal(self) -> None:
        """The one that follows this, at the same client; one that has moved to another client since stays."""
        names = ("next_deal", "next_deal_id")
        if not self.next_deal or not has_changed(self, *names):
            return
        if self.next_deal is self:
            raise RuleError(_("A deal cannot follow itself."), field="next_deal")
        if self.next_deal.client_id != (self.client.id if self.client else self.client_id):
            raise RuleError(_("This deal is at another client."), field="next_deal")

    @property
    def open(self) -> bool:
        return self.stage not in ENDS

    @property
    def late(self) -> bool:
        """Whether it should have been closed by now."""
        return self.open and self.expected_close is not None and self.expected_close < today()

    def __str__(self) -> str:
        return self.title
