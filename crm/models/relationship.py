from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship

from crm.errors import RuleError
from crm.models.base import BetweenClients, Record
from crm.models.client import Client
from crm.models.relations import changes, id_after


class RelationshipType(Record):
    """How two clients can be related, with the words for each side."""

    __tablename__ = "relationship_type"

    label: Mapped[str] = mapped_column(String(60), unique=True)
    inverse_label: Mapped[str] = mapped_column(String(60))

    def __str__(self) -> str:
        return self.label if self.label == self.inverse_label else f"{self.label} / {self.inverse_label}"


#: (label, inverse label): what a first start creates, in the language set.
DEFAULT_RELATIONSHIP_TYPES = (
    (_l("Partner"), _l("Partner")),
    (_l("Referral"), _l("Referred by")),
    (_l("Parent company"), _l("Subsidiary")),
)


class Relationship(BetweenClients, Record):
    """A typed link from one client to another, shown on both."""

    __tablename__ = "relationship"
    __table_args__ = (
        UniqueConstraint("client_id", "other_id", "type_id"),
        CheckConstraint("client_id <> other_id", name="not_itself"),
    )

    type_id: Mapped[int] = mapped_column(ForeignKey("relationship_type.id"), index=True)
    notes: Mapped[str | None] = mapped_column(Text)

    type: Mapped[RelationshipType] = relationship(lazy="joined")

    def before_save(self, session: Session) -> None:
        client_id = self.client.id if self.client else self.client_id
        other_id = self.other.id if self.other else self.other_id
        if client_id is not None and client_id == other_id:
            raise RuleError(_("A client cannot be related to itself."), field="other")
        if changes(self, "client", "other", "type"):
            self._refuse_mirrored(session)

    def _refuse_mirrored(self, session: Session) -> None:
        """Of a type that reads the same from both sides, the link the other way round is the same one."""
        kind = session.get(RelationshipType, id_after(self, "type") or 0)
        if kind is None or kind.label != kind.inverse_label:
            return
        table = Relationship.__table__
        same = select(table.c.id).where(
            table.c.client_id == id_after(self, "other"), table.c.other_id == id_after(self, "client"),
            table.c.type_id == kind.id, table.c.id != (self.id or 0),
        )  # fmt: skip
        if session.connection().scalar(same.limit(1)) is not None:
            raise RuleError(_("There is one with these values already."), field="other")

    def label_for(self, client_id: int) -> str:
        """What the other client is to the client with this id."""
        return self.type.label if client_id == self.client_id else self.type.inverse_label

    def other_of(self, client_id: int):
        """The client on the far side, as seen from the client with this id."""
        return self.other if client_id == self.client_id else self.client

    def told_to(self, client_id: int) -> str:
        """Partner: Acme. Looked up by id, since a new row has not loaded what its ids point at."""
        session, here = object_session(self), client_id == self.client_id
        kind = self.type or session.get(RelationshipType, self.type_id)
        other = self.other_of(client_id) or session.get(Client, self.other_id if here else self.client_id)
        return f"{kind.label if here else kind.inverse_label}: {other}"

    def __str__(self) -> str:
        return f"{self.client} – {self.type.label} – {self.other}"
