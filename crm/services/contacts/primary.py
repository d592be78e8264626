"""Exactly one contact of a client is primary while there is any, whatever adds, moves or deletes contacts.

Whoever changes which contacts a client has holds the client's row first, so that two at once wait for each
other. A contact that comes to a client becomes primary where none is; where the primary one left, the
oldest that remains follows it, in a flush of its own, for at no moment may there be two.
"""

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import event, inspect, select
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session

from crm.errors import RuleError, StateConflict
from crm.extensions import db
from crm.models import Client, Contact
from crm.models.base import changes_of
from crm.security.masking import may_see_sensitive
from crm.security.visibility import including_hidden
from crm.services.clients.parts import lock
from crm.services.history.log import operation

LEFT = "clients_that_contacts_left"


def hold(session: Session, client_ids: Iterable[int]) -> None:
    """Hold these clients, lowest id first, until the transaction ends."""
    asked = select(Client.id).where(Client.id.in_(sorted(client_ids))).order_by(Client.id)
    session.execute(asked.with_for_update(key_share=True)).all()


def _client_left(contact: Contact) -> int | None:
    """The client that a contact is about to leave; None where it stays."""
    history = changes_of(contact, "client_id")
    before = (history.deleted or history.unchanged or (None,))[0]
    return before if before != _client_of(contact) else None


def _client_of(contact: Contact) -> Any:
    """What tells the client of a contact: its id, or itself while it is new."""
    added = changes_of(contact, "client").added
    client = added[0] if added else None
    if client is not None:
        return client.id if inspect(client).persistent else client
    return contact.client_id


@event.listens_for(Session, "before_flush")
def _choose(session: Session, *_args: Any) -> None:
    """Decide of each contact that comes to a client whether it is primary, and note the clients left."""
    coming = [c for c in session.new if isinstance(c, Contact)]
    moving = [c for c in session.dirty if isinstance(c, Contact) and _client_left(c) is not None]
    going = [c for c in session.deleted if isinstance(c, Contact)]
    if not (coming or moving or going):
        return
    left = {_client_left(c) for c in moving if c.is_primary} | {c.client_id for c in going if c.is_primary}
    reached = {_client_of(c) for c in (*coming, *moving)}
    for contact in moving:
        _check_move(session, contact)
    with including_hidden():
        hold(session, {i for i in reached | left if isinstance(i, int)})
        for contact in (*coming, *moving):
            contact.is_primary = False
        for contact in (*coming, *moving):
            contact.is_primary = not _has_primary(session, _client_of(contact))
    session.info.setdefault(LEFT, set()).update(left)


def _check_move(session: Session, contact: Contact) -> None:
    """Refuse to take a contact from a sensitive client to one where its masked data would be shown."""
    if may_see_sensitive():
        return
    before, after = _client_left(contact), _client_of(contact)
    clients = Client.__table__
    ids = {i for i in (before, after) if isinstance(i, int)}
    asked = select(clients.c.id).where(clients.c.id.in_(ids), clients.c.sensitive)
    sensitive = set(session.connection().scalars(asked))
    if before in sensitive and after not in sensitive:
        message = _("The data of this contact is hidden; the other client would show it.")
        raise RuleError(message, field="client")


def _has_primary(session: Session, client: Any) -> bool:
    """Whether a client has a primary contact, in the database or about to be written."""
    known = {c for c in (*session.new, *session.dirty) if isinstance(c, Contact)}
    if isinstance(client, int):
        known |= set(session.scalars(select(Contact).where(Contact.client_id == client, Contact.is_primary)))
    return any(c.is_primary and c not in session.deleted and _client_of(c) == client for c in known)


@event.listens_for(Session, "after_flush_postexec")
def _promote(session: Session, *_args: Any) -> None:
    """Where the primary contact has left, make the oldest of those that remain primary."""
    left = session.info.pop(LEFT, None) or ()
    for client_id in sorted(left):
        with including_hidden():
            asked = select(Contact).where(Contact.client_id == client_id)
            first = session.scalar(asked.order_by(Contact.is_primary.desc(), Contact.id).limit(1))
        if first is not None and not first.is_primary:
            first.is_primary = True


def make_primary(contact: Contact) -> None:
    """Make a contact the primary one of its client instead of the present one. The caller commits."""
    hold(db.session(), [contact.client_id])
    _look_again(contact)
    asked = select(Contact).where(
        Contact.client_id == contact.client_id, Contact.is_primary, Contact.id != contact.id
    )
    for other in db.session.scalars(asked.execution_options(populate_existing=True)):
        other.is_primary = False
    db.session.flush()
    contact.is_primary = True
    db.session.flush()


def move_contact(contact: Contact, client_id: int) -> None:
    """Let a contact go to another client, with all that belongs to it. The caller commits.

    Raises RuleError where the viewer does not see the client, or the contact is there already.
    """
    client = db.session.get(Client, client_id)
    if client is None:
        raise RuleError(_("There is no such client."), field="client")
    hold(db.session(), [contact.client_id, client_id])
    _look_again(contact)
    if contact.client_id == client_id:
        raise RuleError(_("The contact is at this client already."), field="client")
    with operation("contact_move", client_id=client_id):
        contact.client = client
        db.session.flush()


def delete_contact(contact: Contact) -> None:
    """Delete a contact; another one becomes primary where it was. The caller commits."""
    hold(db.session(), [contact.client_id])
    _look_again(contact)
    db.session.delete(contact)
    db.session.flush()


def _look_again(contact: Contact) -> None:
    try:
        lock(contact)
    except InvalidRequestError:
        raise StateConflict(_("Somebody has just deleted this contact.")) from None
