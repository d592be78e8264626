"""What the CRM knows of the Mailchimp audience, and what it wants there."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, ClientOwned
from crm.models.client import Client
from crm.models.types import Json, UtcDateTime, utc_now

#: Statuses of an address that gets mail, or will once it confirms.
ACTIVE = ("subscribed", "pending")
OPTED_OUT, CLEANED, FORGOTTEN = "unsubscribed", "cleaned", "forgotten"
CRM_OPTOUT, INVALID = "crm_optout", "invalid"
OPEN, ACCEPTED, REJECTED = "open", "accepted", "rejected"

#: Of a member that is nobody's any more only its mark is left.
NAMELESS = {
    "email": "", "fields": {}, "read_fields": {}, "sent_fields": {}, "sent_tags": "", "last_error": None,
    "sent_for_id": None,
}  # fmt: skip


class MailchimpAudience(Base):
    """The audience that the rows below describe, and how far it has been read."""

    __tablename__ = "mailchimp_audience"
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    audience: Mapped[str] = mapped_column(String(40), unique=True)
    #: The service's own clock when the last complete reading began.
    read_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    read_whole_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    member_count: Mapped[int] = mapped_column(default=0)
    double_optin: Mapped[bool] = mapped_column(default=False)


class MailchimpMember(Base):
    """One address of the audience as last seen there. The client is the one whose data was sent last.

    It does not belong to that client: purged clients leave it behind, so that the next sync takes it off.
    """

    __tablename__ = "mailchimp_member"
    __table_args__ = (
        UniqueConstraint("hash"),
        Index("ix_mailchimp_member_pending", "pending"),
        Index("ix_mailchimp_member_identity", "identity"),
    )
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"), index=True)
    hash: Mapped[str] = mapped_column(String(32))
    #: Blank for one who left, or whose client was purged, and who is no client's: the hash is enough.
    email: Mapped[str] = mapped_column(String(254))
    #: None while the address is only about to be added.
    status: Mapped[str | None] = mapped_column(String(20))
    #: Mailchimp's name for the contact, which outlives a change of address.
    identity: Mapped[str | None] = mapped_column(String(64))
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    opted_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The merge fields there, as last taken account of; None for a member never looked at.
    fields: Mapped[dict[str, Any] | None] = mapped_column(Json)
    #: The merge fields there, as last read.
    read_fields: Mapped[dict[str, Any] | None] = mapped_column(Json)
    #: Read, but what follows from it for clients is still to be done.
    pending: Mapped[bool] = mapped_column(default=False)
    #: The hash that the contact had before the person changed their address there.
    moved_from: Mapped[str | None] = mapped_column(String(32))
    #: The complete reading that saw the member last.
    read_in_run: Mapped[int | None]

    #: The CRM added the member, so the CRM may archive it.
    managed: Mapped[bool] = mapped_column(default=False)
    #: When the CRM set out to add the address; kept until the audience shows it.
    adding_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    archived_by_us_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The client for which it was sent, also after that client was merged into another.
    sent_for_id: Mapped[int | None]
    payload_hash: Mapped[str | None] = mapped_column(String(32))
    sent_fields: Mapped[dict[str, Any] | None] = mapped_column(Json)
    sent_tags: Mapped[str] = mapped_column(Text, default="")
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(String(300))

    @classmethod
    def before_purge(cls, connection: Connection, client_ids: Iterable[int]) -> None:
        """A no that no sync has carried over outlives the client: the next sync unsubscribes the address.

        Of members that are nobody else's only the mark stays by which that sync finds them.
        """
        no = select(Client.id).where(Client.id.in_(client_ids), Client.consent.is_(False))
        theirs = select(MailchimpWanted.hash).where(MailchimpWanted.client_id.in_(no))
        out = EmailSuppression.__table__
        left = select(cls.hash, literal(CRM_OPTOUT), literal("CRM"), literal(utc_now(), UtcDateTime)).where(
            or_(cls.client_id.in_(no), cls.hash.in_(theirs)),
            cls.status.in_(ACTIVE),
            ~exists().where(out.c.hash == cls.hash),
        )
        connection.execute(insert(out).from_select(["hash", "reason", "source", "since"], left))
        wanted = MailchimpWanted.__table__
        mine = select(wanted.c.hash).where(wanted.c.client_id.in_(client_ids))
        emails = select(func.lower(func.trim(Client.email))).where(Client.id.in_(client_ids))
        known_as = or_(
            cls.client_id.in_(client_ids),
            cls.sent_for_id.in_(client_ids),
            cls.hash.in_(mine),
            func.lower(cls.email).in_(emails),
        )
        others = exists().where(wanted.c.hash == cls.hash, wanted.c.client_id.not_in(client_ids))
        connection.execute(update(cls.__table__).where(known_as, ~others).values(NAMELESS))
        connection.execute(delete(wanted).where(wanted.c.client_id.in_(client_ids)))


class EmailSuppression(Base):
    """An address that must not be subscribed again. Kept by its hash, so that it outlives the client."""

    __tablename__ = "email_suppression"
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(String(32), unique=True)
    reason: Mapped[str] = mapped_column(String(20))
    since: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    source: Mapped[str] = mapped_column(String(20))


class MailchimpWanted(Base):
    """Derived anew by each run: what the audience should know of one client, or why it should not.

    client_id is a plain number, because the row lives no longer than until the next run.
    """

    __tablename__ = "mailchimp_wanted"
    __table_args__ = (UniqueConstraint("client_id"), Index("ix_mailchimp_wanted_hash_id", "hash", "id"))
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int]
    hash: Mapped[str] = mapped_column(String(32))
    email: Mapped[str] = mapped_column(String(254))
    consent: Mapped[bool | None]
    #: Neither archived nor in the trash.
    in_use: Mapped[bool]
    fields: Mapped[dict[str, Any]] = mapped_column(Json)
    tags: Mapped[str] = mapped_column(Text, default="")
    payload_hash: Mapped[str] = mapped_column(String(32))
    #: Why the address is not sent; None where it is.
    reason: Mapped[str | None] = mapped_column(String(20))


class MailchimpFinding(Base):
    """What a run found out about one row, so that no page has to compare a whole audience with all clients.

    row_id: of `mailchimp_wanted` where something is to be sent, else of `mailchimp_member`.
    """

    __tablename__ = "mailchimp_finding"
    __history__ = False

    what: Mapped[str] = mapped_column(String(12), primary_key=True)
    row_id: Mapped[int] = mapped_column(primary_key=True)


class MailchimpNews(Base):
    """An address that Mailchimp told something about, until its member has been read again."""

    __tablename__ = "mailchimp_news"
    __history__ = False

    hash: Mapped[str] = mapped_column(String(32), primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)


class MailchimpProposal(ClientOwned, Base):
    """A change that somebody made to their own data in Mailchimp, until a person decides about it."""

    __tablename__ = "mailchimp_proposal"
    __table_args__ = (Index("ix_mailchimp_proposal_state_id", "state", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(String(32))
    field: Mapped[str] = mapped_column(String(20))
    value: Mapped[str] = mapped_column(String(255))
    state: Mapped[str] = mapped_column(String(10), default=OPEN)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by_id: Mapped[int | None]
