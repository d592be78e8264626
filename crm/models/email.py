import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    exists,
    inspect,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from crm.errors import RuleError
from crm.models.base import Base, OptionalClientOwned, SharedRecord, has_changed
from crm.models.client import Client
from crm.models.file_kinds import with_ending
from crm.models.mail_addresses import WrongAddress, in_order, people, read_addresses
from crm.models.mail_html import clean_html, text_of_html
from crm.models.sensitive import text_at, title_at
from crm.models.stored_file import HasFile
from crm.models.types import UtcDateTime, utc_now

DIRECTIONS = {"out": _l("Sent"), "in": _l("Received")}
STATES = {"draft": _l("Draft"), "recorded": _l("Recorded")}
ADDRESS_LISTS = ("from_address", "to", "cc", "bcc")
SNIPPET = 160


class EmailClient(Base):
    """One further client of a mail, beside the one it belongs to."""

    __tablename__ = "email_client"
    __table_args__ = (UniqueConstraint("email_id", "client_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    email_id: Mapped[int] = mapped_column(ForeignKey("email.id", ondelete="CASCADE"))
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)

    client: Mapped[Client | None] = relationship(lazy="joined")
    email: Mapped["Email"] = relationship(back_populates="other_client_links")


class EmailAttachment(HasFile, OptionalClientOwned, Base):
    """A file that came or went with a mail. Its client is the mail's, which it follows; who sees that sees it."""

    __tablename__ = "email_attachment"

    id: Mapped[int] = mapped_column(primary_key=True)
    email_id: Mapped[int] = mapped_column(ForeignKey("email.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(200))

    email: Mapped["Email"] = relationship(back_populates="attachments")

    @property
    def file_name(self) -> str:
        """The name under which it is downloaded, which says what kind of file it is."""
        return with_ending(self.name, self.type)

    @classmethod
    def elsewhere(cls, seen: Callable[[Any], ColumnElement[bool]]) -> ColumnElement[bool]:
        link = EmailClient.__table__.alias()
        return exists().where(link.c.email_id == cls.email_id, seen(link.c.client_id))

    @classmethod
    def personal(cls, user_id: Any) -> ColumnElement[bool]:
        mail = Email.__table__.alias()
        own = and_(mail.c.client_id.is_(None), mail.c.created_by_id == user_id)
        return exists().where(mail.c.id == cls.email_id, own)

    def __str__(self) -> str:
        return self.name


class Email(SharedRecord):
    """One mail, sent or received or still a draft. Those with one thread_key are a conversation."""

    __tablename__ = "email"
    __table_args__ = (
        # the order of lists: drafts first, then the newest
        Index("ix_email_draft_at_id", text("(at IS NULL)"), "at", "id"),
        Index("ix_email_client_id_draft_at_id", "client_id", text("(at IS NULL)"), "at", "id"),
        Index("ix_email_thread_key_at_id", "thread_key", "at", "id"),
    )

    direction: Mapped[str] = mapped_column(String(10), default="out")
    state: Mapped[str] = mapped_column(String(10), default="recorded")
    from_address: Mapped[str | None] = mapped_column(String(400))
    to: Mapped[str | None] = mapped_column(Text)
    cc: Mapped[str | None] = mapped_column(Text)
    bcc: Mapped[str | None] = mapped_column(Text)
    subject: Mapped[str | None] = mapped_column(String(500))
    #: When it was sent or received; a draft was neither.
    at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    text: Mapped[str | None] = mapped_column(Text)
    html: Mapped[str | None] = mapped_column(Text)
    message_id: Mapped[str | None] = mapped_column(String(500), index=True)
    thread_key: Mapped[str] = mapped_column(String(32), default=lambda: uuid.uuid4().hex)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("email.id", ondelete="SET NULL"), index=True)

    parent: Mapped["Email | None"] = relationship(remote_side="Email.id")
    other_client_links: Mapped[list[EmailClient]] = relationship(
        cascade="all, delete-orphan", order_by=EmailClient.id, back_populates="email"
    )

    attachments: Mapped[list[EmailAttachment]] = relationship(
        cascade="all, delete-orphan", order_by=EmailAttachment.id, back_populates="email"
    )

    def before_save(self, session: Session) -> None:
        if self.direction not in DIRECTIONS:
            raise RuleError(_("There is no such direction."), field="direction")
        if self.state not in STATES:
            raise RuleError(_("There is no such state."), field="state")
        self._read_addresses()
        self._read_body()
        self._take_place()
        self._keep_one_own_client(session)
        self._take_attachments_along()
        if self.state == "draft":
            self.at = None
        elif self.at is None:
            self.at = utc_now()

    def _read_addresses(self) -> None:
        for name in ADDRESS_LISTS:
            try:
                setattr(self, name, in_order(getattr(self, name)))
            except WrongAddress as wrong:
                raise RuleError(
                    _("“%(text)s” is not an e-mail address.", text=str(wrong)), field=name
                ) from None
        if len(read_addresses(self.from_address)) > 1:
            raise RuleError(_("A mail comes from one address."), field="from_address")
        if self.state == "recorded" and self.direction == "out" and not (self.to or self.cc or self.bcc):
            raise RuleError(_("Say to whom it went."), field="to")
        if self.state == "recorded" and self.direction == "in" and not self.from_address:
            raise RuleError(_("Say from whom it came."), field="from_address")

    def _read_body(self) -> None:
        """Make the HTML safe; where no text was written, it is what the HTML says."""
        if not has_changed(self, "html") or not self.html:
            return
        self.html = clean_html(self.html)
        if not self.text or not has_changed(self, "text"):
            self.text = text_of_html(self.html) or None

    def _take_place(self) -> None:
        """An answer stands in the conversation of what it answers."""
        if self.parent is not None and has_changed(self, "parent"):
            if self.parent is self or self.parent.parent is self:
                raise RuleError(_("A mail does not answer itself."), field="parent")
            self.thread_key = self.parent.thread_key
        if not self.thread_key:
            self.thread_key = uuid.uuid4().hex

    def _keep_one_own_client(self, session: Session) -> None:
        """Of several clients one is the mail's own, and no further one as well."""
        links = self.other_client_links
        if self.client is None and self.client_id is None and links:
            self.client = links[0].client
        own = self.client.id if self.client is not None else self.client_id
        for link in [link for link in links if own is not None and _client_id(link) == own]:
            links.remove(link)
            if inspect(link).persistent:
                session.delete(link)

    def _take_attachments_along(self) -> None:
        """Keep the attachments at the mail's own client."""
        for attachment in self.attachments:
            if self.client is not None and attachment.client is not self.client:
                attachment.client = self.client
            elif self.client is None and attachment.client_id != self.client_id:
                attachment.client_id = self.client_id

    @property
    def other_clients(self) -> tuple[Client, ...]:
        """The further clients that the viewer sees; assign a whole new tuple of them, and the hidden ones stay."""
        clients = (link.client for link in self.other_client_links)
        return tuple(client for client in clients if client is not None and client is not self.client)

    @other_clients.setter
    def other_clients(self, wanted: Iterable[Client]) -> None:
        links, clients = self.other_client_links, list(dict.fromkeys(wanted))
        kept = [link for link in links if link.client is None or link.client in clients]
        there = {link.client for link in kept}
        links[:] = kept + [EmailClient(client=client) for client in clients if client not in there]

    @property
    def is_draft(self) -> bool:
        return self.state == "draft"

    @property
    def people(self) -> list[str]:
        """Those at the other end, as they are called: whom it came from, or went to."""
        return people(self.from_address if self.direction == "in" else self.to or self.cc or self.bcc)

    @property
    def snippet(self) -> str:
        """The beginning of what it says, without what it quotes."""
        lines = (line.strip() for line in (self.text or "").splitlines())
        own = " ".join(line for line in lines if line and not line.startswith(">"))
        return own if len(own) <= SNIPPET else own[: SNIPPET - 1] + "…"

    def told_to(self, client_id: int) -> str:
        return text_at(self, self.subject or self.snippet)

    def __str__(self) -> str:
        return title_at(self, self.subject or self.snippet, 200) or _("(no subject)")


def _client_id(link: EmailClient) -> int | None:
    return link.client.id if link.client is not None else link.client_id
