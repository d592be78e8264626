from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.ext.orderinglist import ordering_list
from sqlalchemy.orm import Mapped, Session, deferred, mapped_column, relationship, validates

from crm.models.base import Base, ClientOwned, Record, changes_of, has_changed
from crm.models.external_id import ClientExternalId
from crm.models.folding import fold
from crm.models.identifiers import domain_of, e164, is_email, tax_id_key
from crm.models.links import linked
from crm.models.status import Status
from crm.models.tag import ClientTag
from crm.models.types import Exact, SortKey, UtcDateTime, utc_now

KINDS = ("person", "company")
ADDRESS_PARTS = ("street", "postal_code", "city", "region", "country")
LIVE = text("deleted_at IS NULL AND merged_into_id IS NULL")
MAX_STARS = 3
#: Stands for the name of a sensitive client that has none but its e-mail or phone, which are masked.
NAMELESS = "—"


class ClientAssignee(ClientOwned, Base):
    """One user who looks after a client; position 0 is the responsible one."""

    __tablename__ = "client_assignee"
    __table_args__ = (
        UniqueConstraint("client_id", "user_id"),
        Index("ix_client_assignee_user_id_client_id", "user_id", "client_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(default=0)

    user: Mapped[User] = relationship(User, lazy="joined")


def _live_index(*columns: str) -> Index:
    """An index of the clients that are neither in the trash nor merged away."""
    return Index("ix_client_" + "_".join(columns), *columns, sqlite_where=LIVE, postgresql_where=LIVE)


def _index_of_some(column: str) -> Index:
    """An index of the rows that have a value."""
    some = text(f"{column} IS NOT NULL")
    return Index(f"ix_client_{column}", column, sqlite_where=some, postgresql_where=some)


class Client(Record):
    """A person or a company we buy from or sell to: the object everything else is linked to.

    Archived clients are live, only kept out of default lists. Trashed (`deleted_at`) and merged
    (`merged_into_id`) ones vanish through visibility. Addresses are columns `billing_*`, `delivery_*`.
    """

    __tablename__ = "client"
    __table_args__ = (
        CheckConstraint("kind IN ('person', 'company')", name="kind"),
        CheckConstraint("stars BETWEEN 0 AND 3", name="stars"),
        # the orders of the list; those of the board come with all that its counts ask
        _live_index("name_key", "id"),
        _live_index("created_at", "id"),
        _live_index("last_activity_at", "id"),
        _live_index("stars", "name_key", "id"),
        _live_index("billing_country", "name_key", "id"),
        _live_index("status_id", "status_changed_at", "id", "archived_at"),
        # addresses are compared whatever their case
        Index("ix_client_email_lower", text("lower(email)")),
        # few are archived, trashed, merged: an index of all would mislead the planner about the many
        _index_of_some("archived_at"),
        _index_of_some("deleted_at"),
        _index_of_some("merged_into_id"),
    )  # fmt: skip

    kind: Mapped[str] = mapped_column(String(10), default="company")
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(SortKey)
    first_name: Mapped[str | None] = mapped_column(String(100))
    last_name: Mapped[str | None] = mapped_column(String(100))
    position: Mapped[str | None] = mapped_column(String(100))
    short_name: Mapped[str | None] = mapped_column(String(100))
    email: Mapped[str | None] = mapped_column(String(254), index=True)
    phone: Mapped[str | None] = mapped_column(String(60))
    phone_e164: Mapped[str | None] = mapped_column(String(20), index=True)
    mobile: Mapped[str | None] = mapped_column(String(60))
    mobile_e164: Mapped[str | None] = mapped_column(String(20), index=True)
    phone2: Mapped[str | None] = mapped_column(String(60))
    phone2_e164: Mapped[str | None] = mapped_column(String(20), index=True)
    website: Mapped[str | None] = mapped_column(String(300))
    domain: Mapped[str | None] = mapped_column(String(200), index=True)
    tax_id: Mapped[str | None] = mapped_column(String(40))
    tax_id_key: Mapped[str | None] = mapped_column(String(40), index=True)
    regon: Mapped[str | None] = mapped_column(String(20), index=True)
    pesel: Mapped[str | None] = mapped_column(String(20), index=True)
    peppol_id: Mapped[str | None] = mapped_column(String(60))
    language: Mapped[str | None] = mapped_column(String(10), index=True)

    status_id: Mapped[int | None] = mapped_column(ForeignKey("status.id"))
    status_changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    stars: Mapped[int] = mapped_column(default=0)
    is_buyer: Mapped[bool] = mapped_column(default=False)
    is_supplier: Mapped[bool] = mapped_column(default=False)
    is_workshop: Mapped[bool] = mapped_column(default=False)

    consent: Mapped[bool | None]
    consent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    consent_source: Mapped[str | None] = mapped_column(String(60))
    consent_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    notes: Mapped[str | None] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)

    billing_street: Mapped[str | None] = mapped_column(String(200))
    billing_postal_code: Mapped[str | None] = mapped_column(String(20))
    billing_city: Mapped[str | None] = mapped_column(String(100))
    billing_region: Mapped[str | None] = mapped_column(String(100))
    billing_country: Mapped[str | None] = mapped_column(String(2))
    use_delivery: Mapped[bool] = mapped_column(default=False)
    delivery_street: Mapped[str | None] = mapped_column(String(200))
    delivery_postal_code: Mapped[str | None] = mapped_column(String(20))
    delivery_city: Mapped[str | None] = mapped_column(String(100))
    delivery_region: Mapped[str | None] = mapped_column(String(100))
    delivery_country: Mapped[str | None] = mapped_column(String(2))

    bank: Mapped[str | None] = mapped_column(String(100))
    account_number: Mapped[str | None] = mapped_column(String(50))
    billing_amount: Mapped[Decimal | None] = mapped_column(Exact(2))
    billing_currency: Mapped[str | None] = mapped_column(String(3))
    payment_period: Mapped[int | None]
    discount: Mapped[Decimal | None] = mapped_column(Exact(2))

    sensitive: Mapped[bool] = mapped_column(default=False)
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"))
    last_activity_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)

    status: Mapped[Status | None] = relationship(Status, lazy="joined")
    tag_links: Mapped[list[ClientTag]] = relationship(cascade="all, delete-orphan", overlaps="client")
    tags = linked("tag_links", "tag", lambda tag: ClientTag(tag=tag))
    assignee_links: Mapped[list[ClientAssignee]] = relationship(
        cascade="all, delete-orphan",
        overlaps="client",
        order_by=[ClientAssignee.position, ClientAssignee.id],
        collection_class=ordering_list("position"),
    )
    assignees = linked("assignee_links", "user", lambda user: ClientAssignee(user=user))
    external_ids: Mapped[list[ClientExternalId]] = relationship(
        cascade="all, delete-orphan",
        overlaps="client",
        order_by=[ClientExternalId.alias, ClientExternalId.app_code, ClientExternalId.id],
    )

    @validates("name")
    def _set_name_key(self, _key: str, name: str | None) -> str | None:
        self.name_key = fold(name or "")[:200]
        return name

    @validates("status_id", "status")
    def _set_status_changed_at(self, key: str, value: Any) -> Any:
        if value != getattr(self, key):
            self.status_changed_at = utc_now()
        return value

    def before_save(self, session: Session) -> None:
        """Fill in what follows from other fields: name, normal forms of numbers, website, domain."""
        made = " ".join(filter(None, (self.first_name, self.last_name)))
        name = self.name
        if not (name or "").strip() or name == NAMELESS or (made and self._name_was_made()):
            name = made or self.email or self.phone or self.mobile
        if self.sensitive and self._gives_away(name):
            name = made or NAMELESS
        if name != self.name:
            self.name = name
        country = self.billing_country
        for number in ("phone", "mobile", "phone2"):
            setattr(self, f"{number}_e164", e164(getattr(self, number), country))
        self.tax_id_key = tax_id_key(self.tax_id, country)
        if self.website and "://" not in self.website:
            self.website = f"https://{self.website}"
        if not self.domain:
            self.domain = domain_of(self.website, self.email)

    def _gives_away(self, name: str | None) -> bool:
        """Whether a name is nothing but an e-mail address or a number, whether or not it is the client's own.

        Else one could find out by naming a client after a guess.
        """
        if not name:
            return False
        is_number = not any(c.isalpha() for c in name) and sum(c.isdigit() for c in name) > 2
        return is_number or is_email(name) or name in (self.phone, self.mobile, self.phone2)

    def _name_was_made(self) -> bool:
        """Whether a person's name was that of first and last name, of which one now changes."""
        if self.kind != "person" or has_changed(self, "name"):
            return False
        parts = [changes_of(self, name) for name in ("first_name", "last_name")]
        if not any(part.has_changes() for part in parts):
            return False
        before = [(part.deleted or part.unchanged or (None,))[0] for part in parts]
        return self.name == " ".join(filter(None, before))

    @property
    def history_client_id(self) -> int | None:
        return self.id

    @property
    def archived(self) -> bool:
        return self.archived_at is not None

    @property
    def alert(self) -> bool:
        """Whether it has been in its status for longer than the status allows."""
        days = self.status.alert_days if self.status and not (self.status.closed or self.archived) else None
        return days is not None and self.status_changed_at < utc_now() - timedelta(days=days)

    @property
    def responsible(self) -> User | None:
        """The first assignee."""
        return self.assignees[0] if self.assignees else None

    @property
    def external_id(self) -> str | None:
        """The external ID of the default app code."""
        return next((e.external_id for e in self.external_ids if not e.app_code and not e.alias), None)

    def address(self, which: str) -> dict[str, Any]:
        """The parts of the `billing` or `delivery` address by name."""
        return {part: getattr(self, f"{which}_{part}") for part in ADDRESS_PARTS}

    def __str__(self) -> str:
        return self.name


class ClientPhoto(ClientOwned, Base):
    """A client's photo or logo, re-encoded and small, so that it can stand in the database."""

    __tablename__ = "client_photo"
    __table_args__ = (UniqueConstraint("client_id"),)
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    content_type: Mapped[str] = mapped_column(String(40))
    digest: Mapped[str] = mapped_column(String(64))
    image: Mapped[bytes] = deferred(mapped_column(LargeBinary))
