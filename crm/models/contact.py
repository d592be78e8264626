from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import Index, String, Text, inspect, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship, validates

from crm.errors import RuleError
from crm.models.base import ClientRecord, changes_of, has_changed
from crm.models.external_id import ContactExternalId
from crm.models.folding import fold
from crm.models.identifiers import e164, is_email
from crm.models.links import linked
from crm.models.sensitive import is_at_sensitive_client
from crm.models.tag import ContactTag
from crm.models.types import SortKey, utc_now

if TYPE_CHECKING:
    from crm.models.attribute import AttributeValue

#: Collections of rows that belong to a contact and name its client.
PARTS = ("tag_links", "external_ids", "attribute_values")


class Contact(ClientRecord):
    """A person at a client. Exactly one of a client's contacts is primary while there is any."""

    __tablename__ = "contact"
    __table_args__ = (
        Index("uq_contact_primary", "client_id", unique=True,
              sqlite_where=text("is_primary"), postgresql_where=text("is_primary")),
        Index("ix_contact_client_id_is_primary_id", "client_id", "is_primary", "id"),
        Index("ix_contact_name_key_id", "name_key", "id"),
        # addresses are compared whatever their case
        Index("ix_contact_email_lower", text("lower(email)")),
    )  # fmt: skip

    first_name: Mapped[str | None] = mapped_column(String(100))
    last_name: Mapped[str | None] = mapped_column(String(100))
    name_key: Mapped[str] = mapped_column(SortKey, default="")
    position: Mapped[str | None] = mapped_column(String(100))
    email: Mapped[str | None] = mapped_column(String(254), index=True)
    phone: Mapped[str | None] = mapped_column(String(60))
    phone_e164: Mapped[str | None] = mapped_column(String(20), index=True)
    mobile: Mapped[str | None] = mapped_column(String(60))
    mobile_e164: Mapped[str | None] = mapped_column(String(20), index=True)
    street: Mapped[str | None] = mapped_column(String(200))
    postal_code: Mapped[str | None] = mapped_column(String(20))
    city: Mapped[str | None] = mapped_column(String(100))
    region: Mapped[str | None] = mapped_column(String(100))
    country: Mapped[str | None] = mapped_column(String(2))
    website: Mapped[str | None] = mapped_column(String(300))
    description: Mapped[str | None] = mapped_column(Text)
    is_primary: Mapped[bool] = mapped_column(default=False)

    tag_links: Mapped[list[ContactTag]] = relationship(cascade="all, delete-orphan")
    tags = linked("tag_links", "tag", lambda tag: ContactTag(tag=tag))
    external_ids: Mapped[list[ContactExternalId]] = relationship(
        cascade="all, delete-orphan",
        order_by=[ContactExternalId.alias, ContactExternalId.app_code, ContactExternalId.id],
    )
    attribute_values: Mapped[list["AttributeValue"]] = relationship(
        cascade="all, delete-orphan", back_populates="contact"
    )

    @validates("first_name", "last_name")
    def _set_name_key(self, key: str, value: str | None) -> str | None:
        names: dict[str, Any] = {"first_name": self.first_name, "last_name": self.last_name, key: value}
        self.name_key = fold(f"{names['last_name'] or ''} {names['first_name'] or ''}")[:200]
        return value

    def before_save(self, session: Session) -> None:
        """Normalise the phones and the website. Which contact is primary is `crm.services.contacts.primary`' to say."""
        if not any((self.first_name, self.last_name, self.email, self.phone, self.mobile)):
            raise RuleError(_("Give the contact a name, an e-mail or a phone."), field="first_name")
        if self.email and has_changed(self, "email") and not is_email(self.email):
            raise RuleError(_("This is not an e-mail address."), field="email")
        self.phone_e164 = e164(self.phone, self.country)
        self.mobile_e164 = e164(self.mobile, self.country)
        if self.website and "://" not in self.website:
            self.website = f"https://{self.website}"
        self._take_parts_along()

    def _take_parts_along(self) -> None:
        """Keep what belongs to the contact at its client, and count a change of it as one of the contact."""
        moves = has_changed(self, "client", "client_id")
        changed = {name for name in PARTS if has_changed(self, name)}
        client = next(iter(changes_of(self, "client").added or ()), None)
        for name in PARTS if moves else changed:
            for part in getattr(self, name):
                if client is not None:
                    part.client = client
                elif part.client_id != self.client_id:
                    part.client_id = self.client_id
        if changed and inspect(self).persistent:
            self.changed_at = utc_now()

    @property
    def name(self) -> str:
        """First and last name; without them what else tells who it is, unless that is hidden from most."""
        names = " ".join(filter(None, (self.first_name, self.last_name)))
        if names or is_at_sensitive_client(self):
            return names or "—"
        return self.email or self.phone or self.mobile or "—"

    @property
    def external_id(self) -> str | None:
        """The external ID of the default app code."""
        return self.external_id_of("")

    def external_id_of(self, app_code: str) -> str | None:
        """The external ID of one app code."""
        mine = (e.external_id for e in self.external_ids if e.app_code == app_code and not e.alias)
        return next(mine, None)

    @property
    def has_address(self) -> bool:
        """Whether it has an address of its own; otherwise its client's is meant."""
        return any((self.street, self.postal_code, self.city, self.region, self.country))

    def __str__(self) -> str:
        return self.name


def check_contact(item: Any) -> None:
    """Refuse a contact of another client for a record with both; one that has moved since it was chosen stays."""
    names = ("contact", "contact_id", "client", "client_id")
    if not item.contact or not has_changed(item, *names):
        return
    # a client chosen just now is known before its id is
    if item.contact.client_id != (item.client.id if item.client else item.client_id):
        raise RuleError(_("This contact is at another client."), field="contact")
