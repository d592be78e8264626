from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    exists,
    false,
    func,
    or_,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, OptionalClientOwned, SharedRecord
from crm.models.types import SortKey

#: The owner of the entries of records that everybody sees.
EVERYBODY = 0


class SearchEntry(OptionalClientOwned, Base):
    """The words by which one row is found. SQLite keeps an FTS5 index beside it, PostgreSQL a GIN index."""

    __tablename__ = "search_entry"
    __table_args__ = (
        UniqueConstraint("table_name", "row_id"),
        Index(
            "ix_search_entry_words",
            func.array_to_tsvector(func.string_to_array(text("words"), text("' '"))),
            postgresql_using="gin",
        ).ddl_if(dialect="postgresql"),
        Index(
            "ix_search_entry_secret_words",
            func.array_to_tsvector(func.string_to_array(text("secret_words"), text("' '"))),
            postgresql_using="gin",
        ).ddl_if(dialect="postgresql"),
    )
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    table_name: Mapped[str] = mapped_column(String(60))
    row_id: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(SortKey)
    words: Mapped[str] = mapped_column(Text, default="")
    #: Words that only those find who may see sensitive data.
    secret_words: Mapped[str] = mapped_column(Text, default="")
    #: Who sees the entry of a record without a client: a user, or EVERYBODY.
    owner_id: Mapped[int | None]

    @classmethod
    def elsewhere(cls, seen: Callable[[Any], ColumnElement[bool]]) -> ColumnElement[bool]:
        """The entries of shared records that a further client has too."""
        either = []
        for model in SharedRecord.__subclasses__():
            table, owner = model.link_table()
            link, own = table.alias(), cls.table_name == model.__tablename__
            either.append(own & exists().where(link.c[owner] == cls.row_id, seen(link.c.client_id)))
        return or_(false(), *either)

    @classmethod
    def personal(cls, user_id: Any) -> ColumnElement[bool]:
        return and_(cls.client_id.is_(None), or_(cls.owner_id == user_id, cls.owner_id == EVERYBODY))
