"""What every record has, and the ways a row can belong to clients."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask_appbuilder import Model
from sqlalchemy import (
    ColumnElement,
    Connection,
    ForeignKey,
    Row,
    Table,
    and_,
    event,
    exists,
    false,
    inspect,
    or_,
)
from sqlalchemy.orm import Mapped, Mapper, PassiveFlag, Session, declared_attr, mapped_column, relationship
from sqlalchemy.orm.attributes import History, get_history

from crm.models.types import UtcDateTime, utc_now

if TYPE_CHECKING:
    from crm.models.client import Client


#: The relationship by which a record belongs to further clients.
CLIENT_LINKS = "other_client_links"


def changes_of(item: Any, name: str) -> History:
    """What was done to an attribute since the last flush; nothing is loaded for it."""
    return get_history(item, name, PassiveFlag.PASSIVE_NO_INITIALIZE)


def touched(item: Any) -> set[str]:
    """The attributes of a row that were set since it was read, if only to what they were. Quick: asks no history."""
    return set(inspect(item).committed_state)


def has_changed(item: Any, *names: str) -> bool:
    """Whether one of these attributes is something else than at the last flush."""
    return any(changes_of(item, name).has_changes() for name in names)


def is_changed(item: Any) -> bool:
    """Whether anything of a row is something else than at the last flush."""
    return has_changed(item, *touched(item))


class Base(Model):
    """The root of our tables. Two classes with one table name are an error, not one table."""

    __abstract__ = True
    __table_args__: Any = {}

    #: False for tables whose writes are not part of history (logs, derived tables, state of services).
    __history__ = True

    def before_save(self, session: Session) -> None:
        """Put the row right and check it, before each flush that adds or changes it. May raise RuleError."""

    def before_delete(self, session: Session) -> None:
        """May raise RuleError where the row is to stay."""

    @classmethod
    def before_undo(cls, connection: Connection, changes: list[Row[Any]]) -> None:
        """Look at what an operation that is to be taken back did to rows of this table.

        changes: row_id, action, before and after of each, but for rows that only went to another client. May raise
        StateConflict; then nothing of the operation is taken back.
        """

    @classmethod
    def before_purge(cls, connection: Connection, client_ids: Iterable[int]) -> None:
        """May raise StateConflict where these clients have rows that are kept for good."""

    @property
    def history_client_id(self) -> int | None:
        """The client in whose history a change of this row stands."""
        return getattr(self, "client_id", None)

    @property
    def whole(self) -> "Record | None":
        """The record that this row is a part of: a change of the row is one of the record too."""
        return None


@event.listens_for(Mapper, "after_mapper_constructed")
def _never_reuse_numbers(mapper: Mapper[Any], model: type) -> None:
    """On SQLite too a number stands for one row for ever: history and addresses name rows by it."""
    table = mapper.local_table
    if issubclass(model, Base) and isinstance(table, Table) and "id" in table.c:
        table.dialect_options["sqlite"]["autoincrement"] = True


@event.listens_for(Mapper, "mapper_configured")
def _remember_old_values(mapper: Mapper[Any], model: type) -> None:
    """Load a column's old value before it is overwritten, so that history knows it."""
    if issubclass(model, Base) and model.__history__:
        for prop in mapper.column_attrs:
            mapper.class_manager[prop.key].impl.active_history = True


class Record(Base):
    """A row that people edit: it knows who made and changed it, and which version it is."""

    __abstract__ = True

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, onupdate=utc_now)
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    version: Mapped[int] = mapped_column(default=1)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.__table__.c.version if "__table__" in cls.__dict__ else cls.version}

    def belongs_to(self, user_id: int) -> bool:
        """Whether this user may change it where only its own people may."""
        return self.created_by_id == user_id

    def told_to(self, client_id: int) -> str:
        """What stands about this record on the timeline of one of its clients."""
        return str(self)

    def __repr__(self) -> str:
        return str(self)


