from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from crm.errors import RuleError
from crm.models.base import ClientRecord
from crm.models.contact import Contact, check_contact
from crm.models.sensitive import text_at, title_at
from crm.models.transcripts import messages
from crm.models.types import UtcDateTime, utc_now

CHANNELS = {
    "whatsapp": "WhatsApp",
    "messenger": "Messenger",
    "sms": "SMS",
    "web": _l("Website"),
    "other": _l("Other"),
}


class Chat(ClientRecord):
    """A conversation in short messages with a client, kept as its transcript."""

    __tablename__ = "chat"
    __table_args__ = (
        Index("ix_chat_started_at_id", "started_at", "id"),
        Index("ix_chat_client_id_started_at_id", "client_id", "started_at", "id"),
    )

    channel: Mapped[str] = mapped_column(String(20), default="whatsapp")
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id", ondelete="SET NULL"), index=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    transcript: Mapped[str] = mapped_column(Text)

    contact: Mapped[Contact | None] = relationship(Contact)

    def before_save(self, session: Session) -> None:
        if self.channel not in CHANNELS:
            raise RuleError(_("There is no such channel."), field="channel")
        check_contact(self)

    def told_to(self, client_id: int) -> str:
        return text_at(self, self.transcript)

    def __str__(self) -> str:
        first = next((one.text for one in messages(self.transcript or "") if one.text.strip()), "")
        return title_at(self, first or self.transcript or "")
