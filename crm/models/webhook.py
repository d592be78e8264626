"""Webhooks: who is told of changes, which operations wait to be told of, and what became of each delivery."""

from collections.abc import Iterable
from datetime import datetime

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import Connection, ForeignKey, Index, String, select, text, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.models.base import Base
from crm.models.history import Change
from crm.models.types import Json, UtcDateTime, utc_now

#: What happened to a record, as the events of a webhook name it.
CREATE, UPDATE, DELETE = ACTIONS = ("create", "update", "delete")
#: Of a delivery that tells of no record: the test that a person sends.
PING = "ping"
WAITING, SENT, FAILED = "waiting", "sent", "failed"
#: Never sent: the record is gone again, or the webhook's user does not see it.
SKIPPED = "skipped"
#: Why a webhook is off: somebody wanted it, nothing got through for days, the receiver said that it is gone, or
#: its user may not sign in, or its secret cannot be read any more.
BY_HAND, FAILING, GONE, NO_USER, NO_SECRET = "hand", "failing", "gone", "user", "secret"


class Webhook(Base):
    """An address that is told of changes. events: `client.create` and the like. user: with whose eyes it sees.

    failing_since: the first of the failures after which nothing got through. retry_at: until then nothing is sent.
    Its secret is a `SecretSetting`.
    """

    __tablename__ = "webhook"
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    url: Mapped[str] = mapped_column(String(1000))
    events: Mapped[list[str]] = mapped_column(Json)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    active: Mapped[bool] = mapped_column(default=True)
    off_because: Mapped[str] = mapped_column(String(10), default="")
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    retry_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)

    user: Mapped[User | None] = relationship(User)

    def __str__(self) -> str:
        return self.name


class WebhookOutbox(Base):
    """An operation that no webhook has been told of yet: its steps after `after_step`, as far as one transaction
    wrote them. Written together with the operation, so that neither is there without the other."""

    __tablename__ = "webhook_outbox"
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    operation_id: Mapped[int] = mapped_column(ForeignKey("operation.id", ondelete="CASCADE"), index=True)
    after_step: Mapped[int]


class WebhookDelivery(Base):
    """What one operation did to one record, told to one webhook. Holds no body: it is made when it is sent.

    answer: the beginning of what came back. error: why nothing did.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("ix_webhook_delivery_webhook_id_id", "webhook_id", "id"),
        Index("ix_webhook_delivery_created_at", "created_at"),
        Index("ix_webhook_delivery_due", "webhook_id", "attempts", "id",
              sqlite_where=text("state = 'waiting'"), postgresql_where=text("state = 'waiting'")),
        Index("ix_webhook_delivery_record", "webhook_id", "record", "row_id", "id",
              sqlite_where=text("state = 'waiting'"), postgresql_where=text("state = 'waiting'")),
    )  # fmt: skip
    __history__ = False

    id: Mapped[int] = mapped_column(primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"))
    operation_id: Mapped[int | None] = mapped_column(
        ForeignKey("operation.id", ondelete="CASCADE"), index=True
    )
    record: Mapped[str] = mapped_column(String(60), default="")
    row_id: Mapped[int] = mapped_column(default=0)
    action: Mapped[str] = mapped_column(String(6))
    state: Mapped[str] = mapped_column(String(8), default=WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    status: Mapped[int | None]
    milliseconds: Mapped[int | None]
    answer: Mapped[str] = mapped_column(String(500), default="")
    error: Mapped[str] = mapped_column(String(300), default="")

    @classmethod
    def before_purge(cls, connection: Connection, client_ids: Iterable[int]) -> None:
        """What receivers answered may repeat what they were told: of these clients it goes too."""
        told = select(Change.operation_id).where(Change.client_id.in_(client_ids))
        connection.execute(update(cls.__table__).where(cls.operation_id.in_(told)).values(answer=""))

    @property
    def event(self) -> str:
        """As the receiver is told: `client.create`."""
        return f"{self.record}.{self.action}" if self.record else self.action
