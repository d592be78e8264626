import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    BigInteger,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Row,
    String,
    Text,
    UniqueConstraint,
    column,
    false,
    func,
    inspect,
    select,
)  # fmt: skip
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship, validates

from crm.errors import RuleError, StateConflict
from crm.models.base import Base, ClientOwned, Record, changes_of, has_changed
from crm.models.client import Client
from crm.models.company import Company
from crm.models.contact import Contact
from crm.models.folding import fold
from crm.models.types import Encrypted, Exact, SortKey, UtcDateTime

#: The type of a definition, and the column of AttributeValue that holds its values while they are not sensitive.
VALUE_COLUMNS = {
    "text": "text",
    "long_text": "text",
    "number": "number",
    "integer": "integer",
    "money": "number",
    "date": "day",
    "date_time": "moment",
    "yes_no": "yes",
    "word": "option_id",
    "words": "option_id",
    "link": "text",
}
#: The types in the words of the product.
TYPE_NAMES = {
    "text": _l("Text"),
    "long_text": _l("Long text"),
    "number": _l("Decimal number"),
    "integer": _l("Whole number"),
    "money": _l("Money"),
    "date": _l("Date"),
    "date_time": _l("Date and time"),
    "yes_no": _l("Yes or no"),
    "word": _l("Word from a list"),
    "words": _l("Words from a list"),
    "link": _l("Link"),
}

#: What has attributes, by the name of its table, which is what `AttributeDefinition.applies_to` holds.
OWNERS: dict[str, type[Client] | type[Contact]] = {"client": Client, "contact": Contact}
#: The columns of AttributeValue that name the owner, by what it is.
OWNER_COLUMNS = {"client": "client_id", "contact": "contact_id"}
#: Of the values those that are a client's own.
OF_CLIENT = column("contact_id", Integer).is_(None)
Owner = Client | Contact

KEY = re.compile(r"[a-z][a-z0-9_]{0,59}")
#: So many letters of a text are sorted by; as many as a SortKey holds.
KEY_LENGTH = 200
CURRENCY = re.compile(r"[A-Z]{3}")
#: In the API attributes stand beside the owner's fields, so no key may be the name of one. The columns are
#: none either; these are the fields with a name of their own.
FIELDS = {
    "client": frozenset(
        {
            "status",
            "tags",
            "assignees",
            "billing",
            "delivery",
            "currency",
            "archived",
            "external_id",
            "app_code",
        }
    ),
    "contact": frozenset({"client", "tags", "external_id", "app_code"}),
}


def is_free_key(key: str, applies_to: str) -> bool:
    """Whether a key is not the name of one of the owner's own fields."""
    return key not in FIELDS[applies_to] and key not in OWNERS[applies_to].__table__.c


