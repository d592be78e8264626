from datetime import datetime, timedelta
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, ForeignKey, Index, String, Text, and_, exists, inspect, or_, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship, validates

from crm.errors import RuleError
from crm.models.base import OptionalClientRecord, changes_of, has_changed
from crm.models.contact import Contact, check_contact
from crm.models.sensitive import text_at, title_at
from crm.models.types import UtcDateTime, utc_now

STATUSES = {"open": _l("Open"), "waiting": _l("Waiting"), "solved": _l("Solved"), "closed": _l("Closed")}
#: Of these, those in which nothing is left to do.
DONE = frozenset({"solved", "closed"})
PRIORITIES = {"low": _l("Low"), "normal": _l("Normal"), "high": _l("High"), "urgent": _l("Urgent")}
CHANNELS = {
    "email": _l("E-mail"),
    "phone": _l("Phone"),
    "chat": _l("Chat"),
    "visit": _l("Visit"),
    "web": _l("Website"),
    "other": _l("Other"),
}


class TicketComment(OptionalClientRecord):
    """What was answered or noted about a ticket. Its client is the ticket's, which it follows."""

    __tablename__ = "ticket_comment"
    __table_args__ = (Index("ix_ticket_comment_ticket_id_id", "ticket_id", "id"),)

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"))
    body: Mapped[str] = mapped_column(Text)
    #: An answer to the client; otherwise a note among ourselves.
    public: Mapped[bool] = mapped_column(default=False)

    ticket: Mapped["Ticket"] = relationship(back_populates="comments")

    def before_save(self, session: Session) -> None:
        """A comment stands where its ticket does."""
        ticket = self.ticket or session.get(Ticket, self.ticket_id)
        if ticket is not None:
            if ticket.client is not None:
                self.client = ticket.client
            else:
                self.client_id = ticket.client_id

    @property
    def edited(self) -> bool:
        """Whether it was changed after it was written."""
        return self.version > 1

    @classmethod
    def personal(cls, user_id: Any) -> ColumnElement[bool]:
        """The comments of the tickets that user_id sees whatever the client."""
        ticket = Ticket.__table__.alias()
        own = and_(ticket.c.client_id.is_(None), ticket.c.created_by_id == user_id)
        return exists().where(ticket.c.id == cls.ticket_id, or_(own, ticket.c.assignee_id == user_id))

    def told_to(self, client_id: int) -> str:
        return text_at(self, self.body)

    def __str__(self) -> str:
        return title_at(self, self.body)


class Ticket(OptionalClientRecord):
    """A question or complaint that somebody answers until it is solved. Its number is its id."""

    __tablename__ = "ticket"
    __table_args__ = (
        # the order of lists: open ones first, then the newest
        Index("ix_ticket_open_created_at_id", text("(solved_at IS NULL)"), "created_at", "id"),
        Index(
            "ix_ticket_client_id_open_created_at_id",
            "client_id", text("(solved_at IS NULL)"), "created_at", "id",
        ),
    )  # fmt: skip

    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(10), default="open")
    priority: Mapped[str] = mapped_column(String(10), default="normal")
    channel: Mapped[str] = mapped_column(String(10), default="email")
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id", ondelete="SET NULL"), index=True)
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"), index=True)
    #: Since when nothing is left to do; blank while it is open.
    solved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    contact: Mapped[Contact | None] = relationship(Contact)
    assignee: Mapped[User | None] = relationship(User, foreign_keys=[assignee_id])
    comments: Mapped[list[TicketComment]] = relationship(
        cascade="all, delete-orphan", order_by=TicketComment.id, back_populates="ticket"
    )

    @validates("status")
    def _set_solved_at(self, _key: str, status: str) -> str:
        if status not in DONE:
            self.solved_at = None
        elif self.solved_at is None:
            self.solved_at = utc_now()
        return status

    def before_save(self, session: Session) -> None:
        for name, known, words in (
            ("status", STATUSES, _("There is no such status.")),
            ("priority", PRIORITIES, _("There is no such priority.")),
            ("channel", CHANNELS, _("There is no such channel.")),
        ):
            if getattr(self, name) not in known:
                raise RuleError(words, field=name)
        check_contact(self)
        self._take_comments_along()

    def _take_comments_along(self) -> None:
        """Keep the comments at the ticket's client."""
        state = inspect(self)
        if not state.persistent or not has_changed(self, "client", "client_id"):
            return
        changed = changes_of(self, "client")
        for comment in self.comments:
            if changed.has_changes():
                comment.client = self.client
            else:
                comment.client_id = self.client_id

    @property
    def is_open(self) -> bool:
        return self.solved_at is None

    @property
    def first_response_at(self) -> datetime | None:
        """When somebody first answered the client."""
        answers = (c.created_at for c in self.comments if c.public and c.created_by_id is not None)
        return min(answers, default=None)

    @property
    def response_time(self) -> timedelta | None:
        """From the beginning to the first answer."""
        return self.first_response_at - self.created_at if self.first_response_at else None

    @property
    def resolve_time(self) -> timedelta | None:
        """From the beginning until nothing was left to do."""
        return self.solved_at - self.created_at if self.solved_at else None

    @classmethod
    def assigned_to(cls, user_id: Any) -> ColumnElement[bool]:
        """The tickets that user_id is to answer."""
        return cls.assignee_id == user_id

    def told_to(self, client_id: int) -> str:
        return f"#{self.id} {text_at(self, self.subject)}"

    def __str__(self) -> str:
        return title_at(self, self.subject, 200)
