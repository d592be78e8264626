"""How many clients the sync would send, without a sync."""

from dataclasses import dataclass

from sqlalchemy import and_, case, func, select

from crm.extensions import db
from crm.integrations.mailchimp.eligible import INVALID_EMAIL
from crm.integrations.mailchimp.reasons import ARCHIVED_THERE, SAME_ADDRESS, SHARED_OPT_OUT, TRANSACTIONAL
from crm.models import Client, MailchimpWanted
from crm.models.mailchimp import CLEANED, CRM_OPTOUT, FORGOTTEN, INVALID, OPTED_OUT

#: What only a sync finds out: addresses that stay out whatever their client says.
FOUND_OUT = (
    INVALID_EMAIL, SHARED_OPT_OUT, SAME_ADDRESS, ARCHIVED_THERE, TRANSACTIONAL,
    OPTED_OUT, CLEANED, FORGOTTEN, CRM_OPTOUT, INVALID,
)  # fmt: skip


@dataclass(frozen=True)
class Fitting:
    """agreed: clients in use with an e-mail and consent. held_back: of these, whom the last sync left out."""

    clients: int
    agreed: int
    held_back: int


def count_fitting() -> Fitting:
    """As far as the viewer sees the clients."""
    agreed = and_(Client.consent.is_(True), Client.email.is_not(None), Client.email != "")
    left_out = select(MailchimpWanted.client_id).where(MailchimpWanted.reason.in_(FOUND_OUT))
    numbers = [func.count(case((condition, 1))) for condition in (agreed, agreed & Client.id.in_(left_out))]
    in_use = select(func.count(Client.id), *numbers).where(Client.archived_at.is_(None))
    clients, fitting, held_back = db.session.execute(in_use).one()
    return Fitting(clients, fitting, held_back)