class ClientOwned:
    """Belongs to one client and is seen by whoever sees that client."""

    @declared_attr
    def client_id(cls) -> Mapped[int]:
        return mapped_column(ForeignKey("client.id"), index=True)

    @declared_attr
    def client(cls) -> Mapped["Client"]:
        return relationship("Client", foreign_keys=[cls.client_id])


class OptionalClientOwned:
    """Belongs to a client or to nobody; whoever `personal` names sees it either way."""

    @declared_attr
    def client_id(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey("client.id"), index=True)

    @declared_attr
    def client(cls) -> Mapped["Client | None"]:
        return relationship("Client", foreign_keys=[cls.client_id])

    @classmethod
    def personal(cls, user_id: Any) -> ColumnElement[bool]:
        """The rows that user_id sees whatever the client."""
        return false()

    @classmethod
    def elsewhere(cls, seen: Callable[[Any], ColumnElement[bool]]) -> ColumnElement[bool]:
        """The rows that belong to a further client too, one for which the condition `seen` holds."""
        return false()


class BetweenClients:
    """Lies between two clients and is seen by whoever sees both."""

    @declared_attr
    def client_id(cls) -> Mapped[int]:
        return mapped_column(ForeignKey("client.id"), index=True)

    @declared_attr
    def other_id(cls) -> Mapped[int]:
        return mapped_column(ForeignKey("client.id"), index=True)

    @declared_attr
    def client(cls) -> Mapped["Client"]:
        return relationship("Client", foreign_keys=[cls.client_id])

    @declared_attr
    def other(cls) -> Mapped["Client"]:
        return relationship("Client", foreign_keys=[cls.other_id])


class SeenByAll:
    """Points at a client or at none and is seen by everybody, but for what `follows_client` of its declaration
    names: that is seen by whoever sees the client."""

    @declared_attr
    def client_id(cls) -> Mapped[int | None]:
        return mapped_column(ForeignKey("client.id"), index=True)

    @declared_attr
    def client(cls) -> Mapped["Client | None"]:
        return relationship("Client", foreign_keys=[cls.client_id])

    @property
    def history_client_id(self) -> None:
        """None: the row is everybody's, and so is its history."""
        return None


class ClientRecord(ClientOwned, Record):
    """A record of one client."""

    __abstract__ = True


class OptionalClientRecord(OptionalClientOwned, Record):
    """A record that may stand without a client; then its creator and its assignees see it."""

    __abstract__ = True

    @classmethod
    def assigned_to(cls, user_id: Any) -> ColumnElement[bool]:
        """The rows whose assignee is user_id, even at a client that this user may not see."""
        return false()

    @classmethod
    def personal(cls, user_id: Any) -> ColumnElement[bool]:
        own = and_(cls.client_id.is_(None), cls.created_by_id == user_id)
        return or_(own, cls.assigned_to(user_id))


class SharedRecord(OptionalClientRecord):
    """A record that may belong to further clients beside its own: whoever sees one of them sees it.

    The further ones are named by the rows of its relationship `other_client_links`, each with a client_id. The links
    themselves are not narrowed, so that no write by somebody who sees only some of them loses the others; pages
    show the clients that they lead to, which are.
    """

    __abstract__ = True

    @classmethod
    def link_table(cls) -> tuple[Table, str]:
        """(the table of the links, its column that names the record)."""
        relation = inspect(cls).mapper.relationships[CLIENT_LINKS]
        return relation.mapper.local_table, next(iter(relation.remote_side)).key

    @classmethod
    def elsewhere(cls, seen: Callable[[Any], ColumnElement[bool]]) -> ColumnElement[bool]:
        table, owner = cls.link_table()
        link = table.alias()
        return exists().where(link.c[owner] == cls.id, seen(link.c.client_id))


def clients_of(item: Any) -> list[int]:
    """The ids of a record's clients: one, none, both sides of a relationship, or all of a shared record's."""
    ids = [getattr(item, "client_id", None), getattr(item, "other_id", None)]
    if isinstance(item, SharedRecord):
        ids += [link.client_id for link in getattr(item, CLIENT_LINKS)]
    return list(dict.fromkeys(number for number in ids if number is not None))
