from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from crm.errors import RuleError
from crm.models.base import ClientRecord, has_changed
from crm.models.contact import Contact, check_contact
from crm.models.identifiers import e164
from crm.models.sensitive import text_at, title_at
from crm.models.types import UtcDateTime, utc_now

DIRECTIONS = {"out": _l("Outgoing"), "in": _l("Incoming")}
OUTCOMES = {
    "answered": _l("Answered"),
    "no_answer": _l("No answer"),
    "busy": _l("Busy"),
    "left_message": _l("Left a message"),
    "wrong_number": _l("Wrong number"),
}
LONGEST_CALL = 24 * 60


class Call(ClientRecord):
    """A phone call with a client, made or taken."""

    __tablename__ = "call"
    __table_args__ = (
        Index("ix_call_started_at_id", "started_at", "id"),
        Index("ix_call_client_id_started_at_id", "client_id", "started_at", "id"),
    )

    direction: Mapped[str] = mapped_column(String(10), default="out")
    outcome: Mapped[str] = mapped_column(String(20), default="answered")
    number: Mapped[str | None] = mapped_column(String(60))
    number_e164: Mapped[str | None] = mapped_column(String(20), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id", ondelete="SET NULL"), index=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    #: In whole minutes.
    duration: Mapped[int | None]
    notes: Mapped[str | None] = mapped_column(Text)

    contact: Mapped[Contact | None] = relationship(Contact)

    def before_save(self, session: Session) -> None:
        if self.direction not in DIRECTIONS:
            raise RuleError(_("There is no such direction."), field="direction")
        if self.outcome not in OUTCOMES:
            raise RuleError(_("There is no such outcome."), field="outcome")
        if self.duration is not None and not 0 <= self.duration <= LONGEST_CALL:
            raise RuleError(_("A call takes from 0 to %(n)d minutes.", n=LONGEST_CALL), field="duration")
        check_contact(self)
        if has_changed(self, "number"):
            self._read_number()

    def _read_number(self) -> None:
        if self.number and not any(c.isdigit() for c in self.number):
            raise RuleError(_("This is not a phone number."), field="number")
        self.number_e164 = e164(self.number, self.client.billing_country if self.client else None)

    def told_to(self, client_id: int) -> str:
        return text_at(self, self.notes or "")

    def __str__(self) -> str:
        return title_at(self, self.notes or "") or _("Call")
