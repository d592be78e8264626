"""What webhooks are to be told: noted in the transaction that does it, so that it is neither lost nor made up."""

from sqlalchemy import exists, insert, literal, select
from sqlalchemy.orm import Session

from crm.models import Webhook, WebhookOutbox
from crm.services.waking import wake_after

#: The background work that tells them.
JOB = "webhooks"
outbox = WebhookOutbox.__table__


def note(session: Session, operation: int, after_step: int = 0) -> None:
    """Some transaction begins to write these steps of an operation; without a webhook nothing is noted."""
    is_any = exists().where(Webhook.__table__.c.active)
    row = select(literal(operation), literal(after_step)).where(is_any)
    adding = insert(outbox).from_select(["operation_id", "after_step"], row)
    done = session.connection().execute(adding, execution_options={"preserve_rowcount": True})
    if done.rowcount:
        wake_after(session, JOB)