class AttributeDefinition(Record):
    """A custom field that an admin defined for clients, or for contacts."""

    __tablename__ = "attribute_definition"
    __table_args__ = (UniqueConstraint("applies_to", "key"),)

    label: Mapped[str] = mapped_column(String(100))
    key: Mapped[str] = mapped_column(String(60))
    applies_to: Mapped[str] = mapped_column(String(20), default="client", server_default="client")
    type: Mapped[str] = mapped_column(String(20))
    help_text: Mapped[str | None] = mapped_column(String(300))
    group: Mapped[str | None] = mapped_column(String(60))
    position: Mapped[int] = mapped_column(default=0)
    required: Mapped[bool] = mapped_column(default=False)
    default: Mapped[str | None] = mapped_column(String(200))
    in_list: Mapped[bool] = mapped_column(default=False)
    #: Its values are encrypted, in history too, and masked for who may not see them.
    sensitive: Mapped[bool] = mapped_column(default=False, server_default=false())
    active: Mapped[bool] = mapped_column(default=True)
    #: Of money: the ISO 4217 code of all its values.
    currency: Mapped[str | None] = mapped_column(String(3))

    #: The type to which all values have been converted, set by who did; without it the type of values stays.
    converted_to = None

    options: Mapped[list["AttributeOption"]] = relationship(
        order_by="AttributeOption.position, AttributeOption.id", cascade="all, delete-orphan"
    )

    def before_save(self, session: Session) -> None:
        """Make the key of the label, put new ones last, and let no change of type lose a value."""
        if self.applies_to not in OWNERS:
            raise RuleError(_("There is no such choice."), field="applies_to")
        if not self.key:
            self.key = self._free_key(session)
        if not KEY.fullmatch(self.key):
            raise RuleError(_("A key is made of a-z, 0-9 and _, and begins with a letter."), field="key")
        if not is_free_key(self.key, self.applies_to):
            whose = _("Contacts") if self.applies_to == "contact" else _("Clients")
            raise RuleError(_("%(whose)s have a field of this name already.", whose=whose), field="key")
        if self.type not in VALUE_COLUMNS:
            raise RuleError(_("There is no such type."), field="type")
        if self.sensitive and self.default:
            raise RuleError(_("A sensitive attribute has no default."), field="default")
        self._set_currency(session)
        if not inspect(self).persistent:
            newest = session.scalar(select(func.max(AttributeDefinition.position)))
            self.position = self.position or (0 if newest is None else newest + 1)
        elif has_changed(self, "key"):
            raise RuleError(_("A key never changes."), field="key")
        elif has_changed(self, "applies_to"):
            raise RuleError(_("What an attribute applies to never changes."), field="applies_to")
        elif self._is_unconverted() and self._has_values(session):
            raise RuleError(_("It has values of the old type."), field="type")

    def _set_currency(self, session: Session) -> None:
        """Amounts have the company's currency unless another is given; one that has values keeps its own."""
        if self.type != "money":
            self.currency = None
        elif not self.currency:
            self.currency = session.scalars(select(Company.default_currency)).first() or "EUR"
        elif not CURRENCY.fullmatch(self.currency):
            raise RuleError(_("There is no such currency."), field="currency")
        before = changes_of(self, "currency").deleted
        if before and before[0] and self.currency and self._has_values(session):
            message = _(
                "It has amounts in %(currency)s, which would mean something else.", currency=before[0]
            )
            raise RuleError(message, field="currency")

    def _has_values(self, session: Session) -> bool:
        values = AttributeValue.__table__
        asked = select(values.c.id).where(values.c.definition_id == self.id).limit(1)
        return session.connection().scalar(asked) is not None

    def _free_key(self, session: Session) -> str:
        made = re.sub(r"[^a-z0-9]+", "_", fold(self.label or "")).strip("_")[:50]
        made = made if made[:1].isalpha() else f"field_{made}".rstrip("_")
        keys = select(AttributeDefinition.key).where(AttributeDefinition.applies_to == self.applies_to)
        taken = set(session.scalars(keys))
        choices = (made if n == 1 else f"{made}_{n}" for n in range(1, len(taken) + 3))
        return next(key for key in choices if key not in taken and is_free_key(key, self.applies_to))

    @classmethod
    def before_undo(cls, connection: Connection, changes: list[Row[Any]]) -> None:
        """A type goes back with the values of its change, or not at all; so does what was deleted."""
        for change in changes:
            if change.action == "delete" and cls._is_key_taken(connection, change):
                raise StateConflict(
                    _("There is another attribute with this key by now. Delete that one first.")
                )
            if change.action == "update" and "type" in change.after:
                row = select(cls.__table__.c.type).where(cls.__table__.c.id == change.row_id)
                if connection.scalar(row) != change.after["type"]:
                    raise StateConflict(
                        _("The type was changed again since, or the attribute deleted. Undo that first.")
                    )

    @classmethod
    def _is_key_taken(cls, connection: Connection, change: Row[Any]) -> bool:
        """Whether another attribute has the key of one that was deleted."""
        rows = cls.__table__.c
        same = (rows.key == change.before["key"]) & (rows.applies_to == change.before["applies_to"])
        return connection.scalar(select(rows.id).where(same, rows.id != change.row_id)) is not None

    def _is_unconverted(self) -> bool:
        return has_changed(self, "type") and self.converted_to != self.type

    def __str__(self) -> str:
        return self.label


