"""How long tickets took: until the client was first answered, and until nothing was left to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.models.ticket import Ticket, TicketComment

MOMENT: dict[str, Any] = {"type": "string", "format": "date-time", "nullable": True}


@dataclass(frozen=True)
class Reached:
    """When a ticket came so far, and how long that took."""

    at: datetime
    after: timedelta
    kind: ClassVar[str] = "reached"

    def as_json(self) -> str:
        return self.at.isoformat()


def first_answers(session: Session, tickets: Sequence[Ticket]) -> dict[int, Reached]:
    """When each was first answered, in one statement; those that were not are left out."""
    asked = (
        select(TicketComment.ticket_id, func.min(TicketComment.created_at))
        .where(
            TicketComment.ticket_id.in_([ticket.id for ticket in tickets]),
            TicketComment.public,
            TicketComment.created_by_id.is_not(None),
        )
        .group_by(TicketComment.ticket_id)
    )
    began = {ticket.id: ticket.created_at for ticket in tickets}
    found = session.execute(asked)
    return {number: Reached(at, at - began[number]) for number, at in found}


def solutions(session: Session, tickets: Sequence[Ticket]) -> dict[int, Reached]:
    """When each was solved or closed."""
    done = ((ticket, ticket.solved_at) for ticket in tickets)
    return {ticket.id: Reached(at, at - ticket.created_at) for ticket, at in done if at is not None}
