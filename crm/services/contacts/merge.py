"""Two contacts of a client made one: everything that names the source names the target, and the source goes."""

from collections.abc import Mapping

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session, scoped_session
from werkzeug.exceptions import NotFound

from crm.errors import RuleError, StateConflict
from crm.extensions import db
from crm.models import Contact, ContactExternalId
from crm.models.types import utc_now
from crm.registry import registry
from crm.services.contacts import primary as contacts
from crm.services.contacts.telling import tell, told_name
from crm.services.history import log as history
from crm.services.history.bulk import update_rows
from crm.services.locking import hold_rows, patiently
from crm.services.merging.attributes import attribute_choices, settle_attributes
from crm.services.merging.fields import check_choices, combine_contacts
from crm.services.merging.moving_rows import RowMoves, references_to
from crm.services.timeline.following import rewrite_entries

table = Contact.__table__
external_ids = ContactExternalId.__table__


def merge_contacts(source_id: int, target_id: int, choices: Mapping[str, str] | None = None) -> int:
    """Make two contacts of one client one; gives the number of the operation. The caller commits.

    choices: where both have a value, `source` or `target` by the name of the field (`phone`, `address`,
    `attr.<key>`); the target's is kept otherwise, its blanks are filled from the source in any case.
    Raises NotFound for a contact that the viewer does not see, StateConflict for one that is gone meanwhile,
    RuleError for contacts of two clients, or a choice that makes no sense. Nothing is changed then.
    """
    if source_id == target_id:
        raise RuleError(_("Choose two different contacts."), field="target_id")
    found = {number: db.session.get(Contact, number) for number in (source_id, target_id)}
    if None in found.values():
        raise NotFound(_("There is no such contact."))
    client_ids = {contact.client_id for contact in found.values() if contact}
    if len(client_ids) > 1:
        raise RuleError(
            _("The two are at different clients. Move one to the other first."), field="target_id"
        )
    choices, client_id = dict(choices or {}), client_ids.pop()
    check_choices(choices, attribute_choices("contact"), Contact)
    session = db.session

    def work() -> int:
        pair = {"source_contact": source_id, "target_contact": target_id}
        with history.operation("contact_merge", client_id=client_id, **pair):
            return _merge(session, source_id, target_id, choices)

    return patiently(session, work)


def _merge(session: scoped_session[Session], source_id: int, target_id: int, choices: dict[str, str]) -> int:
    columns = references_to(table)
    for column in columns:
        hold_rows(session.connection(), column.table, column == source_id)
    asked = select(Contact).where(Contact.id.in_((source_id, target_id)))
    contacts.hold(session(), set(session.scalars(asked.with_only_columns(Contact.client_id))))
    session.expire_all()
    held = asked.order_by(Contact.id).with_for_update(of=Contact).execution_options(populate_existing=True)
    by_id = {contact.id: contact for contact in session.scalars(held)}
    if len(by_id) < 2 or len({contact.client_id for contact in by_id.values()}) > 1:
        raise StateConflict(_("One of the two was moved or deleted meanwhile."))
    source, target = by_id[source_id], by_id[target_id]
    moves = RowMoves(session(), source_id, target_id)
    _external_ids(moves)
    settle_attributes(moves, "contact", choices)
    for column in columns:
        moves.move(column)
    session.expire_all()
    if source.is_primary:
        contacts.make_primary(target)
    combine_contacts(source, target, choices)
    # its tags and the like stand in rows of their own: so that whoever knows another version is told
    target.changed_at = utc_now()
    session.flush()
    client_id, name = target.client_id, told_name(target)
    session.expunge(source)
    moves.drop(table, table.c.id == source_id)
    number = history.operation_id(session())
    rewrite_entries(session(), registry().by_model[Contact], [target_id], number)
    tell(session(), number, "contact_merge", {client_id: name})
    history.add_details(session(), moved=moves.moved)
    session.expire_all()
    return number


def _external_ids(moves: RowMoves) -> None:
    """The target keeps its own ID per app code; the source's goes on leading here as an alias."""
    own = select(external_ids.c.app_code).where(
        external_ids.c.contact_id == moves.target, ~external_ids.c.alias
    )
    theirs = (external_ids.c.contact_id == moves.source) & external_ids.c.app_code.in_(own)
    update_rows(moves.session, external_ids, theirs, {"alias": True})
