from datetime import date
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.models.base import Base, ClientOwned, Record
from crm.models.types import Exact

#: The type of a definition, and the column of AttributeValue that holds its values.
VALUE_COLUMNS = {
    "text": "text",
    "long_text": "text",
    "number": "number",
    "integer": "integer",
    "date": "day",
    "yes_no": "yes",
    "word": "option_id",
    "words": "option_id",
}


class AttributeDefinition(Record):
    """A custom field that an admin defined for clients."""

    __tablename__ = "attribute_definition"

    label: Mapped[str] = mapped_column(String(100))
    key: Mapped[str] = mapped_column(String(60), unique=True)
    type: Mapped[str] = mapped_column(String(20))
    help_text: Mapped[str | None] = mapped_column(String(300))
    group: Mapped[str | None] = mapped_column(String(60))
    position: Mapped[int] = mapped_column(default=0)
    required: Mapped[bool] = mapped_column(default=False)
    default: Mapped[str | None] = mapped_column(String(200))
    in_list: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)

    options: Mapped[list["AttributeOption"]] = relationship(
        order_by="AttributeOption.position, AttributeOption.id", cascade="all, delete-orphan"
    )

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


class AttributeValue(ClientOwned, Base):
    """One value of one definition for one client; for type `words` one row per chosen option."""

    __tablename__ = "attribute_value"
    __table_args__ = (
        UniqueConstraint("client_id", "definition_id", "slot"),
        Index("ix_attribute_value_option", "definition_id", "option_id", "client_id"),
        Index("ix_attribute_value_number", "definition_id", "number", "client_id"),
        Index("ix_attribute_value_integer", "definition_id", "integer", "client_id"),
        Index("ix_attribute_value_day", "definition_id", "day", "client_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    definition_id: Mapped[int] = mapped_column(ForeignKey("attribute_definition.id"))
    #: 0, or for type `words` the option's id: so a client has each word once and other values once.
    slot: Mapped[int] = mapped_column(default=0)
    text: Mapped[str | None] = mapped_column(Text)
    number: Mapped[Decimal | None] = mapped_column(Exact(6))
    integer: Mapped[int | None]
    day: Mapped[date | None]
    yes: Mapped[bool | None]
    option_id: Mapped[int | None] = mapped_column(ForeignKey("attribute_option.id"), index=True)

    definition: Mapped[AttributeDefinition] = relationship()
    option: Mapped[AttributeOption | None] = relationship()
