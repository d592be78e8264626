"""Saying that clients are not the same, and taking it back. The callers commit."""

from collections.abc import Iterable

from flask_babel import gettext as _
from sqlalchemy import and_, or_, select
from werkzeug.exceptions import NotFound

from crm.extensions import db
from crm.models import NotDuplicate
from crm.security.viewer import actor_id
from crm.security.visibility import visible_client_ids
from crm.services.duplicates.refreshing import read_facts, refresh, shared_keys
from crm.services.history.log import operation


def dismiss(client_id: int, others: Iterable[int]) -> int:
    """Remember that a client is none of the others; gives how many pairs are new. Raises NotFound for one not seen.

    It holds until two of them get a tax ID, REGON, PESEL, e-mail or phone in common that they had not.
    """
    session, ids = db.session(), {client_id, *others}
    if len(visible_client_ids(ids)) < len(ids):
        raise NotFound(_("There is no such client."))
    facts = read_facts(session, ids)
    number = 0
    with operation("not_duplicate", client_id=client_id):
        for other_id in sorted(ids - {client_id}):
            shared = sorted(shared_keys(facts[client_id], facts[other_id]))
            said = _said(client_id, other_id)
            if said is None:
                said = NotDuplicate(client_id=min(client_id, other_id), other_id=max(client_id, other_id))
                session.add(said)
                number += 1
            said.shared, said.said_by_id = shared, actor_id()
        session.flush()
    refresh(session, ids)
    return number


def take_back(said: NotDuplicate) -> None:
    """Let two clients be likely the same again."""
    session, ids = db.session(), {said.client_id, said.other_id}
    with operation("duplicate_again", client_id=said.client_id):
        session.delete(said)
        session.flush()
    refresh(session, ids)


def _said(one: int, other: int) -> NotDuplicate | None:
    either = or_(
        and_(NotDuplicate.client_id == one, NotDuplicate.other_id == other),
        and_(NotDuplicate.client_id == other, NotDuplicate.other_id == one),
    )
    return db.session.scalars(select(NotDuplicate).where(either)).first()
