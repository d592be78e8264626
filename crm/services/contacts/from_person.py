"""A person who was a client of their own made a contact of a company; the records go to the company.

The client that the person was leads to the company, and keeps what only a client has: to be there again when
it is taken back, or the contact becomes a client again.
"""

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import false
from sqlalchemy.orm import Session

from crm.errors import RuleError
from crm.extensions import db
from crm.models import AttributeValue, Client, ClientExternalId, Contact, ContactExternalId
from crm.models.client import ADDRESS_PARTS
from crm.registry import registry
from crm.security.viewer import forget_viewers
from crm.services.attributes.values import carry
from crm.services.contacts.telling import tell, told_name
from crm.services.external_ids import is_taken
from crm.services.history import log as history
from crm.services.locking import patiently
from crm.services.merging.merge import check_visible, hold_both, keep_latest_activity, lead_to
from crm.services.merging.moves import Move
from crm.services.timeline.following import rewrite_entries

#: Tables whose rows stay with the client that the person was, as its tags and its place in Mailchimp do.
OWN = (
    "client_tag",
    "client_assignee",
    "client_photo",
    "mailchimp_member",
    "peppol_status",
    "vat_status",
    "vat_proof",
)
external_ids = ClientExternalId.__table__


def become_contact(person_id: int, company_id: int) -> tuple[int, int]:
    """Make a person a contact of a company; gives the numbers of the contact and of the operation.

    The caller commits. Raises NotFound, StateConflict or RuleError where that cannot be; nothing is changed then.
    """
    if person_id == company_id:
        raise RuleError(_("Choose two different clients."), field="company")
    check_visible(person_id, company_id)
    session = db.session

    def work() -> tuple[int, int]:
        ids = {"source_id": person_id, "target_id": company_id}
        with history.operation("to_contact", client_id=company_id, **ids):
            return _become(session(), person_id, company_id)

    numbers = patiently(session, work)
    forget_viewers()
    return numbers


def _become(session: Session, person_id: int, company_id: int) -> tuple[int, int]:
    person, company = hold_both(session, person_id, company_id)
    if person.kind != "person":
        raise RuleError(_("Only a person can become a contact."), field="person")
    if company.kind != "company":
        raise RuleError(_("Choose a company."), field="company")
    had_activity, differ = company.last_activity_at, person.sensitive != company.sensitive
    company.sensitive = company.sensitive or person.sensitive
    session.flush()
    contact = contact_of(person, company)
    session.add(contact)
    session.flush()
    carry(person, contact)
    session.flush()
    contact_id, name = contact.id, told_name(contact)
    move = Move(session, person_id, company_id)
    move.drop(external_ids, external_ids.c.client_id == person_id)
    values = AttributeValue.__table__
    stays = {table: false() for table in OWN} | {values.name: values.c.contact_id.is_not(None)}
    move.rows(stays)
    session.expire_all()
    number = lead_to(person, company, "to_contact", differ)
    rewrite_entries(session, registry().by_model[Client], [person_id], number)
    tell(session, number, "to_contact", {company_id: name})
    keep_latest_activity(session, person, company)
    before: Any = had_activity.isoformat() if had_activity else None
    history.add_details(session, moved=move.moved, last_activity_before=before, contact_id=contact_id)
    session.expire_all()
    return contact_id, number


def contact_of(person: Client, company: Client) -> Contact:
    """What a person will be as a contact, with tags and external IDs; attributes come when it is there."""
    first, last = person.first_name, person.last_name
    if not first and not last:
        first, _space, last = person.name.rpartition(" ")
    numbers = list(dict.fromkeys(filter(None, (person.phone, person.mobile, person.phone2))))
    mobile = person.mobile or person.phone2
    left_over = [number for number in numbers if number not in (person.phone, mobile)]
    texts = (person.description, person.notes, ", ".join(left_over))
    contact = Contact(
        client=company, first_name=first or None, last_name=last or None, position=person.position,
        email=person.email, phone=person.phone, mobile=mobile, website=person.website,
        description="\n\n".join(filter(None, texts)) or None,
        **{part: getattr(person, f"billing_{part}") for part in ADDRESS_PARTS},
    )  # fmt: skip
    contact.tags = person.tags
    for one in person.external_ids:
        if not is_taken(ContactExternalId, one.app_code, one.external_id):
            contact.external_ids.append(
                ContactExternalId(app_code=one.app_code, external_id=one.external_id, alias=one.alias)
            )
    return contact