class AttributeOption(Base):
    """One word of a definition's list. Values point here, so that renaming it keeps them."""

    __tablename__ = "attribute_option"
    __table_args__ = (UniqueConstraint("definition_id", "label"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    definition_id: Mapped[int] = mapped_column(ForeignKey("attribute_definition.id"))
    label: Mapped[str] = mapped_column(String(100))
    position: Mapped[int] = mapped_column(default=0)

    def __str__(self) -> str:
        return self.label


def text_keys(text: str | None) -> dict[str, str | None]:
    """The columns by which a text is found and sorted: its letters folded, of long ones the beginning and the whole."""
    folded = fold(text or "")
    return {
        "text_key": folded[:KEY_LENGTH] if text else None,
        "text_more": folded if len(folded) > KEY_LENGTH else None,
    }


def _value_index(name: str, column_name: str = "") -> Index:
    """The index that finds and sorts the values of one column; a row has a value in one of them."""
    there = column(column_name or name).is_not(None)
    return Index(f"ix_attribute_value_{name}", "definition_id", column_name or name, "client_id", "contact_id",
                 sqlite_where=there, postgresql_where=there)  # fmt: skip


class AttributeValue(ClientOwned, Base):
    """One value of one definition for one client or contact; for type `words` one row per chosen option.

    Of a contact's value the client is the contact's, which it follows.
    """

    __tablename__ = "attribute_value"
    __table_args__ = (
        Index("uq_attribute_value_client_id_definition_id_slot", "client_id", "definition_id", "slot",
              unique=True, sqlite_where=OF_CLIENT, postgresql_where=OF_CLIENT),
        Index("uq_attribute_value_contact_id_definition_id_slot", "contact_id", "definition_id", "slot",
              unique=True, sqlite_where=~OF_CLIENT, postgresql_where=~OF_CLIENT),
        Index("ix_attribute_value_owner", "definition_id", "client_id", "contact_id"),
        _value_index("option", "option_id"),
        *(_value_index(name) for name in ("number", "integer", "day", "moment", "yes", "match_key", "text_key")),
        Index("ix_attribute_value_text_more", "definition_id",
              sqlite_where=column("text_more").is_not(None), postgresql_where=column("text_more").is_not(None)),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    definition_id: Mapped[int] = mapped_column(ForeignKey("attribute_definition.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    #: 0, or for type `words` the option's id (sealed: a number that tells it to nobody): so an owner has each word
    #: once and other values once.
    slot: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), default=0)
    text: Mapped[str | None] = mapped_column(Text)
    #: See `text_keys`.
    text_key: Mapped[str | None] = mapped_column(SortKey)
    text_more: Mapped[str | None] = mapped_column(Text)
    number: Mapped[Decimal | None] = mapped_column(Exact(6))
    integer: Mapped[int | None]
    day: Mapped[date | None]
    moment: Mapped[datetime | None] = mapped_column(UtcDateTime)
    yes: Mapped[bool | None]
    option_id: Mapped[int | None] = mapped_column(ForeignKey("attribute_option.id"), index=True)
    #: Of a sensitive attribute the value, whatever its type, and what equal values are found by; the other
    #: columns are blank then. See `crm.models.sealed_values`.
    secret: Mapped[str | None] = mapped_column(Encrypted)
    match_key: Mapped[str | None] = mapped_column(String(64))

    definition: Mapped[AttributeDefinition] = relationship()
    contact: Mapped[Contact | None] = relationship(back_populates="attribute_values")
    option: Mapped[AttributeOption | None] = relationship()

    @validates("text")
    def _set_text_keys(self, _key: str, text: str | None) -> str | None:
        for name, value in text_keys(text).items():
            setattr(self, name, value)
        return text
