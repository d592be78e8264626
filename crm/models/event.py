from datetime import UTC, datetime, timedelta
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import get_timezone
from flask_babel import gettext as _
from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    bindparam,
    case,
    exists,
)  # fmt: skip
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from crm.errors import RuleError
from crm.models.base import Base, OptionalClientRecord
from crm.models.contact import Contact
from crm.models.links import linked
from crm.models.types import UtcDateTime, utc_now

#: From the beginning of a day into the next, also on a day of 25 hours.
DAY_AND_A_BIT = timedelta(hours=26)


class EventAttendee(Base):
    """One user who takes part in an event."""

    __tablename__ = "event_attendee"
    __table_args__ = (UniqueConstraint("event_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), index=True)

    user: Mapped[User] = relationship(User, lazy="joined")
    event: Mapped["Event"] = relationship(back_populates="attendee_links")

    @property
    def history_client_id(self) -> int | None:
        return self.event.client_id if self.event else None


class EventContact(Base):
    """One contact who takes part in an event."""

    __tablename__ = "event_contact"
    __table_args__ = (UniqueConstraint("event_id", "contact_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"), index=True)

    contact: Mapped[Contact] = relationship(Contact, lazy="joined")
    event: Mapped["Event"] = relationship(back_populates="contact_links")

    @property
    def history_client_id(self) -> int | None:
        return self.event.client_id if self.event else None


class Event(OptionalClientRecord):
    """Something that takes place at a time, with people. Of one that takes whole days, start is the midnight
    that begins the first day, and end the one that begins the last, in the CRM's time zone."""

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_start_id", "start", "id"),
        Index("ix_event_client_id_over_at_id", "client_id", "over_at", "id"),
    )

    title: Mapped[str] = mapped_column(String(200))
    all_day: Mapped[bool] = mapped_column(default=False)
    start: Mapped[datetime] = mapped_column(UtcDateTime)
    end: Mapped[datetime] = mapped_column(UtcDateTime)
    #: Its end, or that of its last day.
    over_at: Mapped[datetime] = mapped_column(UtcDateTime)
    location: Mapped[str | None] = mapped_column(String(200))
    reminder: Mapped[datetime | None] = mapped_column(UtcDateTime)
    description: Mapped[str | None] = mapped_column(Text)

    attendee_links: Mapped[list[EventAttendee]] = relationship(
        cascade="all, delete-orphan", order_by=EventAttendee.id, back_populates="event"
    )
    attendees = linked("attendee_links", "user", lambda user: EventAttendee(user=user))
    contact_links: Mapped[list[EventContact]] = relationship(
        cascade="all, delete-orphan", order_by=EventContact.id, back_populates="event"
    )
    contacts = linked("contact_links", "contact", lambda contact: EventContact(contact=contact))

    def before_save(self, session: Session) -> None:
        if self.start is None:
            return
        if self.all_day:
            self.start = midnight(self.start)
            self.end = midnight(self.end) if self.end else self.start
        elif self.end is None:
            self.end = self.start + timedelta(hours=1)
        if self.end < self.start:
            raise RuleError(_("The end is before the start."), field="end")
        self.over_at = midnight(self.end + DAY_AND_A_BIT) if self.all_day else self.end

    @classmethod
    def assigned_to(cls, user_id: Any) -> ColumnElement[bool]:
        """The events in which user_id takes part."""
        links = EventAttendee.__table__
        return exists().where(links.c.event_id == cls.id, links.c.user_id == user_id)

    @property
    def is_past(self) -> bool:
        return self.over_at < utc_now()

    def __str__(self) -> str:
        return self.title


def midnight(moment: datetime) -> datetime:
    """The beginning of the day of a moment, in the CRM's time zone."""
    zone = get_timezone()
    day = moment.astimezone(zone)
    return zone.localize(datetime(day.year, day.month, day.day)).astimezone(UTC)


_now = bindparam("now_for_events", callable_=utc_now, type_=UtcDateTime)

#: What comes first, the next one to end on top; below it what is over, the last one on top.
UPCOMING_FIRST = (
    case((Event.over_at < _now, 1), else_=0),
    case((Event.over_at < _now, None), else_=Event.over_at),
    Event.over_at.desc(),
    Event.id.desc(),
)
#: The same in two portions, each of which an index has in its order.
UPCOMING_AND_PAST = (
    (Event.over_at >= _now, (Event.over_at, Event.id)),
    (Event.over_at < _now, (Event.over_at.desc(), Event.id.desc())),
)
